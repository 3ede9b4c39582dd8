"""Rules about the writes of each item, which the table's stream has."""

from collections.abc import Iterator

from tests.simulation.world import SimulatedWorld

from .history import RANKS, History, is_final, of_each, sequence, status, text


@of_each("sequence")
def sequence_has_no_gap(world: SimulatedWorld, history: History) -> Iterator[str]:
    """Each advance is one write that adds one to `sequence`; so is a redaction. No other write changes it."""
    for change in history.changes:
        if change.after is None or change.before is None:
            continue
        step = sequence(change.after) - sequence(change.before)
        is_advance = status(change.before) != status(change.after)
        is_commit = sequence(change.before) == 0 and step == 1
        is_reservation = sequence(change.before) == 0 and step == 0 and not is_advance
        was_redacted = "redacted_at" in change.after and "redacted_at" not in change.before
        if not (is_commit or is_reservation or step == int(is_advance or was_redacted)):
            yield f"{status(change.before)} → {status(change.after)} with sequence {step:+d}"


@of_each("history")
def history_has_every_advance(world: SimulatedWorld, history: History) -> Iterator[str]:
    """Each advance appends one entry to `history` and sets `advanced`. No other write does."""
    for change in history.changes:
        if change.after is None:
            continue
        entries = change.after.get("history", {"L": []})["L"]
        last = entries[-1]["M"]["status"]["S"] if entries else None
        if len(entries) != sequence(change.after) or (entries and last != status(change.after)):
            yield f"{len(entries)} entries, the last {last}"
        advanced = sequence(change.after) != sequence(change.before)
        if ("advanced" in change.after) != advanced:
            yield f"`advanced` is wrong at sequence {sequence(change.after)}"


@of_each("advances")
def status_only_advances(world: SimulatedWorld, history: History) -> Iterator[str]:
    """pending < processing < rejected, failed, expired < verified, also where a put replaces an item."""
    for change in history.status_changes():
        before, after = status(change.before) or "", status(change.after) or ""
        if RANKS[after] <= RANKS[before]:
            yield f"{before} → {after}"


@of_each("ttl")
def only_final_verifications_have_a_ttl(world: SimulatedWorld, history: History) -> Iterator[str]:
    """DynamoDB deletes final verifications only."""
    for change in history.changes:
        if change.after and not is_final(change.after) and "ttl" in change.after:
            yield f"{status(change.after)} with a ttl"
    if is_final(history.item) and "ttl" not in history.item:
        yield f"{status(history.item)} without a ttl"


@of_each("ended")
def every_verification_ends(world: SimulatedWorld, history: History) -> Iterator[str]:
    """No reservation and no open verification is left. One that a caller got never ends as link_not_created."""
    if not is_final(history.item):
        yield f"still {status(history.item)}, sequence {sequence(history.item)}"
    if history.id in history.person.ids and text(history.item, "reason_code") == "link_not_created":
        yield "a caller got it, and it ended as link_not_created"
