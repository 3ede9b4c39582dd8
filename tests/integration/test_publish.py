"""publish puts one event per advance from the table's stream on the bus; a replay sends the same events again."""

import hashlib
import json
from typing import Any
from unittest import mock

import pytest

from bridge.aws.event_bus import EventBus
from bridge.cli import replay
from bridge.dependencies import Dependencies
from bridge.domain.errors import StorageUnavailable
from bridge.domain.events import events_of
from bridge.domain.verification import Verification
from bridge.store import reading
from tests.integration.harness import World, new
from tests.integration.leaks import Output


def published(world: World) -> list[dict[str, Any]]:
    """Removes all events from the delivery queue, and returns them sorted."""
    sqs, url = world.sandbox.client("sqs"), world.deps.settings.delivery_queue_url
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            found.append(json.loads(message["Body"])["detail"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return sorted(found, key=lambda detail: (detail["data"]["id"], detail["data"]["sequence"]))


def types(details: list[dict[str, Any]]) -> list[str]:
    return [detail["type"].removeprefix("verification.") for detail in details]


def verified(world: World, **request: Any) -> Verification:
    verification = world.new("verified", **request)
    world.returns(verification)
    return verification


def test_each_advance_is_published_once_and_no_other_write(world: World, output: Output) -> None:
    verification = verified(world, reference="order-1")
    world.refresh(verification)
    assert world.sandbox.drain_streams() == 3
    details = published(world)
    assert types(details) == ["created", "processing", "verified"]
    stored = reading.get(world.deps.table, verification.id)
    assert stored is not None
    events = events_of(stored)
    assert details == [event.detail for event in events]
    logged = [(line["event_id"], line["event_type"]) for line in output.lines("event_published")]
    assert logged == [(event.id, event.type) for event in events]
    assert world.sandbox.drain_streams() == 0


def test_an_event_does_not_contain_the_subject_of_a_token(world: World) -> None:
    world.new(principal="jwt|mia@example.com")
    world.new()
    world.sandbox.drain_streams()
    details = published(world)
    assert "mia" not in json.dumps(details)
    owners = {hashlib.sha256(principal).hexdigest()[:16] for principal in (b"jwt|mia@example.com", b"web")}
    assert {detail["owner"] for detail in details} == owners


def test_events_that_the_bus_rejects_are_published_later(world: World) -> None:
    world.new(), world.new()
    world.aws.deny("events.PutEvents", "AccessDenied")
    assert world.sandbox.drain_streams() == 0
    world.aws.assert_all_faults_met()
    assert world.sandbox.drain_streams() == 2
    assert types(published(world)) == ["created", "created"]


ENTRY = {"status": "pending", "at": "2026-01-31T08:00:00.000Z"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "archived"),
        ("history", []),
        # Values of the event that are no text, or a time that UTC cannot express.
        ("history", [ENTRY | {"reason_code": ["face_mismatch"]}]),
        ("history", [ENTRY | {"evidence_sha256": 7}]),
        ("history", [ENTRY | {"at": "0001-01-01T00:00:00.000+08:00"}]),
        ("created_at", "9999-12-31T23:59:59.000-08:00"),
        ("reference", ["order-1"]),
    ],
)
def test_an_unreadable_row_becomes_a_dead_letter_and_blocks_no_other(
    world: World, output: Output, name: str, value: object
) -> None:
    first = world.new()
    world.sandbox.drain_streams()
    published(world)
    world.stored.set(first.id, name, value)
    second = world.new()
    assert world.sandbox.drain_streams() == 2
    assert [detail["data"]["id"] for detail in published(world)] == [second.id]
    url = world.deps.settings.publish_dead_letter_queue_url
    (letter,) = world.sandbox.client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert json.loads(letter["Body"])["verification_id"] == first.id
    (line,) = [json.loads(line) for line in output.text().splitlines() if line.startswith('{"level":"ERROR"')]
    assert (line["message"], line["error"], line["verification_id"]) == ("event_set_aside", "UnreadableRow", first.id)


def test_a_dead_letter_that_is_refused_is_reported_and_set_aside_later(world: World, output: Output) -> None:
    made = world.new()
    world.sandbox.drain_streams()
    world.stored.set(made.id, "status", "archived")
    world.aws.deny("sqs.SendMessage", "AccessDenied")
    assert world.sandbox.drain_streams() == 0
    (line,) = output.lines("event_not_published")
    assert (line["operation"], line["verification_id"]) == ("SendMessage", made.id)
    assert world.sandbox.drain_streams() == 1


def test_a_replay_sends_the_same_events_again(world: World) -> None:
    id = verified(world).id
    world.sandbox.drain_streams()
    before = published(world)
    response = world.functions.api("POST", f"/verifications/{id}/events/replay")
    assert (response.status, [each["id"] for each in response.json["data"]]) == (202, [each["id"] for each in before])
    assert published(world) == before
    assert world.functions.api("GET", f"/verifications/{id}/events").json == response.json


def test_after_a_redaction_a_replay_has_no_reference(world: World) -> None:
    verification = verified(world, reference="order-1")
    world.redact(verification)
    world.functions.api("POST", f"/verifications/{verification.id}/events/replay")
    details = published(world)
    assert types(details) == ["created", "processing", "verified", "redacted"]
    assert "order-1" not in json.dumps(details)


def test_the_command_replays_verifications_created_in_a_period(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    made, settings = world.new(), world.deps.settings
    names = ["--table", settings.table_name, "--bus", settings.event_bus_name]
    day = made.created_at.date().isoformat()
    replay.main([f"{day}T00:00Z", f"{day}T23:59Z", *names])
    assert capsys.readouterr().out == "1 events of 1 verifications were sent again\n"
    assert types(published(world)) == ["created"]
    replay.main(["2020-01-01", "2020-01-03", *names])
    assert capsys.readouterr().out == "0 events of 0 verifications were sent again\n"
    with pytest.raises(SystemExit):
        replay.main(["2026-01-02", "2026-01-01", *names])


def test_the_command_fails_if_the_bus_rejects_an_event(deps: Dependencies, monkeypatch: pytest.MonkeyPatch) -> None:
    made = new(deps)
    monkeypatch.setattr(EventBus, "put", mock.Mock(side_effect=StorageUnavailable("PutEvents", "InternalFailure")))
    names = ["--table", deps.settings.table_name, "--bus", deps.settings.event_bus_name]
    day = made.created_at.date().isoformat()
    with pytest.raises(SystemExit, match="PutEvents failed with InternalFailure"):
        replay.main([f"{day}T00:00Z", f"{day}T23:59Z", *names])


class TruncatedClient:
    """A client whose response has only the first of two events."""

    def put_events(self, Entries: list[Any]) -> dict[str, Any]:
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}


def test_an_event_missing_from_the_response_counts_as_failed(deps: Dependencies) -> None:
    verification = reading.get(deps.table, new(deps).id)
    assert verification is not None
    events = events_of(verification) * 2
    with pytest.raises(StorageUnavailable) as failed:
        EventBus(TruncatedClient(), "bus", "bus").put(events)
    assert (failed.value.operation, failed.value.code) == ("PutEvents", "NotInResponse")
