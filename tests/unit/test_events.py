"""Events follow from the stored verification alone, so that a replay sends the same events."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bridge.domain.events import TYPES, event_in, events_of, last_event
from bridge.domain.verification import HistoryEntry, Status, Verification
from tests.unit.builders import NOW, reservation

SCHEMAS = Path(__file__).parents[2] / "docs/events"


def verification(*history: HistoryEntry, **changes: Any) -> Verification:
    made = reservation(reference="order-1", status=history[-1].status, sequence=len(history))
    return made._replace(history=history, **changes)


CREATED = HistoryEntry(Status.PENDING, NOW)
PROCESSING = HistoryEntry(Status.PROCESSING, NOW + timedelta(seconds=1))
REJECTED = HistoryEntry(Status.REJECTED, NOW + timedelta(seconds=2), "document_copied", "0a1b" * 16)
VERIFIED = HistoryEntry(Status.VERIFIED, NOW + timedelta(seconds=3), evidence_sha256="0a1b" * 16)
REDACTED = HistoryEntry(Status.VERIFIED, NOW + timedelta(seconds=4), is_redaction=True)


def test_each_advance_makes_one_event_in_order() -> None:
    made = verification(CREATED, PROCESSING, REJECTED, VERIFIED, REDACTED)
    events = events_of(made)
    types = [event.type.removeprefix("verification.") for event in events]
    assert types == ["created", "processing", "rejected", "verified", "redacted"]
    assert [event.data["sequence"] for event in events] == [1, 2, 3, 4, 5]
    assert [event.id for event in events] == [f"evt_{made.id.removeprefix('ver_')}_{n}" for n in range(1, 6)]
    assert last_event(made) == events[-1]


def test_the_event_of_a_rejection_has_the_reason_and_the_evidence_hash() -> None:
    (_, event) = events_of(verification(CREATED, REJECTED))
    assert event.data["reason"]["code"] == "document_copied"
    assert event.data["evidence_sha256"] == "0a1b" * 16
    assert event.data["updated_at"] == event.timestamp != event.data["created_at"]


def test_an_event_stays_the_same_when_the_verification_advances() -> None:
    first = last_event(verification(CREATED, PROCESSING))
    assert events_of(verification(CREATED, PROCESSING, VERIFIED, expires_at=NOW))[1] == first


def test_after_a_redaction_no_event_has_the_reference() -> None:
    made = verification(CREATED, VERIFIED)
    assert b"order-1" in last_event(made).body
    redacted = made._replace(history=(*made.history, REDACTED), reference=None)
    assert not any(b"order-1" in event.body for event in events_of(redacted))


def test_an_event_has_a_hash_of_the_principal_and_its_webhook_body_does_not() -> None:
    event = last_event(verification(CREATED, principal="jwt|mia@example.com"))
    assert event.detail["owner"] == hashlib.sha256(b"jwt|mia@example.com").hexdigest()[:16]
    assert "mia" not in json.dumps(event.detail)
    assert event.owner not in event.body.decode()
    assert json.loads(event.body) == {"type": event.type, "timestamp": event.timestamp, "data": event.data}


def test_an_event_is_read_back_from_its_detail() -> None:
    event = last_event(verification(CREATED, REJECTED))
    assert event_in(json.loads(json.dumps(event.detail))) == event


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"id": 1}, TypeError, "^a field of the event is not a string$"),
        ({"owner": None}, TypeError, "^a field of the event is not a string$"),
        ({"data": {}}, KeyError, "id"),
        ({"data": []}, ValueError, "^data or an id of the event is malformed$"),
        ({"id": "evt_1"}, ValueError, "^data or an id of the event is malformed$"),
    ],
)
def test_a_malformed_detail_is_refused(change: dict[str, Any], error: type[Exception], words: str) -> None:
    detail = last_event(verification(CREATED)).detail
    with pytest.raises(error, match=words):
        event_in(detail | change)


def test_the_events_of_each_type_match_its_schema_only() -> None:
    """docs/events/ has one JSON Schema for each type of event, with an example."""
    failed = HistoryEntry(Status.FAILED, NOW, "link_not_created")
    expired = HistoryEntry(Status.EXPIRED, NOW, "abandoned")
    made = [
        verification(CREATED, PROCESSING, REJECTED, VERIFIED, REDACTED),
        verification(failed),
        verification(expired),
    ]
    events = {event.type: event for each in made for event in events_of(each)}
    assert events.keys() == set(TYPES)
    assert {path.stem for path in SCHEMAS.glob("*.json")} == set(TYPES)
    for type, event in events.items():
        schema = json.loads((SCHEMAS / f"{type}.json").read_text())
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator(schema)
        validator.validate(json.loads(event.body))
        for example in schema["examples"]:
            validator.validate(example)
        others = [each for each in events.values() if each.type != type]
        assert not any(validator.is_valid(json.loads(other.body)) for other in others)
