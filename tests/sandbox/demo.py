"""One verification from link to final record over HTTP; each step is printed, but no token, code or key."""

import io
import os
import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO
from urllib.parse import parse_qs, urlsplit

import requests
from werkzeug.wrappers import Request, Response

from .sandbox import Sandbox
from .serving import Server

TIMEOUT = 30
# How often the status is polled, a second apart.
POLLS = 10


def demonstrate(parameters: Mapping[str, str], out: TextIO) -> bool:
    """Runs it; True where the verification ended as verified.

    What the functions log is shown only where it did not.

    Raises:
        ValueError: there is a real vendor, whose page needs a real person.
    """
    if os.environ.get("EKYC_API_URL"):
        raise ValueError("EKYC_API_URL names a real vendor, and the demo needs the fake vendor; see `run`")
    started = time.monotonic()
    _say(out, "starting the bridge, an embedded AWS and the vendor …")
    sys.stdout = logs = io.StringIO()
    frontend = Server()
    frontend.start(_page)
    try:
        with Sandbox(parameters=parameters) as sandbox:
            _say(out, f"all up in {time.monotonic() - started:.1f} s: {sandbox.api_url}\n")
            verified = _Demo(sandbox, frontend.url, out).run()
    finally:
        frontend.stop()
        sys.stdout = sys.stderr
    if not verified:
        print(logs.getvalue(), file=sys.stderr)
    _say(out, f"\n{'verified' if verified else 'NOT verified'}, {time.monotonic() - started:.1f} s in all")
    return verified


@Request.application
def _page(request: Request) -> Response:
    """The frontend's page, to which the person comes at the end."""
    return Response("<h1>Thank you</h1>", content_type="text/html")


class _Demo:
    """The steps; each prints what it did."""

    def __init__(self, sandbox: Sandbox, frontend_url: str, out: TextIO) -> None:
        self._api = sandbox.api_url
        self._key = {"Authorization": f"Bearer {sandbox.api_key}"}
        self._frontend = frontend_url
        self._vendor = sandbox.ekyc_api_url
        self._out = out

    def run(self) -> bool:
        """True where the last response says verified."""
        created = self._create()
        own = f"/verifications/{created['id']}"
        self._step("the frontend reads it", "GET", own, show=("status", "sequence"))
        self._person(created["url"])
        self._poll(created)
        read = self._step(
            "the final record",
            "GET",
            f"{own}?expand=result",
            show=("status", "sequence", "updated_at", "result"),
        )
        refreshed = self._step("a refresh finds nothing new", "POST", f"{own}/refresh", show=("status",))
        return {read["status"], refreshed["status"]} == {"verified"}

    def _create(self) -> dict[str, Any]:
        wanted = {
            "type": "00",
            "id_country": "MYS",
            "id_type": "ID_CARD",
            "redirect_url": f"{self._frontend}/welcome",
            "reference": "customer-1",
        }
        show = ("id", "status", "reference", "expires_at")
        return self._step("a frontend asks for a link", "POST", "/verifications", json=wanted, show=show)

    def _person(self, url: str) -> None:
        """The person opens the link and passes; their browser follows the redirects to the frontend."""
        page = requests.get(url, params={"outcome": "verified"}, timeout=TIMEOUT)
        _say(self._out, "the person passes on the vendor's page, returns to the bridge, and is sent on to the frontend")
        for hop in (*page.history, page):
            self._line("GET", hop.url, hop.status_code, _arrival(hop.url))

    def _poll(self, created: dict[str, Any]) -> None:
        path = urlsplit(created["status_url"]).path
        for _ in range(POLLS):
            polled = self._step("the frontend's page polls", "GET", path, show=("status", "reason"))
            if polled["status"] not in ("pending", "processing"):
                return
            time.sleep(1)

    def _step(
        self, title: str, method: str, path: str, *, show: tuple[str, ...], json: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        headers = {} if path.startswith("/status/") else self._key
        response = requests.request(method, self._api + path, headers=headers, json=json, timeout=TIMEOUT)
        _say(self._out, title)
        body: dict[str, Any] = response.json()
        interesting = show if response.ok else ("code", "detail", "message")
        fields = {name: _brief(body[name]) for name in interesting if name in body}
        self._line(method, self._api + path, response.status_code, fields)
        response.raise_for_status()
        return body

    def _line(self, method: str, url: str, status: int, fields: Mapping[str, Any]) -> None:
        reported = "  ".join(f"{name}={value}" for name, value in fields.items())
        _say(self._out, f"  {method:4} {self._who(url)}{_without_secrets(url)} -> {status}  {reported}")

    def _who(self, url: str) -> str:
        names = {self._api: "", self._vendor: "vendor ", self._frontend: "frontend "}
        return next((name for base, name in names.items() if url.startswith(base)), "")


def _without_secrets(url: str) -> str:
    """The path, a code in it left out, and the query only where it holds no token."""
    parts = urlsplit(url)
    segments = parts.path.split("/")
    if segments[1] in ("return", "status"):
        segments[3:] = ["…"]
    shown = f"?{parts.query}" if parts.query.startswith("expand=") else ""
    return "/".join(segments) + shown


def _arrival(url: str) -> dict[str, str]:
    """What the frontend gets in its URL when the person arrives."""
    query = parse_qs(urlsplit(url).query)
    return {name: query[name][0] for name in ("verification_id", "status") if name in query}


def _brief(value: Any) -> Any:
    """A record's fields are personal data, so only their names are shown."""
    return f"{{{', '.join(value)}}}" if isinstance(value, dict) else value


def _say(out: TextIO, line: str) -> None:
    print(line, file=out, flush=True)
