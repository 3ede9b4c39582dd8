"""Claim → vendor → rise or postpone."""

import dataclasses
from datetime import datetime, timedelta
from typing import Any

from bridge import schedule
from bridge.models import Evidence, Status, Verification, timestamp
from bridge.store.rows import due_shard
from bridge.store.table import ConditionFailed, Table

# Seconds in which the vendor is asked about one verification at most once.
QUIET = 5

# How long after the end of a link a late proof is still looked for.
LATE_PROOF = timedelta(days=7)

_WITH_VENDOR = "attribute_exists(#token) AND #sequence > :zero"
_NOT_REDACTED = "attribute_not_exists(#redacted_at)"
_IS_QUIET = "(attribute_not_exists(#asked_at) OR #asked_at <= :quiet)"
_MAY_RISE = "(#status IN (:pending, :processing) OR (#status <> :verified AND #expires_at > :late))"


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """What an asker found. `due_at` in epoch seconds; None: it need not be looked at again."""

    status: Status
    expires_at: datetime
    due_at: int | None
    reason_code: str | None = None
    result: str | None = None
    evidence: Evidence | None = None


def claim(
    table: Table, id: str, asker: str, now: datetime, *, code: str | None = None, principal: str | None = None
) -> tuple[Verification | None, bool]:
    """Claims the right to ask the vendor: the verification (None if there is none), and whether it was claimed.

    With `code` or `principal` only what is theirs is claimed; one that was not claimed may be another's, so look. Who
    claims and dies leaves it due again after schedule.CLAIM seconds, and was perhaps told: until a look is known to be
    vain, its time stands as the last at which the vendor was heard.
    """
    millis = int(now.timestamp() * 1000)
    condition = f"{_WITH_VENDOR} AND {_NOT_REDACTED} AND {_IS_QUIET} AND {_MAY_RISE}"
    bind: dict[str, Any] = {
        ":zero": 0,
        ":quiet": millis - QUIET * 1000,
        ":late": timestamp(now - LATE_PROOF),
        ":pending": Status.PENDING.value,
        ":processing": Status.PROCESSING.value,
        ":verified": Status.VERIFIED.value,
    }
    if code is not None:
        condition += " AND #code = :code"
        bind[":code"] = code
    if principal is not None:
        condition += " AND #principal = :principal"
        bind[":principal"] = principal
    seconds = int(now.timestamp())
    change = {"asked_at": millis, "asked_by": asker, "open_at": seconds, **_due(id, seconds + schedule.CLAIM)}
    try:
        return table.update(id, condition=condition, bind=bind, change=change, move={"heard_at": "open_at"}), True
    except ConditionFailed as failed:
        standing = failed.standing
        # The answer to it may have been lost; what was redacted meanwhile is nobody's to ask about.
        return standing, standing is not None and standing.asked_by == asker and standing.redacted_at is None


def rise(table: Table, verification: Verification, finding: Finding, now: datetime) -> Verification:
    """Writes a higher status and what shows it; the verification as it stands afterwards, whoever wrote it."""
    change: dict[str, Any] = {
        "status": finding.status.value,
        "updated_at": timestamp(now),
        "expires_at": timestamp(finding.expires_at),
    }
    remove = ["failures", "open_at", "heard_at"]
    if finding.reason_code is None:
        remove.append("reason_code")
    else:
        change["reason_code"] = finding.reason_code
    if finding.result is not None:
        change["result"] = finding.result
    if finding.evidence is not None:
        evidence = finding.evidence
        change["evidence"] = {"key": evidence.key, "sha256": evidence.sha256, "size": evidence.size}
    if finding.status.is_final:
        change["ttl"] = int(now.timestamp()) + table.retention
    _set_due(verification.id, finding.due_at, change, remove)
    lower = {f":lower{i}": status.value for i, status in enumerate(finding.status.lower_ones)}
    try:
        return table.update(
            verification.id,
            condition=f"{_NOT_REDACTED} AND #status IN ({', '.join(lower)})",
            bind=lower,
            change=change,
            remove=remove,
            one_more="sequence",
        )
    except ConditionFailed as failed:
        return failed.standing or verification


def postpone(
    table: Table,
    verification: Verification,
    *,
    due_at: int | None,
    expires_at: datetime,
    failures: int = 0,
    is_vain: bool = False,
) -> Verification:
    """Says when to look again, the status staying. Only the last who claimed may: a slower one knows less.

    `is_vain`: the vendor was not heard.
    """
    change: dict[str, Any] = {"expires_at": timestamp(expires_at), "failures": failures}
    if is_vain:
        change["open_at"] = verification.heard_at
    remove: list[str] = []
    _set_due(verification.id, due_at, change, remove)
    try:
        return table.update(
            verification.id,
            condition=f"{_NOT_REDACTED} AND #status = :status AND #asked_by = :asker",
            bind={":status": verification.status.value, ":asker": verification.asked_by},
            change=change,
            remove=remove,
        )
    except ConditionFailed as failed:
        return failed.standing or verification


def _set_due(id: str, due_at: int | None, change: dict[str, Any], remove: list[str]) -> None:
    if due_at is None:
        remove += ["due_at", "due_shard"]
    else:
        change.update(_due(id, due_at))


def _due(id: str, due_at: int) -> dict[str, Any]:
    return {"due_at": due_at, "due_shard": due_shard(id)}
