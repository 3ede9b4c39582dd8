"""One verification from link to final record over HTTP; each step is printed, but no token, code or key."""

import io
import os
import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO
from urllib.parse import parse_qs, urlsplit

import requests

from . import variables
from .frontend import HOOK
from .request_lines import without_secrets
from .sandbox import Sandbox
from .webhooks import Webhooks

TIMEOUT = 30
# How often the status is polled, a second apart.
POLLS = 10
# Seconds that the last webhook may take.
WEBHOOK_TIMEOUT = 20


def demonstrate(parameters: Mapping[str, str], out: TextIO) -> bool:
    """Runs it; True where the verification ended as verified. Only where it did not are the functions' logs shown.

    Raises:
        ValueError: there is a real vendor, whose page needs a real person.
    """
    if os.environ.get("EKYC_API_URL"):
        raise ValueError("EKYC_API_URL names a real vendor, and the demo needs the fake vendor: unset it, or use `run`")
    variables.check()
    started = time.monotonic()
    print("starting the bridge, an embedded AWS and the vendor …", file=out, flush=True)
    sys.stdout = logs = io.StringIO()
    try:
        with Sandbox(parameters=parameters, webhooks=Webhooks()) as sandbox:
            print(f"all up in {time.monotonic() - started:.1f} s: {sandbox.api_url}\n", file=out, flush=True)
            verified = _Demo(sandbox, out).run()
    finally:
        sys.stdout = sys.stderr
    if not verified:
        print(logs.getvalue(), file=sys.stderr)
    seconds = time.monotonic() - started
    print(f"\n{'verified' if verified else 'NOT verified'}, {seconds:.1f} s in all", file=out, flush=True)
    return verified


class _Demo:
    """The steps; each prints what it did."""

    def __init__(self, sandbox: Sandbox, out: TextIO) -> None:
        self._frontend = sandbox.frontend
        self._api = sandbox.api_url
        self._key = {"Authorization": f"Bearer {sandbox.api_key}"}
        self._names = {sandbox.api_url: "", sandbox.ekyc_api_url: "vendor ", self._frontend.url: "frontend "}
        self._redirect_url = f"{self._frontend.url}/done"
        self._out = out

    def run(self) -> bool:
        """True where the last responses say verified."""
        wanted = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD", "redirect_url": self._redirect_url}
        created = self._step("a frontend asks for a link", "POST", "/verifications", "id status expires_at", wanted)
        own = f"/verifications/{created['id']}"
        self._step("the frontend reads it", "GET", own, "status sequence")
        self._person(created["url"])
        for _ in range(POLLS):
            polled = self._step("the frontend's page polls", "GET", created["status_url"], "status reason")
            if polled["status"] not in ("pending", "processing"):
                break
            time.sleep(1)
        read = self._step("the final record", "GET", f"{own}?expand=result", "status sequence updated_at result")
        refreshed = self._step("a refresh finds nothing new", "POST", f"{own}/refresh", "status")
        return {read["status"], refreshed["status"]} == {"verified"} and self._webhook()

    def _webhook(self) -> bool:
        """Whether the webhook of the last status arrives. The frontend counts only what has the right signature."""
        self._say("a webhook arrives at the frontend, which verifies its signature")
        ends_at = time.monotonic() + WEBHOOK_TIMEOUT
        while time.monotonic() < ends_at:
            for event in list(self._frontend.received):
                if event["type"] == "verification.verified":
                    shown = {"type": event["type"], "sequence": event["data"]["sequence"], "signature": "verified"}
                    self._line("POST", self._frontend.url + HOOK, 204, shown)
                    return True
            time.sleep(0.05)
        self._say(f"  none within {WEBHOOK_TIMEOUT} s")
        return False

    def _person(self, url: str) -> None:
        """The person opens the link and passes; their browser follows the redirects to the frontend."""
        page = requests.get(url, params={"outcome": "verified"}, timeout=TIMEOUT)
        self._say("the person passes on the vendor's page, returns to the bridge, and is sent on to the frontend")
        for hop in (*page.history, page):
            query = parse_qs(urlsplit(hop.url).query)
            shown: dict[str, Any] = {name: query[name][0] for name in ["verification_id", "status"] if name in query}
            self._line("GET", hop.url, hop.status_code, shown)

    def _step(
        self, title: str, method: str, target: str, show: str, json: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """`target` is a path, or a public URL, which needs no key; `show` has the members of the response to print."""
        url, headers = (target, {}) if "://" in target else (self._api + target, self._key)
        response = requests.request(method, url, headers=headers, json=json, timeout=TIMEOUT)
        self._say(title)
        body: dict[str, Any] = response.json()
        members = show.split() if response.ok else ["code", "detail", "message"]
        self._line(method, url, response.status_code, {name: body[name] for name in members if name in body})
        response.raise_for_status()
        return body

    def _line(self, method: str, url: str, status: int, fields: Mapping[str, Any]) -> None:
        # A record's fields are personal data, so only their names are shown.
        shown = {name: f"{{{', '.join(it)}}}" if isinstance(it, dict) else it for name, it in fields.items()}
        reported = "  ".join(f"{name}={value}" for name, value in shown.items())
        server = next((name for base, name in self._names.items() if url.startswith(base)), "")
        self._say(f"  {method:4} {server}{without_secrets(url)} -> {status}  {reported}")

    def _say(self, line: str) -> None:
        print(line, file=self._out, flush=True)
