"""When a start page may make a link, and what follows when a link ends."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.domain import links, schedule
from bridge.domain.checks import CallClass, Check, after_decision, link_expires_at
from bridge.domain.decision import Decision
from bridge.domain.links import LinkState
from bridge.domain.verification import EndedLink, Status, Verification
from tests.unit.builders import reservation, vendor_record

NOW = datetime.fromisoformat("2026-01-31T08:00:00.900+00:00")
EPOCH = int(NOW.timestamp())
DAY = 86400
EARLIER = tuple(EndedLink(token, NOW, NOW, "abandoned") for token in ("first", "second"))


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def unopened(**changes: Any) -> Verification:
    """Returns a verification that is valid for a day and has no link yet."""
    created = {"sequence": 1, "lease_until": None, "created_at": at(-60), "expires_at": at(DAY), "valid_until": at(DAY)}
    return reservation(**created | changes)


def opened(**changes: Any) -> Verification:
    link = {"token": "current", "url": "https://vendor.example", "link_created_at": at(-9), "expires_at": at(600)}
    return unopened(**link | changes)


def after_link(earlier: int = 0, **changes: Any) -> Verification:
    """Returns a verification whose last link has ended, after `earlier` others."""
    return opened(url=None, link_outcome="not_started", expires_at=at(-900), ended_links=EARLIER[:earlier], **changes)


READY, USABLE, WAIT = LinkState.READY, LinkState.USABLE, LinkState.WAIT


@pytest.mark.parametrize(
    ("verification", "state", "may_make_link", "left"),
    [
        (unopened(), READY, True, 3),
        (unopened(status=Status.PROCESSING), READY, True, 3),
        (unopened(valid_until=at(0.001)), READY, True, 3),
        (unopened(valid_until=NOW), WAIT, False, 3),
        (unopened(valid_until=None), WAIT, False, 3),
        (unopened(status=Status.EXPIRED), WAIT, False, 3),
        (unopened(lease_until=EPOCH - 1), READY, True, 3),
        # The lease counts whole seconds. It ends with its last second.
        (unopened(lease_until=EPOCH), WAIT, True, 3),
        (unopened(lease_until=EPOCH + 1), WAIT, True, 3),
        (opened(), USABLE, False, 2),
        (opened(status=Status.PROCESSING), USABLE, False, 2),
        (opened(lease_until=EPOCH + 1), USABLE, False, 2),
        # A link that was made just before valid_until is usable after it.
        (opened(valid_until=at(-1)), USABLE, False, 2),
        (opened(expires_at=at(0.001)), USABLE, False, 2),
        # The link has expired, but no check has ended it.
        (opened(expires_at=NOW), WAIT, False, 2),
        (opened(status=Status.VERIFIED), WAIT, False, 2),
        (after_link(0), READY, True, 2),
        (after_link(1), READY, True, 1),
        (after_link(2), WAIT, False, 0),
        (after_link(0, valid_until=NOW), WAIT, False, 2),
        (after_link(0, lease_until=EPOCH), WAIT, True, 2),
        (after_link(0, status=Status.EXPIRED), WAIT, False, 2),
    ],
)
def test_a_link_may_be_made_only_while_no_other_can_still_succeed(
    verification: Verification, state: LinkState, may_make_link: bool, left: int
) -> None:
    assert links.state(verification, NOW) is state
    assert links.may_make_link(verification, NOW) is may_make_link
    assert links.left(verification) == left


@pytest.mark.parametrize(
    ("verification", "seconds"),
    [(unopened(), DAY), (opened(), 600), (opened(expires_at=at(-900)), -900), (after_link(), DAY)],
    ids=["unopened", "open", "not yet checked", "ended"],
)
def test_a_start_page_waits_for_the_link_to_end_or_else_for_valid_until(
    verification: Verification, seconds: int
) -> None:
    assert links.waiting_since(verification) == at(seconds)


UNFINISHED, FAILED = Decision(Status.EXPIRED, "abandoned"), Decision(Status.FAILED, "vendor_error")


@pytest.mark.parametrize(
    ("verification", "decision", "may_follow"),
    [
        (opened(), UNFINISHED, True),
        (opened(status=Status.PROCESSING), FAILED, True),
        (opened(ended_links=EARLIER[:1]), UNFINISHED, True),
        (opened(ended_links=EARLIER), UNFINISHED, False),
        (opened(valid_until=at(0.001)), UNFINISHED, True),
        (opened(valid_until=NOW), UNFINISHED, False),
        (opened(valid_until=None), UNFINISHED, False),
        (opened(status=Status.EXPIRED), UNFINISHED, False),
        (opened(status=Status.REJECTED), FAILED, False),
        *((opened(), Decision(status), False) for status in Status if status not in (Status.EXPIRED, Status.FAILED)),
    ],
)
def test_another_link_may_follow_an_unfinished_one_until_valid_until(
    verification: Verification, decision: Decision, may_follow: bool
) -> None:
    assert links.another_may_follow(verification, decision, NOW) is may_follow


@pytest.mark.parametrize(
    ("verification", "ends_in"),
    [
        (unopened(), DAY),
        (after_link(1), DAY),
        (opened(), DAY),
        # The last link was made just before valid_until.
        (opened(valid_until=at(5)), 600),
        (opened(valid_until=None), 600),
    ],
)
def test_a_verification_ends_with_its_last_link_or_at_valid_until(verification: Verification, ends_in: int) -> None:
    assert verification.ends_at == at(ends_in)
    assert links.due_without_link(verification) == EPOCH + ends_in + schedule.AFTER_LINK_SECONDS


@pytest.mark.parametrize(
    ("verification", "ended"),
    [
        (unopened(), ()),
        (opened(), ()),
        (opened(ended_links=EARLIER[:1]), EARLIER[:1]),
        (after_link(), (EndedLink("current", at(-9), at(-900), "not_started"),)),
        (after_link(1), (EARLIER[0], EndedLink("current", at(-9), at(-900), "not_started"))),
        (unopened(link_outcome="not_started", ended_links=EARLIER[:1]), EARLIER[:1]),
    ],
)
def test_the_current_link_is_listed_as_ended_only_if_it_has_ended(
    verification: Verification, ended: tuple[EndedLink, ...]
) -> None:
    assert links.ended(verification) == ended


@pytest.mark.parametrize(("made_at", "expected"), [(at(-9), at(-9)), (None, at(-60))])
def test_the_lifetime_of_a_link_counts_from_its_creation(made_at: datetime | None, expected: datetime) -> None:
    verification = opened(link_created_at=made_at)
    assert links.link_created_at(verification) == expected
    assert link_expires_at(verification, vendor_record(lifetime=100.0)) == expected + timedelta(seconds=100)
    assert link_expires_at(verification, vendor_record(lifetime=None)) == at(600)


REJECTED = Decision(Status.REJECTED, "document_copied")
SOON = EPOCH + schedule.FOLLOW_UP_SECONDS[0]


@pytest.mark.parametrize(
    ("call", "verification", "decision", "due_at"),
    [
        (CallClass.RETURN, opened(ended_links=EARLIER[:1]), REJECTED, SOON),
        (CallClass.RETURN, opened(ended_links=EARLIER, status=Status.REJECTED), Decision(Status.PROCESSING), SOON),
        (CallClass.RETURN, opened(ended_links=EARLIER[:1]), Decision(Status.VERIFIED), None),
        (CallClass.RETURN, opened(), REJECTED, None),
        (CallClass.BACKGROUND, opened(ended_links=EARLIER[:1]), REJECTED, None),
        (CallClass.REFRESH, opened(ended_links=EARLIER[:1]), REJECTED, None),
    ],
)
def test_a_return_without_success_schedules_a_check_of_the_earlier_links(
    call: CallClass, verification: Verification, decision: Decision, due_at: int | None
) -> None:
    assert after_decision(verification, Check(call, NOW), decision, at(600), is_started=True) == due_at
