"""Steps of the tests of start pages' links: the person taps the button TAP seconds after NOW."""

from collections.abc import Callable

from bridge.domain import schedule
from bridge.domain.verification import Status, Verification
from bridge.store import redaction, start_links
from bridge.store.table import Table
from tests.store.factories import EPOCH, REASONS, later, write

Make = Callable[[Table], Verification]
AFTER_LEASE = schedule.LEASE_SECONDS + 1
TAP = 2000
FINAL = [status for status in Status if status.is_final]


def redacted(table: Table, made: Verification) -> None:
    assert redaction.redact(table, made, due_at=EPOCH, now=later(TAP))


def ended(status: Status) -> Callable[[Table, Verification], None]:
    def end(table: Table, made: Verification) -> None:
        write(table, made, status=status.value, reason_code=REASONS.get(status, "none"))

    return end


def commit(table: Table, lease: Verification, *, token: str = "5LL", at: float = TAP + 1) -> Verification | None:
    expires_at = later(at + 900)
    return start_links.commit(
        table, lease, url="https://new.example", token=token, now=later(at), expires_at=expires_at
    )
