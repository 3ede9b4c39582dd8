"""The history of each record, as the table's stream tells it."""

from collections.abc import Iterator

from tests.simulation.world import World

from .looking import RANKS, cases, is_final, sequence, status, text
from .violation import Violation


def sequence_has_no_gap(world: World) -> Iterator[Violation]:
    """Each rise is one stream record with one more in `sequence`, and so is redacting; nothing else counts up."""
    for case in cases(world):
        for change in case.history:
            if change.after is None or change.before is None:
                continue
            step = sequence(change.after) - sequence(change.before)
            rose = status(change.before) != status(change.after)
            handed_out = sequence(change.before) == 0 and step == 1
            is_new = sequence(change.before) == 0 and step == 0 and not rose
            was_redacted = "redacted_at" in change.after and "redacted_at" not in change.before
            if not (handed_out or is_new or step == int(rose or was_redacted)):
                reported = f"{status(change.before)} → {status(change.after)} with sequence {step:+d}"
                yield Violation("sequence", case.about, reported)


def history_has_every_advance(world: World) -> Iterator[Violation]:
    """Each advance appends one entry, and is marked for the stream; no other write does either."""
    for case in cases(world):
        for change in case.history:
            if change.after is None:
                continue
            entries = change.after.get("history", {"L": []})["L"]
            last = entries[-1]["M"]["status"]["S"] if entries else None
            if len(entries) != sequence(change.after) or (entries and last != status(change.after)):
                yield Violation("history", case.about, f"{len(entries)} entries, the last {last}, after {change.after}")
            advanced = sequence(change.after) != sequence(change.before)
            if ("advanced" in change.after) != advanced:
                yield Violation("history", case.about, f"{'no ' * advanced}marker at sequence {sequence(change.after)}")


def status_only_rises(world: World) -> Iterator[Violation]:
    """pending < processing < rejected, failed, expired < verified, also where an item is put anew."""
    for case in cases(world):
        for change in case.rises():
            before, after = status(change.before) or "", status(change.after) or ""
            if RANKS[after] <= RANKS[before]:
                yield Violation("rises", case.about, f"{before} → {after}")


def only_final_ones_have_a_ttl(world: World) -> Iterator[Violation]:
    """Open ones never vanish; final ones always do."""
    for case in cases(world):
        for change in case.history:
            if change.after and not is_final(change.after) and "ttl" in change.after:
                yield Violation("ttl", case.about, f"{status(change.after)} with a ttl")
        if is_final(case.item) and "ttl" not in case.item:
            yield Violation("ttl", case.about, f"{status(case.item)} without a ttl")


def reservations_are_settled(world: World) -> Iterator[Violation]:
    """No reservation and nothing open is left, and what nobody got is failed."""
    for case in cases(world):
        if not is_final(case.item):
            yield Violation("settled", case.about, f"still {status(case.item)}, sequence {sequence(case.item)}")
        handed_out = case.id in case.person.ids
        if handed_out and text(case.item, "reason_code") == "link_not_created":
            yield Violation("settled", case.about, "handed out, and link_not_created")
