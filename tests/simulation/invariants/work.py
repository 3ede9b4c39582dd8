"""Rules about what a run may leave: no work, no message, no item beyond its retention."""

import traceback
from collections.abc import Iterator

from tests.simulation.queue import id_in
from tests.simulation.world import SimulatedWorld

from .history import Violation, histories


def nothing_is_left_to_do(world: SimulatedWorld) -> Iterator[Violation]:
    for history in histories(world):
        if "due_at" in history.item or "due_shard" in history.item:
            yield Violation("left", history.about, "is still due")
    if len(world.table.indexes["due"]):
        yield Violation("left", (), "the due index is not empty")
    for name, queue in world.queues.items():
        for message in list(queue.messages.values())[:1]:
            yield Violation("left", (message.about,), f"{len(queue.messages)} messages are in {name}")
    if any(map(len, world.streams)):
        yield Violation("left", (), "the stream was not read to its end")
    if world.open_people():
        yield Violation("left", (), f"{world.open_people()} people have not finished")


def dead_letters_have_a_cause(world: SimulatedWorld) -> Iterator[Violation]:
    """A message is a dead letter only if each attempt had a fault, or if SQS returned it after a delete."""
    for message in world.queue.dead_letters:
        caused = all(invocation.faults or invocation.timed_out for invocation in message.given_to)
        if not caused and message.body not in world.queue.redelivered:
            yield Violation("dead letter", (id_in(message.body),), "attempts failed without a fault")


def handlers_raise_no_unknown_error(world: SimulatedWorld) -> Iterator[Violation]:
    for invocation, error in world.functions.unknown_errors:
        origin = error.__context__ or error
        where = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(origin.__traceback__)][-4:]
        yield Violation("errors", tuple(invocation.about), f"{invocation.function}: {origin!r} at {where}")


def retention_clears_the_table(world: SimulatedWorld) -> Iterator[Violation]:
    """After RetentionDays, DynamoDB has deleted every item."""
    days = float(world.parameters["RetentionDays"]) + 1
    kept = dict(world.table.items)
    world.table.expire(world.kernel.now + days * 86400)
    for id in world.table.items:
        yield Violation("retention", (id,), "is kept longer than RetentionDays")
    world.table.items.update(kept)
