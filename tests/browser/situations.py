"""How each page comes to be shown to a person."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from tests.browser.browsing import PHONE, Look

if TYPE_CHECKING:
    import pytest

    from tests.sandbox.sandbox import Sandbox

TIMEOUT = 60
WANTED = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD"}
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

    def after(self, outcome: str) -> str:
        """The done page of a person to whom that happened at the vendor, and who returned."""
        created = self.create()
        self.sandbox.vendor.play(created["token"], outcome)
        requests.get(self.public(created, "return"), timeout=TIMEOUT, allow_redirects=False).raise_for_status()
        return self.public(created, "done")

    def check_now(self, id: str) -> None:
        """The next planned check takes place: it is due, and the vendor was last called long ago."""
        self.sandbox.client("dynamodb").update_item(
            TableName=self.sandbox.stack.resources["VerificationsTable"],
            Key={"id": {"S": id}},
            UpdateExpression="SET due_at = :past, claimed_at = :past",
            ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 60)}},
        )
        self.sandbox.sweep_now()
        self.sandbox.drain_queue()


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: how to get to its URL, its heading in English, its status, and with what it is looked at."""

    url: Callable[[Situation], str]
    heading: str
    status: int = 200
    look: Look = PHONE


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


# The bridge's pages, which are in all languages.
BRIDGE = {
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
    "frontend": Shown(lambda it: f"{it.sandbox.frontend.url}/", "A frontend"),
    "back at the frontend": Shown(
        lambda it: f"{it.sandbox.frontend.url}/done?verification_id={NOWHERE[:30]}&status=verified",
        "Back at the frontend: verified",
    ),
}
