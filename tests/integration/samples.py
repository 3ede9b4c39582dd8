"""The sample events of `events/`: the verifications that they refer to, and the expected response of each."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bridge.dependencies import Dependencies
from bridge.domain import links, schedule
from bridge.domain.caller import SCOPES
from bridge.domain.verification import LinkRequest, Verification
from bridge.settings import Settings
from bridge.store import creation
from bridge.use_cases.complete import check_on_return
from tests.integration.harness import no_limit
from tests.sandbox.vendor import FakeVendor
from tests.unit.builders import reservation

EVENTS = Path(__file__).parents[2] / "events"

ID = "ver_exampleexampleexampleexamp"
CODE = "example-code-of-a-return"
# A verification whose start page makes the link, and was not opened yet.
MAILED_ID = "ver_mailedmailedmailedmailedma"
KEY = "ek_example-key-for-the-sample-events-only"
PRINCIPAL = "example"
REQUEST = LinkRequest(
    type="00",
    id_country="MYS",
    id_type="ID_CARD",
    redirect_url="http://localhost:5173/welcome?tab=1",
    reference="customer-42",
    metadata={"campaign": "spring"},
)

Check = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """An expected response; with `is_completed` the verification must have a result."""

    check: Check
    is_completed: bool = False


def seed(vendor: FakeVendor, secrets: Any, *, is_completed: bool) -> None:
    """Stores the API key and the verifications, which are ten minutes old; the person of one has passed the vendor.

    Needs the functions' variables in this process's environment. `secrets` is a client of Secrets Manager.
    """
    deps = Dependencies(Settings())
    entry = {
        "key_id": KEY[-4:],
        "sha256": hashlib.sha256(KEY.encode()).hexdigest(),
        "principal": PRINCIPAL,
        "scopes": SCOPES,
    }
    secrets.put_secret_value(SecretId=deps.settings.api_keys_secret_arn, SecretString=json.dumps({"keys": [entry]}))
    link = deps.vendor.create_link(REQUEST, f"https://api.example.com/return/{ID}/{CODE}", permit=no_limit)
    vendor.play(link.token, "verified")
    created_at = datetime.now(UTC) - timedelta(minutes=10)
    made = _reservation(deps, created_at)
    creation.reserve(deps.table, made, created_at)
    creation.commit_link(deps.table, made, url=link.url, token=link.token, now=created_at)
    mailed = made._replace(id=MAILED_ID, reference=None, valid_until=created_at + timedelta(days=7))
    creation.reserve(deps.table, mailed, created_at)
    creation.commit_without_link(deps.table, mailed, due_at=links.due_without_link(mailed), now=created_at)
    if is_completed:
        check_on_return(deps, ID, CODE)


def _reservation(deps: Dependencies, created_at: datetime) -> Verification:
    return reservation(
        **{name: value for name, value in REQUEST._asdict().items() if name not in ("expected", "valid_for")},
        id=ID,
        principal=PRINCIPAL,
        code=CODE,
        fingerprint=REQUEST.fingerprint,
        created_at=created_at,
        updated_at=created_at,
        expires_at=created_at + timedelta(seconds=deps.settings.link_lifetime_seconds),
        lease_until=int(created_at.timestamp()) + schedule.LEASE_SECONDS,
        due_at=int(created_at.timestamp()) + schedule.FIRST_CHECK_SECONDS,
    )


def event(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


def is_exactly(expected: Any) -> Check:
    def check(response: Any) -> None:
        assert response == expected

    return check


def is_json(code: int, /, **fields: Any) -> Check:
    """Expects a response whose JSON has at least these fields."""

    def check(response: Any) -> None:
        assert response["statusCode"] == code, response
        document = json.loads(response["body"])
        assert {name: document.get(name) for name in fields} == fields

    return check


def names_fields(*pointers: str) -> Check:
    def check(response: Any) -> None:
        assert response["statusCode"] == 400
        assert [fault["pointer"] for fault in json.loads(response["body"])["errors"]] == list(pointers)

    return check


def redirects_to(location: str) -> Check:
    def check(response: Any) -> None:
        assert (response["statusCode"], response["headers"]["Location"]) == (303, location)

    return check


def redirects_to_vendor(response: Any) -> None:
    assert response["statusCode"] == 303
    assert "?token=" in response["headers"]["Location"]


def is_page(status: int, words: str) -> Check:
    def check(response: Any) -> None:
        assert (response["statusCode"], response["headers"]["Content-Type"]) == (status, "text/html; charset=utf-8")
        assert words in response["body"]

    return check


def lists(*ids: str) -> Check:
    def check(response: Any) -> None:
        assert response["statusCode"] == 200
        assert [document["id"] for document in json.loads(response["body"])["data"]] == list(ids)

    return check


def has_events(*types: str, status: int = 200) -> Check:
    def check(response: Any) -> None:
        assert response["statusCode"] == status
        events = json.loads(response["body"])["data"]
        assert [event["type"] for event in events] == [f"verification.{each}" for each in types]

    return check


def shows_pictures(response: Any) -> None:
    result = json.loads(response["body"])["result"]
    assert result["ocr_result"]["Name"]
    assert result["ocr_result"]["Image"].startswith("http")


def reports_failed(*message_ids: str) -> Check:
    return is_exactly({"batchItemFailures": [{"itemIdentifier": id} for id in message_ids]})


CALLER = {"principal": PRINCIPAL, "scopes": " ".join(SCOPES), "key_id": KEY[-4:]}

SAMPLES: dict[str, Sample] = {
    "about/health": Sample(is_json(200, status="ok")),
    "about/openapi": Sample(is_json(200, openapi="3.1.0")),
    "authorize/good_key": Sample(is_exactly({"isAuthorized": True, "context": CALLER})),
    "authorize/no_key": Sample(is_exactly({"isAuthorized": False})),
    "deliver/event": Sample(reports_failed()),
    # No endpoint has this name, so the message is set aside.
    "deliver/endpoint": Sample(reports_failed()),
    "deliver/poison": Sample(reports_failed("059f36b4-87a3-44ab-83d2-661975630001")),
    "finalize/batch": Sample(reports_failed()),
    "finalize/poison": Sample(reports_failed("059f36b4-87a3-44ab-83d2-661975630002")),
    "redirect/return": Sample(redirects_to(f"{REQUEST.redirect_url}&verification_id={ID}&status=verified")),
    "redirect/return_unknown": Sample(is_page(404, "does not exist")),
    "redirect/done": Sample(is_page(200, "Pengesahan anda belum bermula")),
    "redirect/start_page": Sample(is_page(200, "Verify your identity")),
    "redirect/start": Sample(redirects_to_vendor),
    "redirect/status": Sample(is_json(200, id=ID, status="pending", reason=None)),
    "publish/advance": Sample(is_exactly({"batchItemFailures": []})),
    "publish/poison": Sample(is_exactly({"batchItemFailures": []})),
    "sweep/schedule": Sample(is_exactly({"due": 1, "sent": 1})),
    "verifications/create": Sample(is_json(201, status="pending", reference="customer-42", sequence=1)),
    "verifications/create_on_open": Sample(is_json(201, status="pending", link="on_open", links=[])),
    "verifications/create_invalid": Sample(
        names_fields("#/id_type", "#/type", "#/id_country", "#/redirect_url", "#/colour")
    ),
    "verifications/events": Sample(has_events("created", "processing", "verified"), is_completed=True),
    "verifications/list": Sample(lists(ID)),
    "verifications/read": Sample(is_json(200, id=ID, status="pending", sequence=1)),
    "verifications/read_result": Sample(shows_pictures, is_completed=True),
    "verifications/replay": Sample(has_events("created", status=202)),
    "verifications/redact": Sample(is_json(200, id=ID, status="verified", reference=None), is_completed=True),
    "verifications/refresh": Sample(is_json(200, id=ID, status="verified", sequence=2)),
}
