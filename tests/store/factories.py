"""Factories of verifications in every state. They use the store's own writes."""

import itertools
from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from typing import Any

from bridge.domain import schedule
from bridge.domain.ids import new_id
from bridge.domain.verification import Evidence, Status, Verification
from bridge.store import claims, completion, creation, reading, redaction, start_links
from bridge.store.claims import Claim
from bridge.store.completion import StatusUpdate
from bridge.store.items import Item, from_item, to_item
from bridge.store.table import Table, key

NOW = datetime(2026, 1, 31, 8, 1, 31, 500_000, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
EXPIRES_AT = NOW + timedelta(minutes=15)
FIRST_CHECK = EPOCH + schedule.FIRST_CHECK_SECONDS
LAST_CHECK = int(EXPIRES_AT.timestamp()) + schedule.AFTER_LINK_SECONDS
URL, TOKEN = "https://vendor.example/?token=4KK6FYHV", "4KK6FYHV"
VALID_UNTIL = NOW + timedelta(days=7)
UNOPENED_DUE = int(VALID_UNTIL.timestamp()) + schedule.AFTER_LINK_SECONDS
EVIDENCE = Evidence(f"records/ver_{'a' * 26}/{'0a1b' * 16}.json.gz", "0a1b" * 16, 2048)
REASONS = {Status.REJECTED: "document_copied", Status.FAILED: "vendor_error", Status.EXPIRED: "abandoned"}

# An attribute that a newer version may have written.
UNKNOWN = {"from_the_future": {"kept": [1, True, None]}}

_nonces = itertools.count()


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def nonce() -> str:
    return f"{next(_nonces):032x}"


def reservation(**changes: Any) -> Verification:
    made: dict[str, Any] = {
        "id": new_id(token_bytes),
        "principal": "shop",
        "status": Status.PENDING,
        "sequence": 0,
        "type": "00",
        "id_country": "MYS",
        "id_type": "ID_CARD",
        "redirect_url": "https://app.example.com/done?tab=1#top",
        "reference": "order-1",
        "metadata": {"cart": "7", "note": ""},
        "code": "cGF0aC1jb2RlLW9mLTI0LWJ5dGVz",
        "created_at": NOW,
        "updated_at": NOW,
        "expires_at": EXPIRES_AT,
        "fingerprint": "f" * 64,
        "attempt": nonce(),
        "lease_until": EPOCH + schedule.LEASE_SECONDS,
        "due_at": FIRST_CHECK,
    }
    return Verification(**{**made, **changes})


def reserved(table: Table, **changes: Any) -> Verification:
    made = reservation(**changes)
    assert creation.reserve(table, made, NOW) is None
    return made


def pending(table: Table, **changes: Any) -> Verification:
    return commit(table, reserved(table, **changes))


def commit(table: Table, made: Verification, *, token: str = TOKEN) -> Verification:
    return creation.commit_link(table, made, url=URL, token=token, now=later(1))


def unopened(table: Table, **changes: Any) -> Verification:
    """Creates a verification whose start page nobody has opened."""
    made = reserved(table, **{"valid_until": VALID_UNTIL, "expires_at": VALID_UNTIL, **changes})
    return creation.commit_without_link(table, made, due_at=UNOPENED_DUE, now=later(1))


def leased(table: Table, verification: Verification, now: datetime) -> Verification:
    found = start_links.lease(table, verification, nonce(), now)
    assert found is not None
    return found


def make_link(table: Table, verification: Verification, now: datetime, token: str = TOKEN) -> Verification:
    """Makes a link, as the start page does."""
    lifetime = timedelta(minutes=15)
    lease = leased(table, verification, now)
    found = start_links.commit(table, lease, url=URL, token=token, now=now, expires_at=now + lifetime)
    assert found is not None
    return found


def opened(table: Table, **changes: Any) -> Verification:
    return make_link(table, unopened(table, **changes), later(2))


def between_links(table: Table, status: Status = Status.PENDING, **changes: Any) -> Verification:
    """Creates a verification whose link has ended without a result, so that another may follow."""
    made = claimed(table, opened(table, **changes), later(1000))
    end: dict[str, Any] = {"due_at": UNOPENED_DUE, "expires_at": made.expires_at, "link_outcome": "abandoned"}
    if status is not Status.PENDING:
        return completion.advance(table, made, update(status, **end), later(1001))
    return completion.reschedule(table, made, now=later(1001), **end)


def reopened(table: Table, **changes: Any) -> Verification:
    """Creates a verification with a second link after one that ended."""
    return make_link(table, between_links(table, **changes), later(1002), "5LL")


def claim(table: Table, id: str, claimer: str, now: datetime) -> Claim:
    """Claims as a scheduled check does."""
    return claims.claim_on_schedule(table, id, claimer, now, None)


def claimed(table: Table, verification: Verification, now: datetime = NOW) -> Verification:
    found, is_claimed = claim(table, verification.id, nonce(), now)
    assert is_claimed
    assert found is not None
    return found


def rescheduled(
    table: Table, verification: Verification, due_at: int | None = EPOCH + 60, expires_at: datetime = EXPIRES_AT
) -> Verification:
    """Returns the verification after a check that changed nothing."""
    return completion.reschedule(
        table, verification, due_at=due_at, expires_at=expires_at, now=later(9), reason_code=verification.reason_code
    )


def failed_check(table: Table, verification: Verification, failures: int = 1) -> Verification:
    """Returns the verification after a check in which the vendor failed."""
    return completion.back_off(
        table,
        verification,
        due_at=EPOCH + 60,
        failures=failures,
        earlier_failures=0,
        is_counted=True,
        vendor_failed=True,
    )


def update(status: Status, **changes: Any) -> StatusUpdate:
    """Returns the update that a check writes."""
    due_at = None if status.is_final else LAST_CHECK
    found = StatusUpdate(status, EXPIRES_AT, due_at, REASONS.get(status), EVIDENCE)
    return found._replace(**changes)


def in_status(table: Table, status: Status, **changes: Any) -> Verification:
    """Creates a claimed verification, and advances it to `status` if that is above pending."""
    made = claimed(table, pending(table, **changes), later(2))
    return made if status is Status.PENDING else completion.advance(table, made, update(status), later(3))


def redacted(table: Table, status: Status = Status.VERIFIED) -> Verification:
    tombstone = redaction.redact(table, in_status(table, status), due_at=EPOCH + 120, now=later(4))
    assert tombstone is not None
    return tombstone


def failed_reservation(table: Table) -> Verification:
    failed = creation.fail_abandoned(table, reserved(table), later(schedule.LEASE_SECONDS + 1))
    assert failed
    return failed


def existing(table: Table, verification: Verification) -> Verification:
    found = reading.get(table, verification.id)
    assert found is not None
    return found


def item(table: Table, id: str) -> Item:
    """Returns the stored item in DynamoDB's JSON, or {} if there is none."""
    found: Item = table.client.get_item(TableName=table.name, Key=key(id), ConsistentRead=True).get("Item", {})
    return found


def row(table: Table, verification: Verification) -> dict[str, Any]:
    return from_item(item(table, verification.id))


def write(table: Table, verification: Verification, **changes: Any) -> None:
    """Sets attributes without any condition."""
    table.client.put_item(TableName=table.name, Item=item(table, verification.id) | to_item(changes))


def index(table: Table, name: str) -> set[str]:
    """Returns the ids in an index."""
    return {from_item(found)["id"] for found in table.client.scan(TableName=table.name, IndexName=name)["Items"]}


def is_empty(table: Table) -> bool:
    return not table.client.scan(TableName=table.name, ConsistentRead=True)["Items"]
