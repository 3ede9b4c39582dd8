"""The history of each record, by the table's stream."""

from collections.abc import Iterator

from tests.simulation.world import World

from .history import RANKS, History, is_final, of_each, sequence, status, text


@of_each("sequence")
def sequence_has_no_gap(world: World, history: History) -> Iterator[str]:
    """Each advance is one stream record with one more in `sequence`, and so is redacting; nothing else counts up."""
    for change in history.changes:
        if change.after is None or change.before is None:
            continue
        step = sequence(change.after) - sequence(change.before)
        rose = status(change.before) != status(change.after)
        handed_out = sequence(change.before) == 0 and step == 1
        is_new = sequence(change.before) == 0 and step == 0 and not rose
        was_redacted = "redacted_at" in change.after and "redacted_at" not in change.before
        if not (handed_out or is_new or step == int(rose or was_redacted)):
            yield f"{status(change.before)} → {status(change.after)} with sequence {step:+d}"


@of_each("history")
def history_has_every_advance(world: World, history: History) -> Iterator[str]:
    """Each advance appends one entry, and is marked for the stream; no other write does either."""
    for change in history.changes:
        if change.after is None:
            continue
        entries = change.after.get("history", {"L": []})["L"]
        last = entries[-1]["M"]["status"]["S"] if entries else None
        if len(entries) != sequence(change.after) or (entries and last != status(change.after)):
            yield f"{len(entries)} entries, the last {last}"
        advanced = sequence(change.after) != sequence(change.before)
        if ("advanced" in change.after) != advanced:
            yield f"marked wrongly at sequence {sequence(change.after)}"


@of_each("advances")
def status_only_advances(world: World, history: History) -> Iterator[str]:
    """pending < processing < rejected, failed, expired < verified, also where an item is put anew."""
    for change in history.status_changes():
        before, after = status(change.before) or "", status(change.after) or ""
        if RANKS[after] <= RANKS[before]:
            yield f"{before} → {after}"


@of_each("ttl")
def only_final_ones_have_a_ttl(world: World, history: History) -> Iterator[str]:
    """Open ones never vanish; final ones always do."""
    for change in history.changes:
        if change.after and not is_final(change.after) and "ttl" in change.after:
            yield f"{status(change.after)} with a ttl"
    if is_final(history.item) and "ttl" not in history.item:
        yield f"{status(history.item)} without a ttl"


@of_each("settled")
def reservations_are_settled(world: World, history: History) -> Iterator[str]:
    """No reservation and nothing open is left, and a verification without a link is failed."""
    if not is_final(history.item):
        yield f"still {status(history.item)}, sequence {sequence(history.item)}"
    handed_out = history.id in history.person.ids
    if handed_out and text(history.item, "reason_code") == "link_not_created":
        yield "handed out, and link_not_created"
