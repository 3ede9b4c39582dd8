"""Runs one verification from link to final record over HTTP. Prints each step, but no token, code or key."""

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
# How many times the status is polled, with a second in between.
POLLS = 10
# Seconds to wait for the last webhook.
WEBHOOK_TIMEOUT = 20


def demonstrate(parameters: Mapping[str, str], out: TextIO) -> bool:
    """Runs the demo, and returns whether the verification ends as verified. If not, prints the functions' logs.

    Raises:
        ValueError: EKYC_API_URL names a real vendor, whose page needs a real person.
    """
    if os.environ.get("EKYC_API_URL"):
        raise ValueError(
            "EKYC_API_URL names a real vendor, and the demo needs the fake vendor: unset it, or use `make run`"
        )
    variables.check()
    started = time.monotonic()
    print("Starting the bridge, an embedded AWS and a fake vendor …", file=out, flush=True)
    sys.stdout = logs = io.StringIO()
    try:
        with Sandbox(parameters=parameters, webhooks=Webhooks()) as sandbox:
            print(
                f"Ready in {time.monotonic() - started:.1f} s. The API is at {sandbox.api_url}\n", file=out, flush=True
            )
            verified = _Demo(sandbox, out).run()
    finally:
        sys.stdout = sys.stderr
    if not verified:
        print(logs.getvalue(), file=sys.stderr)
    seconds = time.monotonic() - started
    result = "verified" if verified else "NOT verified; the logs are above"
    print(f"\nThe demo ended after {seconds:.1f} s: {result}", file=out, flush=True)
    return verified


class _Demo:
    """The steps of the demo, each of which prints what it does."""

    def __init__(self, sandbox: Sandbox, out: TextIO) -> None:
        self._frontend = sandbox.frontend
        self._api = sandbox.api_url
        self._key = {"Authorization": f"Bearer {sandbox.api_key}"}
        self._names = {sandbox.api_url: "", sandbox.ekyc_api_url: "vendor ", self._frontend.url: "frontend "}
        self._redirect_url = f"{self._frontend.url}/done"
        self._out = out

    def run(self) -> bool:
        """Returns whether the last responses say verified, and the webhook arrives."""
        body = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD", "redirect_url": self._redirect_url}
        created = self._step(
            "The frontend creates a verification", "POST", "/verifications", "id status expires_at", body
        )
        own = f"/verifications/{created['id']}"
        self._step("The frontend reads the verification", "GET", own, "status sequence")
        self._person(created["url"])
        for _ in range(POLLS):
            polled = self._step("The frontend polls the status", "GET", created["status_url"], "status reason")
            if polled["status"] not in ("pending", "processing"):
                break
            time.sleep(1)
        read = self._step(
            "The frontend reads the result", "GET", f"{own}?expand=result", "status sequence updated_at result"
        )
        refreshed = self._step("The frontend refreshes the verification", "POST", f"{own}/refresh", "status")
        return {read["status"], refreshed["status"]} == {"verified"} and self._webhook()

    def _webhook(self) -> bool:
        """Waits for the webhook of the last status. The frontend keeps only webhooks with a valid signature."""
        self._print("The bridge sends a webhook to the frontend, which verifies the signature")
        ends_at = time.monotonic() + WEBHOOK_TIMEOUT
        while time.monotonic() < ends_at:
            for event in list(self._frontend.received):
                if event["type"] == "verification.verified":
                    shown = {"type": event["type"], "sequence": event["data"]["sequence"], "signature": "verified"}
                    self._line("POST", self._frontend.url + HOOK, 204, shown)
                    return True
            time.sleep(0.05)
        self._print(f"  No webhook arrived within {WEBHOOK_TIMEOUT} s")
        return False

    def _person(self, url: str) -> None:
        """The person opens the link and passes. Their browser follows the redirects to the frontend."""
        page = requests.get(url, params={"outcome": "verified"}, timeout=TIMEOUT)
        self._print("The person passes on the vendor's page, and is redirected to the bridge and then to the frontend")
        for hop in (*page.history, page):
            query = parse_qs(urlsplit(hop.url).query)
            shown: dict[str, Any] = {name: query[name][0] for name in ["verification_id", "status"] if name in query}
            self._line("GET", hop.url, hop.status_code, shown)

    def _step(
        self, title: str, method: str, target: str, show: str, json: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Sends a request, and prints the members of the response that `show` names. `target` is a path of the API, or
        a public URL, which needs no key."""
        url, headers = (target, {}) if "://" in target else (self._api + target, self._key)
        response = requests.request(method, url, headers=headers, json=json, timeout=TIMEOUT)
        self._print(title)
        body: dict[str, Any] = response.json()
        members = show.split() if response.ok else ["code", "detail", "message"]
        self._line(method, url, response.status_code, {name: body[name] for name in members if name in body})
        response.raise_for_status()
        return body

    def _line(self, method: str, url: str, status: int, fields: Mapping[str, Any]) -> None:
        # The fields of the vendor's record are personal data, so only their names are printed.
        shown = {name: f"{{{', '.join(it)}}}" if isinstance(it, dict) else it for name, it in fields.items()}
        reported = "  ".join(f"{name}={value}" for name, value in shown.items())
        server = next((name for base, name in self._names.items() if url.startswith(base)), "")
        self._print(f"  {method:4} {server}{without_secrets(url)} -> {status}  {reported}")

    def _print(self, line: str) -> None:
        print(line, file=self._out, flush=True)
