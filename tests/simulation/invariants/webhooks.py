"""Each advance becomes one event, which each endpoint that wants it gets, as it happened, and no other does."""

import json
from collections.abc import Iterator
from typing import Any

from bridge.domain.webhook_retries import GIVE_UP_AFTER
from bridge.store.endpoints import MAX_AGE
from tests.simulation import leaks
from tests.simulation.dynamodb import Change
from tests.simulation.receivers import Receiver
from tests.simulation.world import World

from .advances import advances, wants
from .history import Violation, sequence

_ROOT, _DETAIL = {"type", "timestamp", "data"}, {"id", "owner", "type", "timestamp", "data"}
_GIVEN_UP = {"message_failed", "event_not_published", "event_set_aside", "endpoint_off", "delivery_gave_up"}


def webhooks_are_delivered(world: World) -> Iterator[Violation]:
    """Each advance came to each endpoint that wants it, or lies among the dead letters."""
    letters = _letters(world)
    unpublished = {json.loads(body)["verification_id"] for body in world.letters["PublishDeadLetterQueue"]}
    unpublished |= {change.id for stream in world.streams for change in stream.given_up}
    for receiver in world.receivers.values():
        accepted = {webhook.id for webhook in receiver.got if webhook.is_accepted}
        for id, advance in advances(world).items():
            is_put_away = {(receiver.endpoint.name, id), (None, id)} & letters or advance.change.id in unpublished
            if wants(receiver.endpoint, advance) and id not in accepted and not is_put_away:
                yield Violation("delivered", (advance.change.id,), f"{id} never came to {receiver.endpoint.name}")


def letters_have_a_cause(world: World) -> Iterator[Violation]:
    """What deliver gave up was tried for 72 hours, or its endpoint is gone; what SQS gave up met a fault each time."""
    for body in world.letters["DeliveryDeadLetterQueue"]:
        fields = json.loads(body)
        receiver, event = world.receivers[fields["endpoint"]], fields["event"]
        is_gone = any(webhook.status == 410 for webhook in receiver.got)
        tried_for = world.kernel.now - receiver.tried.get(event["id"], world.kernel.now)
        if not is_gone and tried_for < GIVE_UP_AFTER - 60:
            yield Violation("letter", (event["data"]["id"],), f"{event['id']} for {fields['endpoint']} was given up")
    for message in world.deliveries.dead_letters:
        if not all(invocation.faults or invocation.is_late for invocation in message.given_to):
            yield Violation("letter", (message.about,), "tries failed without a fault")


def stream_has_every_advance(world: World) -> Iterator[Violation]:
    """The template's filter passes the writes that advanced a verification, and no others."""
    advanced = {id(advance.change): advance.change for advance in advances(world).values()}
    for stream in world.streams:
        passed = {id(change): change for change in stream.passed}
        for key in advanced.keys() ^ passed.keys():
            change = advanced.get(key) or passed[key]
            yield Violation("filter", (change.id,), "passed wrongly" if key in passed else "was not passed")


def webhooks_are_the_truth(world: World) -> Iterator[Violation]:
    """A webhook says what the record's history says, with a signature that verifies, and in the same bytes each time.
    A receiver that keeps the highest sequence ends with the record's last state."""
    happened = advances(world)
    for receiver in world.receivers.values():
        for webhook in receiver.got:
            advance = happened.get(webhook.id)
            about = (advance.change.id,) if advance else ()
            if not webhook.is_signed:
                yield Violation("signature", about, f"{webhook.id} does not verify")
            if advance is None or webhook.body not in advance.bodies:
                yield Violation("truth of events", about, f"{webhook.id} never happened so")
            elif not wants(receiver.endpoint, advance):
                yield Violation("wanted", about, f"{receiver.endpoint.name} does not want {webhook.id}")
        yield from _fault_of_last(world, receiver)


def _fault_of_last(world: World, receiver: Receiver) -> Iterator[Violation]:
    """What the receiver shows in the end against the record, where everything that it wants arrived."""
    accepted = {webhook.id for webhook in receiver.got if webhook.is_accepted}
    last: dict[str, tuple[int, str]] = {}
    missing = set()
    for id, advance in advances(world).items():
        if wants(receiver.endpoint, advance):
            data = advance.content["data"]
            last[data["id"]] = max(last.get(data["id"], (0, "")), (data["sequence"], data["status"]))
            missing |= set() if id in accepted else {data["id"]}
    for id, state in last.items():
        if id not in missing and receiver.latest.get(id) != state:
            yield Violation("order", (id,), f"{receiver.endpoint.name} shows {receiver.latest.get(id)}, not {state}")


def gone_receivers_are_left_alone(world: World) -> Iterator[Violation]:
    """One that responds 410 is switched off, and sent nothing more; but for processes that do not know it yet, and
    those that met a fault."""
    for name, receiver in world.receivers.items():
        for webhook in receiver.got:
            if webhook.status == 410 and not webhook.by.faults and name not in world.switches.off:
                yield Violation("gone", tuple(webhook.by.about), f"{name} is still on")
    for name, since in world.switches.off.items():
        for webhook in world.receivers[name].got:
            if webhook.time > since + MAX_AGE + 15 and not webhook.by.met("dynamodb"):
                yield Violation("gone", tuple(webhook.by.about), f"{name} was sent {webhook.id} although it is off")


def events_leak_nothing(world: World) -> Iterator[Violation]:
    """Events, messages and webhooks have the fields that the design names, and nothing of the person but reference."""
    for put in world.bus.taken:
        yield from _leaks("an event", put.detail, _DETAIL)
    for body in (*world.deliveries.bodies, *world.letters["DeliveryDeadLetterQueue"]):
        fields = json.loads(body)
        yield from _leaks("a message", fields.pop("event", None) or fields.pop("detail"), _DETAIL)
        if leaks.has_marker(json.dumps(fields)):
            yield Violation("event leaks", (), f"a message has the marker in {sorted(fields)}")
    for receiver in world.receivers.values():
        for webhook in receiver.got:
            yield from _leaks("a webhook", json.loads(webhook.body), _ROOT)


def _leaks(what: str, content: dict[str, Any], names: set[str]) -> Iterator[Violation]:
    data = content["data"]
    rest = {**content, "data": {**data, "reference": None}}
    if content.keys() != names or leaks.has_marker(json.dumps(rest)):
        yield Violation("event leaks", (data["id"],), f"{what} holds more than it should: {sorted(content)}")


def redacted_events_name_nobody(world: World) -> Iterator[Violation]:
    """An event that was made after a redaction has no reference, be it new or sent again."""
    redacted: dict[str, Change] = {}
    for advance in advances(world).values():
        if advance.content["type"] == "verification.redacted":
            redacted.setdefault(advance.change.id, advance.change)
    for put in world.bus.taken:
        data = put.detail["data"]
        change = redacted.get(data["id"])
        is_new = change and (data["sequence"] >= sequence(change.after) or _is_replay(put.by, change))
        if is_new and data["reference"] is not None:
            yield Violation("redacted", (data["id"],), f"{put.detail['id']} was made after the redaction")


def _is_replay(by: Any, change: Change) -> bool:
    return bool(by.function == "verifications" and by.started > change.time)


def failures_are_logged(world: World) -> Iterator[Violation]:
    """An invocation that lives to report a failure has a line that says so, for each message that it fails."""
    for invocation in world.functions.invocations:
        result = invocation.result if invocation.is_downstream else None
        if result and result["batchItemFailures"] and not _GIVEN_UP & set(invocation.logged):
            yield Violation("logged", tuple(invocation.about), f"{invocation.function} failed without a word")


def _letters(world: World) -> set[tuple[str | None, str]]:
    """(endpoint, event) of each dead letter; without an endpoint for what is for all that want it."""
    found: set[tuple[str | None, str]] = set()
    bodies = [*world.letters["DeliveryDeadLetterQueue"], *(each.body for each in world.deliveries.dead_letters)]
    for body in bodies:
        fields = json.loads(body)
        found.add((fields.get("endpoint"), (fields.get("event") or fields["detail"])["id"]))
    return found
