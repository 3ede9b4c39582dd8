"""Rules about events: each advance causes one event, which goes to the endpoints that want it, and to no others."""

import json
from collections.abc import Iterator
from typing import Any

from bridge.domain.webhook_retries import GIVE_UP_AFTER
from bridge.store.endpoints import MAX_AGE
from tests.simulation import leaks
from tests.simulation.dynamodb import Change
from tests.simulation.receivers import Receiver
from tests.simulation.world import SimulatedWorld

from .advances import advances, wants
from .history import Violation, sequence

_ROOT, _DETAIL = {"type", "timestamp", "data"}, {"id", "owner", "type", "timestamp", "data"}
_FAILURE_MESSAGES = {"message_failed", "event_not_published", "event_set_aside", "endpoint_off", "delivery_gave_up"}


def webhooks_are_delivered(world: SimulatedWorld) -> Iterator[Violation]:
    """Each endpoint accepted each event that it wants, or the event is a dead letter."""
    letters = _dead_letters(world)
    unpublished = {json.loads(body)["verification_id"] for body in world.dead_letter_bodies["PublishDeadLetterQueue"]}
    unpublished |= {change.id for stream in world.streams for change in stream.given_up}
    for receiver in world.receivers.values():
        accepted = {webhook.id for webhook in receiver.webhooks if webhook.is_accepted}
        for id, advance in advances(world).items():
            is_dead_letter = {(receiver.endpoint.name, id), (None, id)} & letters or advance.change.id in unpublished
            if wants(receiver.endpoint, advance) and id not in accepted and not is_dead_letter:
                yield Violation("delivered", (advance.change.id,), f"{id} never reached {receiver.endpoint.name}")


def webhook_dead_letters_have_a_cause(world: SimulatedWorld) -> Iterator[Violation]:
    """deliver gave up after 72 hours, or because the endpoint was gone. SQS gave up after a fault at each attempt."""
    for body in world.dead_letter_bodies["DeliveryDeadLetterQueue"]:
        fields = json.loads(body)
        receiver, event = world.receivers[fields["endpoint"]], fields["event"]
        is_gone = any(webhook.status == 410 for webhook in receiver.webhooks)
        tried_for = world.kernel.now - receiver.first_attempts.get(event["id"], world.kernel.now)
        if not is_gone and tried_for < GIVE_UP_AFTER - 60:
            what = f"{event['id']} for {fields['endpoint']} was given up too early"
            yield Violation("webhook dead letter", (event["data"]["id"],), what)
    for message in world.deliveries.dead_letters:
        if not all(invocation.faults or invocation.timed_out for invocation in message.given_to):
            yield Violation("webhook dead letter", (message.about,), "attempts failed without a fault")


def stream_has_every_advance(world: SimulatedWorld) -> Iterator[Violation]:
    """The template's filter passes exactly the writes that advance a verification."""
    advanced = {id(advance.change): advance.change for advance in advances(world).values()}
    for stream in world.streams:
        passed = {id(change): change for change in stream.passed}
        for key in advanced.keys() ^ passed.keys():
            change = advanced.get(key) or passed[key]
            yield Violation("filter", (change.id,), "passed wrongly" if key in passed else "not passed")


def webhooks_match_the_history(world: SimulatedWorld) -> Iterator[Violation]:
    """A webhook has the content of its advance, the same bytes at each attempt, and a valid signature. A receiver that
    keeps the highest sequence ends with the last state."""
    by_id = advances(world)
    for receiver in world.receivers.values():
        for webhook in receiver.webhooks:
            advance = by_id.get(webhook.id)
            about = (advance.change.id,) if advance else ()
            if not webhook.is_signed:
                yield Violation("signature", about, f"{webhook.id} has an invalid signature")
            if advance is None or webhook.body not in advance.bodies:
                yield Violation("webhook content", about, f"{webhook.id} differs from its advance")
            elif not wants(receiver.endpoint, advance):
                yield Violation("wanted", about, f"{receiver.endpoint.name} does not want {webhook.id}")
        yield from _fault_of_last(world, receiver)


def _fault_of_last(world: SimulatedWorld, receiver: Receiver) -> Iterator[Violation]:
    """Compares a receiver's last state with the history, if it accepted all events that it wants."""
    accepted = {webhook.id for webhook in receiver.webhooks if webhook.is_accepted}
    last: dict[str, tuple[int, str]] = {}
    missing = set()
    for id, advance in advances(world).items():
        if wants(receiver.endpoint, advance):
            data = advance.content["data"]
            last[data["id"]] = max(last.get(data["id"], (0, "")), (data["sequence"], data["status"]))
            missing |= set() if id in accepted else {data["id"]}
    for id, state in last.items():
        if id not in missing and receiver.latest.get(id) != state:
            yield Violation("order", (id,), f"{receiver.endpoint.name} has {receiver.latest.get(id)}, not {state}")


def gone_endpoints_get_no_webhooks(world: SimulatedWorld) -> Iterator[Violation]:
    """An endpoint that responds 410 is switched off, and gets no more webhooks; except from processes that have cached
    its state, or had a fault."""
    for name, receiver in world.receivers.items():
        for webhook in receiver.webhooks:
            if webhook.status == 410 and not webhook.by.faults and name not in world.endpoints_table.off:
                yield Violation("gone", tuple(webhook.by.about), f"{name} is not off")
    for name, since in world.endpoints_table.off.items():
        for webhook in world.receivers[name].webhooks:
            if webhook.time > since + MAX_AGE + 15 and not webhook.by.had_fault_of("dynamodb"):
                yield Violation("gone", tuple(webhook.by.about), f"{name} got {webhook.id} although it is off")


def events_leak_nothing(world: SimulatedWorld) -> Iterator[Violation]:
    """Events, messages and webhooks have the documented fields only, and no personal data except the reference."""
    for put in world.bus.accepted:
        yield from _leaks("an event", put.detail, _DETAIL)
    for body in (*world.deliveries.bodies, *world.dead_letter_bodies["DeliveryDeadLetterQueue"]):
        fields = json.loads(body)
        yield from _leaks("a message", fields.pop("event", None) or fields.pop("detail"), _DETAIL)
        if leaks.has_marker(json.dumps(fields)):
            yield Violation("event leaks", (), f"a message has the marker in {sorted(fields)}")
    for receiver in world.receivers.values():
        for webhook in receiver.webhooks:
            yield from _leaks("a webhook", json.loads(webhook.body), _ROOT)


def _leaks(what: str, content: dict[str, Any], names: set[str]) -> Iterator[Violation]:
    data = content["data"]
    rest = {**content, "data": {**data, "reference": None}}
    if content.keys() != names or leaks.has_marker(json.dumps(rest)):
        yield Violation("event leaks", (data["id"],), f"{what} has other fields, or the marker: {sorted(content)}")


def redacted_events_have_no_reference(world: SimulatedWorld) -> Iterator[Violation]:
    """An event that is put on the bus after a redaction has no reference, also if it is a replay."""
    redacted: dict[str, Change] = {}
    for advance in advances(world).values():
        if advance.content["type"] == "verification.redacted":
            redacted.setdefault(advance.change.id, advance.change)
    for put in world.bus.accepted:
        data = put.detail["data"]
        change = redacted.get(data["id"])
        is_new = change and (data["sequence"] >= sequence(change.after) or _is_replay(put.by, change))
        if is_new and data["reference"] is not None:
            yield Violation("redacted", (data["id"],), f"{put.detail['id']} has a reference after the redaction")


def _is_replay(by: Any, change: Change) -> bool:
    return bool(by.function == "verifications" and by.started > change.time)


def failures_are_logged(world: SimulatedWorld) -> Iterator[Violation]:
    """An invocation that reports failed messages has a log line about a failure."""
    for invocation in world.functions.invocations:
        result = invocation.result if invocation.is_downstream else None
        if result and result["batchItemFailures"] and not _FAILURE_MESSAGES & set(invocation.logged):
            yield Violation("logged", tuple(invocation.about), f"{invocation.function} failed without a log line")


def _dead_letters(world: SimulatedWorld) -> set[tuple[str | None, str]]:
    """Returns (endpoint, event id) of each dead letter; the endpoint is None where the letter is for all endpoints."""
    found: set[tuple[str | None, str]] = set()
    bodies = world.dead_letter_bodies["DeliveryDeadLetterQueue"]
    for body in (*bodies, *(each.body for each in world.deliveries.dead_letters)):
        fields = json.loads(body)
        found.add((fields.get("endpoint"), (fields.get("event") or fields["detail"])["id"]))
    return found
