"""Between the bridge's `requests` session and the simulated vendor: an adapter, and the deadline that cuts it."""

import hashlib
import json
from collections.abc import Iterator
from email.message import Message
from types import SimpleNamespace
from typing import Any

import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import NewConnectionError, ProtocolError

from .canaries import MARK
from .kernel import Kernel
from .malformed_responses import CONTRADICTING, FOREIGN, spoiled
from .outward import Outward
from .vendor import Link, Vendor

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


class Cut:
    """Stands in for the deadline of bridge.deadline.within."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.is_cut = False

    def has_passed(self) -> bool:
        return self.is_cut


class Body:
    """What requests reads a response from. The vendor sets a cookie with each."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        headers = Message()
        headers["Set-Cookie"] = f"session={MARK}; Path=/"
        # Where requests looks for cookies.
        self._original_response = SimpleNamespace(msg=headers)

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        return

    release_conn = close


class Wire(BaseAdapter):
    """One exchange a call."""

    def __init__(self, kernel: Kernel, outward: Outward, vendor: Vendor) -> None:
        super().__init__()
        self._kernel = kernel
        self._outward = outward
        self._vendor = vendor

    def close(self) -> None:
        return

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        connect, read = options["timeout"]
        method = request.method or ""
        token = (request.url or "").rpartition("/")[2] if method == "GET" else ""
        number = self._outward.number("vendor", method)
        owner = self._owner()
        about = [token] if token else list(owner.about)
        fault = self._outward.fault("vendor", method, number, 1, about)
        if fault == "crash_before":
            self._kernel.die()
        if fault in ("no_connection", "connect_timeout"):
            self._outward.trace.note(about, f"vendor {method}", f"FAULT {fault}")
            self._refuse(request, fault, connect)
        owner.asked.append(token)
        if "Cookie" in request.headers:
            self._vendor.cookies.append(token)
        self._spend(self._outward.latency(0.3) / 2)
        status, headers, body = self._answer(request, method, token, fault, read)
        self._outward.trace.note(about, f"vendor {method}", f"{status}" + (f" FAULT {fault}" if fault else ""))
        if fault == "crash_after":
            self._kernel.die()
        self._after(request, fault, read)
        response = requests.Response()
        response.status_code = status
        response.headers.update(headers)
        response.url, response.request = request.url or "", request
        response.raw = Body(self._chunks(body, fault))
        return response

    def _answer(
        self, request: requests.PreparedRequest, method: str, token: str, fault: str | None, read: float
    ) -> tuple[int, dict[str, str], bytes]:
        if fault == "reset_before":
            raise requests.ConnectionError(ProtocolError("reset"), request=request)
        if fault == "stall_before":
            self._stall(request, read)
        if fault == "slow_before":
            self._spend(min(self._outward.rng.uniform(3, 7), read - 0.01))
        if self._vendor.is_over_limit():
            self._outward.struck("vendor", "over_limit")
            return 429, {"Retry-After": "20"}, b"Too many requests, please try again later."
        if fault in _ERRORS:
            wait = {"Retry-After": "7"} if fault.endswith("_wait") else {}
            where = {"Location": "https://elsewhere.example/"} if fault == "redirect" else {}
            return _ERRORS[fault], wait | where, b'{"message": "no"}'
        if request.headers.get("client_secret") != self._vendor.secret:
            self._outward.struck("vendor", "stale_credentials")
            return 401, {}, b'{"message": "an authentication error"}'
        if method == "POST":
            return 200, {}, spoiled(self._vendor.create(json.loads(request.body or b"{}")), fault)
        link = self._vendor.links.get(token)
        if link is None:
            return 404, {}, b"{}"
        return 200, {}, self._record(link, fault)

    def _record(self, link: Link, fault: str | None) -> bytes:
        if link.is_broken and fault is None:
            fault = "wrong_kinds"
            self._outward.struck("vendor", "broken_link")
        reported = spoiled(self._vendor.tell(link.token), fault)
        if fault:
            # Whether it is heard is open.
            link.reported.pop()
        sha256 = hashlib.sha256(reported).hexdigest()
        link.sent[sha256] = reported
        if fault in CONTRADICTING:
            link.contradicted.append(self._kernel.now)
        if fault in FOREIGN:
            link.foreign.add(sha256)
        return reported

    def _after(self, request: requests.PreparedRequest, fault: str | None, read: float) -> None:
        if fault == "reset_after":
            raise requests.ConnectionError(ProtocolError("reset"), request=request)
        if fault == "stall_after":
            self._stall(request, read)
        if fault == "slow_after":
            self._spend(min(self._outward.rng.uniform(3, 7), read - 0.01))
        self._spend(self._outward.latency(0.3) / 2)

    def _refuse(self, request: requests.PreparedRequest, fault: str, connect: float) -> None:
        if fault == "connect_timeout":
            self._spend(connect)
            raise requests.ConnectTimeout(request=request)
        self._spend(0.01)
        # requests wraps what urllib3 says, and names its reason.
        wrapped = ProtocolError("refused")
        wrapped.reason = NewConnectionError(None, "refused")  # type: ignore[attr-defined, arg-type]
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
        """Takes time, as far as the deadline lets it."""
        cut = self._owner().cut
        if self._kernel.now + seconds < cut.deadline:
            self._kernel.sleep(seconds)
            return
        self._kernel.sleep(max(cut.deadline - self._kernel.now, 0))
        cut.is_cut = True
        raise requests.ConnectionError(ProtocolError("cut"))

    def _owner(self) -> Any:
        assert self._kernel.current is not None
        return self._kernel.current.owner
