"""An adapter between the bridge's `requests` session and the simulated vendor, and the deadline of an exchange."""

import json
from collections.abc import Iterator
from email.message import Message
from types import SimpleNamespace
from typing import Any

import requests
from requests.adapters import BaseAdapter
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NewConnectionError, ProtocolError

from .external_calls import ExternalCalls
from .kernel import Kernel
from .leaks import MARKER
from .vendor import Vendor

_ERRORS = {
    "http_500": 500,
    "http_503": 503,
    "http_503_wait": 503,
    "http_408": 408,
    "http_429": 429,
    "http_429_wait": 429,
    "http_401": 401,
    "http_400": 400,
    "redirect": 302,
}


class Deadline:
    """Replaces the deadline of bridge.outbound.deadline.within. `at` is in simulated time."""

    def __init__(self, at: float) -> None:
        self.at = at
        self.is_over = False

    def has_passed(self) -> bool:
        return self.is_over


class RawBody:
    """The raw body of a response, as requests reads it. Each response sets a cookie."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        headers = Message()
        headers["Set-Cookie"] = f"session={MARKER}; Path=/"
        # requests reads cookies from here.
        self._original_response = SimpleNamespace(msg=headers)

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        return

    release_conn = close


class VendorAdapter(BaseAdapter):
    def __init__(self, kernel: Kernel, calls: ExternalCalls, vendor: Vendor) -> None:
        super().__init__()
        self._kernel = kernel
        self._calls = calls
        self._vendor = vendor

    def close(self) -> None:
        return

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        connect, read = options["timeout"]
        method = request.method or ""
        token = (request.url or "").rpartition("/")[2] if method == "GET" else ""
        number = self._calls.record_call("vendor", method)
        owner = self._owner()
        about = [token] if token else list(owner.about)
        fault = self._calls.draw_fault("vendor", method, number, 1, about)
        if fault == "crash_before":
            self._kernel.die()
        if fault in ("no_connection", "connect_timeout"):
            self._calls.trace.record(about, f"vendor {method}", f"FAULT {fault}")
            self._refuse(request, fault, connect)
        owner.vendor_tokens.append(token)
        if "Cookie" in request.headers:
            self._vendor.cookies.append(token)
        self._spend(self._calls.latency(0.3) / 2)
        status, headers, body = self._respond(request, method, token, fault, read)
        self._calls.trace.record(about, f"vendor {method}", f"{status}" + (f" FAULT {fault}" if fault else ""))
        if fault == "crash_after":
            self._kernel.die()
        self._after(request, fault, read)
        response = requests.Response()
        response.status_code = status
        response.headers.update(headers)
        response.url, response.request = request.url or "", request
        response.raw = RawBody(self._chunks(body, fault))
        return response

    def _respond(
        self, request: requests.PreparedRequest, method: str, token: str, fault: str | None, read: float
    ) -> tuple[int, dict[str, str], bytes]:
        if fault == "reset_before":
            raise requests.ConnectionError(ProtocolError("reset"), request=request)
        if fault == "stall_before":
            self._stall(request, read)
        if fault == "slow_before":
            self._spend(min(self._calls.rng.uniform(3, 7), read - 0.01))
        if self._vendor.is_over_limit():
            self._calls.record_fault("vendor", "over_limit")
            return 429, {"Retry-After": "20"}, b"Too many requests, please try again later."
        if fault in _ERRORS:
            wait = {"Retry-After": "7"} if fault.endswith("_wait") else {}
            where = {"Location": "https://elsewhere.example/"} if fault == "redirect" else {}
            return _ERRORS[fault], wait | where, b'{"message": "no"}'
        if request.headers.get("client_secret") != self._vendor.secret:
            self._calls.record_fault("vendor", "stale_credentials")
            return 401, {}, b'{"message": "an authentication error"}'
        if method == "POST":
            return 200, {}, self._vendor.create(json.loads(request.body or b"{}"), fault, self._owner())
        link = self._vendor.links.get(token)
        if link is None:
            return 404, {}, b"{}"
        if link.is_broken and fault is None:
            fault = "wrong_kinds"
            self._calls.record_fault("vendor", "broken_link")
        return 200, {}, self._vendor.get(link, fault)

    def _after(self, request: requests.PreparedRequest, fault: str | None, read: float) -> None:
        if fault == "reset_after":
            raise requests.ConnectionError(ProtocolError("reset"), request=request)
        if fault == "stall_after":
            self._stall(request, read)
        if fault == "slow_after":
            self._spend(min(self._calls.rng.uniform(3, 7), read - 0.01))
        self._spend(self._calls.latency(0.3) / 2)

    def _refuse(self, request: requests.PreparedRequest, fault: str, connect: float) -> None:
        if fault == "connect_timeout":
            self._spend(connect)
            raise requests.ConnectTimeout(request=request)
        self._spend(0.01)
        # requests wraps urllib3's error, and names its reason.
        wrapped = ProtocolError("refused")
        vars(wrapped)["reason"] = NewConnectionError(HTTPConnection("vendor.example"), "refused")
        raise requests.ConnectionError(wrapped, request=request)

    def _stall(self, request: requests.PreparedRequest, read: float) -> None:
        self._spend(read)
        raise requests.ReadTimeout(request=request)

    def _chunks(self, body: bytes, fault: str | None) -> Iterator[bytes]:
        if fault == "cut_short":
            yield body[: len(body) // 2]
            raise ProtocolError("incomplete")
        if fault == "drip":
            for position in range(len(body)):
                self._spend(1.0)
                yield body[position : position + 1]
        if fault == "endless":
            for _ in range(400):
                yield b" " * 65536
        yield body

    def _spend(self, seconds: float) -> None:
        """Spends time; raises an error at the deadline."""
        deadline = self._owner().deadline
        if self._kernel.now + seconds < deadline.at:
            self._kernel.sleep(seconds)
            return
        self._kernel.sleep(max(deadline.at - self._kernel.now, 0))
        deadline.is_over = True
        raise requests.ConnectionError(ProtocolError("cut"))

    def _owner(self) -> Any:
        assert self._kernel.current is not None
        return self._kernel.current.owner
