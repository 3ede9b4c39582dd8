"""The vendor's links of a verification that was created with `"link": "on_open"`.

Its start page makes a link when the person asks for one, and another one after a link ended without a result. There is
never more than one link that can be used.
"""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from bridge.domain import schedule
from bridge.domain.verification import EndedLink, Status, Verification

if TYPE_CHECKING:
    from bridge.domain.decision import Decision

MAX_LINKS = 3

# Seconds in which links may be made.
MIN_VALID_FOR = 60
MAX_VALID_FOR = 30 * 86400
DEFAULT_VALID_FOR = 7 * 86400


class LinkState(StrEnum):
    """What the start page has to offer.

    READY: a link may be made. USABLE: there is one. WAIT: one is being made, or the last one is still being checked.
    """

    READY = "ready"
    USABLE = "usable"
    WAIT = "wait"


def state(v: Verification, now: datetime) -> LinkState:
    if v.link_is_usable(now):
        return LinkState.USABLE
    is_leased = v.lease_until is not None and int(now.timestamp()) <= v.lease_until
    return LinkState.READY if may_make_link(v, now) and not is_leased else LinkState.WAIT


def may_make_link(v: Verification, now: datetime) -> bool:
    """Whether a link may be made now: the verification is open and valid, and has no link that may still succeed."""
    if v.valid_until is None or v.status.is_final or now >= v.valid_until:
        return False
    return v.token is None or (v.link_outcome is not None and len(v.ended_links) + 1 < MAX_LINKS)


def status_after(outcome: str) -> Status:
    """The status of a verification whose last link ended with this outcome."""
    return Status.EXPIRED if outcome in ("not_started", "abandoned") else Status.FAILED


def waiting_since(v: Verification) -> datetime:
    """When the wait began, or will begin: at the end of the current link, or of the time for another one."""
    return v.ends_at if v.token is None or v.link_outcome else v.expires_at


def left(v: Verification) -> int:
    """How many links may still be made."""
    return MAX_LINKS - len(v.ended_links) - (v.token is not None)


def another_may_follow(v: Verification, decision: "Decision", at: datetime) -> bool:
    """Whether a decision ends the link but not the verification. A rejection ends both."""
    is_unfinished = decision.status in (Status.EXPIRED, Status.FAILED) and not v.status.is_final
    return is_unfinished and v.valid_until is not None and at < v.valid_until and left(v) > 0


def due_without_link(v: Verification) -> int:
    """When a verification is due whose last link has ended, or that has none (epoch seconds)."""
    return int(v.ends_at.timestamp()) + schedule.AFTER_LINK_SECONDS


def ended(v: Verification) -> tuple[EndedLink, ...]:
    """All links that have ended, the current one too if it has."""
    if v.token is None or v.link_outcome is None:
        return v.ended_links
    return (*v.ended_links, EndedLink(v.token, link_created_at(v), v.expires_at, v.link_outcome))


def link_created_at(v: Verification) -> datetime:
    """When the current link was made."""
    return v.link_created_at or v.created_at
