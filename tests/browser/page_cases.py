"""A case for each page that a person may see, and how a test gets there."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.browser.tabs import DESKTOP, IN_APP, PHONE, Device

if TYPE_CHECKING:
    import pytest

    from tests.sandbox.sandbox import Sandbox

TIMEOUT = 60
BODY = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD"}
ON_OPEN = {"link": "on_open"}
# A time in epoch seconds, and one in the stored format.
FAR_FUTURE, LONG_AGO = 4_000_000_000, "2020-01-01T00:00:00.000Z"
UNKNOWN = f"ver_{'a' * 26}/code"


class Scenario:
    """Brings verifications of a sandbox into the state of a case."""

    def __init__(self, sandbox: "Sandbox", monkeypatch: "pytest.MonkeyPatch") -> None:
        self.sandbox = sandbox
        self.monkeypatch = monkeypatch

    def create(self, **more: Any) -> dict[str, Any]:
        """Creates a verification, and returns the response."""
        headers = {"Authorization": f"Bearer {self.sandbox.api_key}"}
        response = requests.post(
            f"{self.sandbox.api_url}/verifications", json=BODY | more, headers=headers, timeout=TIMEOUT
        )
        response.raise_for_status()
        created: dict[str, Any] = response.json()
        return created

    def page_url(self, created: dict[str, Any], page: str) -> str:
        """Returns the URL of one of the verification's pages: done, return, …"""
        return str(created["status_url"]).replace("/status/", f"/{page}/")

    def tap(self, created: dict[str, Any]) -> str:
        """Taps the button of the start page, and returns the token of the vendor's link."""
        response = requests.post(created["start_url"], timeout=TIMEOUT, allow_redirects=False)
        (token,) = parse_qs(urlsplit(response.headers["Location"]).query)["token"]
        return token

    def page_after(self, outcome: str, page: str = "done", **more: Any) -> str:
        """Creates and finishes a verification, and returns the URL of one of its pages."""
        created = self.create(**more)
        self.finish(created, created.get("token") or self.tap(created), outcome)
        return self.page_url(created, page)

    def finish(self, created: dict[str, Any], token: str, outcome: str) -> None:
        """Plays an outcome on the vendor's link, and returns to the bridge."""
        self.sandbox.vendor.play(token, outcome)
        requests.get(self.page_url(created, "return"), timeout=TIMEOUT, allow_redirects=False).raise_for_status()

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
        """Makes pages that follow a pending verification poll every second."""
        from bridge.domain.verification import Status
        from bridge.web import responses

        self.monkeypatch.setitem(responses._POLL_SECONDS, Status.PENDING, 1)

    def check_now(self, id: str) -> None:
        """Runs the verification's next check: makes it due, with the last vendor call long ago."""
        past = int(time.time()) - 60
        self.store(id, due_at=past, claimed_at=past)
        self.sandbox.sweep_now()
        self.sandbox.drain_queue()


@dataclass(frozen=True, slots=True)
class PageCase:
    """A page: its URL, its heading in English, its HTTP status, and the device.

    is_tapped: the page is the response to a tap on the button of the page at that URL.
    """

    url: Callable[[Scenario], str]
    heading: str
    status: int = 200
    device: Device = PHONE
    is_tapped: bool = False


def _unavailable(scenario: Scenario) -> str:
    from bridge.domain.errors import StorageUnavailable
    from bridge.store import reading

    def refuse(*_: object) -> None:
        raise StorageUnavailable("GetItem", "ThrottlingException")

    scenario.monkeypatch.setattr(reading, "get", refuse)
    return f"{scenario.sandbox.api_url}/done/{UNKNOWN}"


def _no_longer_allowed(scenario: Scenario) -> str:
    from bridge.use_cases import redirect

    created = scenario.create(redirect_url=f"{scenario.sandbox.frontend.url}/done")
    scenario.monkeypatch.setattr(redirect, "validate_redirect_url", lambda *_: ["no"])
    return scenario.page_url(created, "return")


def _vendor_page(query: str, outcome: str | None = None) -> Callable[[Scenario], str]:
    def link(scenario: Scenario) -> str:
        created = scenario.create()
        if outcome:
            scenario.sandbox.vendor.play(created["token"], outcome)
        return f"{created['url']}{query}"

    return link


def _start(taps: int = 0, ended: int = 0, **stored: int | str) -> Callable[[Scenario], str]:
    """Returns the start page after `ended` expired links and then `taps` taps. `stored` is for Scenario.store."""

    def start(scenario: Scenario) -> str:
        created = scenario.create(**ON_OPEN)
        for _ in range(ended):
            scenario.finish(created, scenario.tap(created), "expired")
        for _ in range(taps):
            scenario.tap(created)
        if stored:
            scenario.store(created["id"], **stored)
        return str(created["start_url"])

    return start


def _start_without_vendor(fault: str) -> Callable[[Scenario], str]:
    def start(scenario: Scenario) -> str:
        scenario.sandbox.vendor.fault(fault, on="create", times=None)
        return _start()(scenario)

    return start


def _start_with_slow_vendor(scenario: Scenario) -> str:
    from bridge.domain.errors import VendorTimeout
    from bridge.vendor.client import Vendor

    def wait(*_: object, **__: object) -> None:
        raise VendorTimeout

    scenario.monkeypatch.setattr(Vendor, "create_link", wait)
    return _start()(scenario)


_START = {
    "start": PageCase(_start(), "Verify your identity"),
    "start on a desktop": PageCase(_start(), "Verify your identity", device=DESKTOP),
    "start in an app": PageCase(_start(), "Verify your identity", device=IN_APP),
    "start for the last time": PageCase(_start(ended=2), "Verify your identity"),
    "resume": PageCase(_start(taps=1), "Continue your verification"),
    "resume on a desktop": PageCase(_start(taps=1), "Continue your verification", device=DESKTOP),
    "start while another tap makes the link": PageCase(_start(lease_until=FAR_FUTURE), "One moment"),
    "start while the link is checked": PageCase(_start(taps=1, expires_at=LONG_AGO), "One moment"),
    "start after the end": PageCase(lambda it: it.page_after("verified", "start", **ON_OPEN), "You are verified"),
    "start of nothing": PageCase(lambda it: f"{it.sandbox.api_url}/start/{UNKNOWN}", "Page not found", 404),
    "start that the vendor refuses": PageCase(
        _start_without_vendor("401"), "Not available right now", 502, PHONE, True
    ),
    "start without the vendor": PageCase(_start_without_vendor("503"), "Not available right now", 503, PHONE, True),
    "start with a slow vendor": PageCase(_start_with_slow_vendor, "Not available right now", 504, PHONE, True),
}
# The bridge's pages, which exist in all languages.
BRIDGE_PAGES = _START | {
    "pending": PageCase(lambda it: it.page_url(it.create(), "done"), "Please wait"),
    "processing": PageCase(lambda it: it.page_after("untouched"), "Please wait"),
    "verified": PageCase(lambda it: it.page_after("verified"), "You are verified"),
    "rejected": PageCase(lambda it: it.page_after("9102"), "Not verified"),
    "rejected for good": PageCase(lambda it: it.page_after("9104"), "Not verified"),
    "failed": PageCase(lambda it: it.page_after("FailedOperation.CompareSystemError+expired"), "Not verified"),
    "expired": PageCase(lambda it: it.page_after("expired"), "Link expired"),
    "unknown": PageCase(lambda it: f"{it.sandbox.api_url}/done/{UNKNOWN}", "Page not found", 404),
    "no longer allowed": PageCase(_no_longer_allowed, "Thank you", 410),
    "unavailable": PageCase(_unavailable, "Please wait", 503),
}
# The pages of the fake vendor and of the sandbox's frontend.
SANDBOX_PAGES = {
    "document": PageCase(_vendor_page(""), "Your document"),
    "document again": PageCase(_vendor_page("", "ocr_retry_left:9102"), "Your document"),
    "face": PageCase(_vendor_page("", "ocr_passed"), "Your face"),
    "finished": PageCase(_vendor_page("", "verified"), "This verification is finished"),
    "link expired": PageCase(_vendor_page("", "expired"), "This link has expired", 410),
    "unknown outcome": PageCase(_vendor_page("&outcome=perhaps"), "There is no outcome 'perhaps'", 400),
    "unknown link": PageCase(
        lambda it: f"{it.sandbox.vendor.url}/verifications?token=x", "This link does not exist", 404
    ),
    "frontend": PageCase(lambda it: f"{it.sandbox.frontend.url}/elsewhere", "A frontend"),
    "demo frontend": PageCase(lambda it: f"{it.sandbox.frontend.url}/", "Verify your identity"),
    "back at the frontend": PageCase(
        lambda it: f"{it.sandbox.frontend.url}/done?verification_id={UNKNOWN[:30]}&status=verified",
        "Back at the frontend: verified",
    ),
}
