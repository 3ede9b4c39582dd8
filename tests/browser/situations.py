"""How each page comes to be shown to a person."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.browser.browsing import DESKTOP, IN_APP, PHONE, Look

if TYPE_CHECKING:
    import pytest

    from tests.sandbox.sandbox import Sandbox

TIMEOUT = 60
WANTED = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD"}
ON_OPEN = {"link": "on_open"}
# Epoch seconds, and a time as it is stored.
FAR, LONG_AGO = 4_000_000_000, "2020-01-01T00:00:00.000Z"
NOWHERE = f"ver_{'a' * 26}/code"


class Situation:
    """The bridge, and what happens to one verification in it."""

    def __init__(self, sandbox: "Sandbox", monkeypatch: "pytest.MonkeyPatch") -> None:
        self.sandbox = sandbox
        self.monkeypatch = monkeypatch

    def create(self, **more: Any) -> dict[str, Any]:
        """The response for a new verification."""
        headers = {"Authorization": f"Bearer {self.sandbox.api_key}"}
        response = requests.post(
            f"{self.sandbox.api_url}/verifications", json=WANTED | more, headers=headers, timeout=TIMEOUT
        )
        response.raise_for_status()
        created: dict[str, Any] = response.json()
        return created

    def public(self, created: dict[str, Any], page: str) -> str:
        """The URL of a page of the bridge about it: done, return, …"""
        return str(created["status_url"]).replace("/status/", f"/{page}/")

    def tap(self, created: dict[str, Any]) -> str:
        """The person taps the button of the start page; returns the token of the vendor's link."""
        response = requests.post(created["start_url"], timeout=TIMEOUT, allow_redirects=False)
        (token,) = parse_qs(urlsplit(response.headers["Location"]).query)["token"]
        return token

    def after(self, outcome: str, page: str = "done", **more: Any) -> str:
        """A page of a person to whom that happened at the vendor, and who returned."""
        created = self.create(**more)
        self.end(created, created.get("token") or self.tap(created), outcome)
        return self.public(created, page)

    def end(self, created: dict[str, Any], token: str, outcome: str) -> None:
        """That happens on the vendor's link, and the person returns."""
        self.sandbox.vendor.play(token, outcome)
        requests.get(self.public(created, "return"), timeout=TIMEOUT, allow_redirects=False).raise_for_status()

    def store(self, id: str, **values: int | str) -> None:
        """Sets attributes of the verification's row."""
        self.sandbox.client("dynamodb").update_item(
            TableName=self.sandbox.stack.resources["VerificationsTable"],
            Key={"id": {"S": id}},
            UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in values),
            ExpressionAttributeValues={
                f":{name}": {"S" if isinstance(value, str) else "N": str(value)} for name, value in values.items()
            },
        )

    def poll_every_second(self) -> None:
        """Pages that follow a verification which nobody has begun ask for its status as often as that."""
        from bridge.domain.verification import Status
        from bridge.web import responses

        self.monkeypatch.setitem(responses._POLL_SECONDS, Status.PENDING, 1)

    def check_now(self, id: str) -> None:
        """The next planned check takes place: it is due, and the vendor was last called long ago."""
        past = int(time.time()) - 60
        self.store(id, due_at=past, claimed_at=past)
        self.sandbox.sweep_now()
        self.sandbox.drain_queue()


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: how to get to its URL, its heading in English, its status, and with what it is looked at.

    is_tapped: it is what follows a tap on the button of the page at that URL.
    """

    url: Callable[[Situation], str]
    heading: str
    status: int = 200
    look: Look = PHONE
    is_tapped: bool = False


def _unavailable(situation: Situation) -> str:
    from bridge.domain.errors import StorageUnavailable
    from bridge.store import reading

    def refuse(*_: object) -> None:
        raise StorageUnavailable("GetItem", "ThrottlingException")

    situation.monkeypatch.setattr(reading, "get", refuse)
    return f"{situation.sandbox.api_url}/done/{NOWHERE}"


def _no_longer_allowed(situation: Situation) -> str:
    from bridge.use_cases import redirect

    created = situation.create(redirect_url=f"{situation.sandbox.frontend.url}/done")
    situation.monkeypatch.setattr(redirect, "validate_redirect_url", lambda *_: ["no"])
    return situation.public(created, "return")


def _with(query: str, outcome: str | None = None) -> Callable[[Situation], str]:
    def link(situation: Situation) -> str:
        created = situation.create()
        if outcome:
            situation.sandbox.vendor.play(created["token"], outcome)
        return f"{created['url']}{query}"

    return link


def _start(taps: int = 0, ended: int = 0, **stored: int | str) -> Callable[[Situation], str]:
    """The start page after so many links that ended, and so many taps after them; `stored` as Situation.store."""

    def start(situation: Situation) -> str:
        created = situation.create(**ON_OPEN)
        for _ in range(ended):
            situation.end(created, situation.tap(created), "expired")
        for _ in range(taps):
            situation.tap(created)
        if stored:
            situation.store(created["id"], **stored)
        return str(created["start_url"])

    return start


def _start_without_vendor(fault: str) -> Callable[[Situation], str]:
    def start(situation: Situation) -> str:
        situation.sandbox.vendor.fault(fault, on="create", times=None)
        return _start()(situation)

    return start


def _start_with_slow_vendor(situation: Situation) -> str:
    from bridge.domain.errors import VendorTimeout
    from bridge.vendor.client import Vendor

    def wait(*_: object, **__: object) -> None:
        raise VendorTimeout

    situation.monkeypatch.setattr(Vendor, "create_link", wait)
    return _start()(situation)


_START = {
    "start": Shown(_start(), "Verify your identity"),
    "start on a desktop": Shown(_start(), "Verify your identity", look=DESKTOP),
    "start in an app": Shown(_start(), "Verify your identity", look=IN_APP),
    "start for the last time": Shown(_start(ended=2), "Verify your identity"),
    "resume": Shown(_start(taps=1), "Continue your verification"),
    "resume on a desktop": Shown(_start(taps=1), "Continue your verification", look=DESKTOP),
    "start while another tap makes the link": Shown(_start(lease_until=FAR), "One moment"),
    "start while the link is checked": Shown(_start(taps=1, expires_at=LONG_AGO), "One moment"),
    "start after the end": Shown(lambda it: it.after("verified", "start", **ON_OPEN), "You are verified"),
    "start of nothing": Shown(lambda it: f"{it.sandbox.api_url}/start/{NOWHERE}", "Page not found", 404),
    "start that the vendor refuses": Shown(_start_without_vendor("401"), "Not available right now", 502, PHONE, True),
    "start without the vendor": Shown(_start_without_vendor("503"), "Not available right now", 503, PHONE, True),
    "start with a slow vendor": Shown(_start_with_slow_vendor, "Not available right now", 504, PHONE, True),
}
# The bridge's pages, which are in all languages.
BRIDGE = _START | {
    "pending": Shown(lambda it: it.public(it.create(), "done"), "Please wait"),
    "processing": Shown(lambda it: it.after("untouched"), "Please wait"),
    "verified": Shown(lambda it: it.after("verified"), "You are verified"),
    "rejected": Shown(lambda it: it.after("9102"), "Not verified"),
    "rejected for good": Shown(lambda it: it.after("9104"), "Not verified"),
    "failed": Shown(lambda it: it.after("FailedOperation.CompareSystemError+expired"), "Not verified"),
    "expired": Shown(lambda it: it.after("expired"), "Link expired"),
    "unknown": Shown(lambda it: f"{it.sandbox.api_url}/done/{NOWHERE}", "Page not found", 404),
    "no longer allowed": Shown(_no_longer_allowed, "Thank you", 410),
    "unavailable": Shown(_unavailable, "Please wait", 503),
}
# The sandbox's own: of the fake vendor, and of its frontend.
SANDBOX = {
    "document": Shown(_with(""), "Your document"),
    "document again": Shown(_with("", "ocr_retry_left:9102"), "Your document"),
    "face": Shown(_with("", "ocr_passed"), "Your face"),
    "finished": Shown(_with("", "verified"), "This verification is finished"),
    "link expired": Shown(_with("", "expired"), "This link has expired", 410),
    "unknown outcome": Shown(_with("&outcome=perhaps"), "There is no outcome 'perhaps'", 400),
    "unknown link": Shown(lambda it: f"{it.sandbox.vendor.url}/verifications?token=x", "This link does not exist", 404),
    "frontend": Shown(lambda it: f"{it.sandbox.frontend.url}/elsewhere", "A frontend"),
    "demo frontend": Shown(lambda it: f"{it.sandbox.frontend.url}/", "Verify your identity"),
    "back at the frontend": Shown(
        lambda it: f"{it.sandbox.frontend.url}/done?verification_id={NOWHERE[:30]}&status=verified",
        "Back at the frontend: verified",
    ),
}
