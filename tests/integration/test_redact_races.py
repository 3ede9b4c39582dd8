"""Redacting wins against whatever runs at the same moment: each order of the calls of both is tried."""

from collections.abc import Callable

import pytest

from bridge.aws.due_queue import DueMessage
from bridge.dependencies import Dependencies
from bridge.domain.verification import Verification
from bridge.use_cases.finalize import finalize
from bridge.use_cases.redact import redact
from tests.integration.harness import CALLER, Aws, Clock, Functions, check, new, return_path, token_of
from tests.integration.stored_state import StoredState
from tests.integration.test_redact import PERSONAL
from tests.marks import slow_but
from tests.sandbox.sandbox import Sandbox

Actor = Callable[[Dependencies, Functions, Verification], object]

# More than any of them makes; what is due before a call that does not come happens at the end.
CALLS = range(1, 9)
ACTORS: dict[str, Actor] = {
    "return": lambda deps, functions, verification: functions.browser(return_path(verification)),
    "refresh": lambda deps, functions, verification: functions.api("POST", f"/verifications/{verification.id}/refresh"),
    "finalize": lambda deps, functions, verification: finalize(deps, DueMessage(verification.id, None)),
    "read": lambda deps, functions, verification: functions.api(
        "GET", f"/verifications/{verification.id}", query={"expand": "result"}
    ),
}


class Once:
    """An action that happens once, at the latest when it is asked for."""

    def __init__(self, action: Callable[[], object]) -> None:
        self._action = action
        self.is_done = False

    def __call__(self) -> None:
        if not self.is_done:
            self.is_done = True
            self._action()


@pytest.fixture
def verification(request: pytest.FixtureRequest, sandbox: Sandbox, deps: Dependencies, clock: Clock) -> Verification:
    """One that the vendor calls verified; for those who read, it already is."""
    made = new(deps, reference="customer-42", metadata={"campaign": "spring"})
    sandbox.vendor.play(token_of(made), "verified")
    if request.node.callspec.params["name"] == "read":
        check(deps, made.id)
        clock.advance(6)
    return made


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", slow_but("return", of=ACTORS))
def test_a_redaction_before_any_call_of_another_leaves_nothing_of_the_person(
    sandbox: Sandbox,
    deps: Dependencies,
    functions: Functions,
    stored: StoredState,
    aws: Aws,
    clock: Clock,
    verification: Verification,
    name: str,
    call: int,
) -> None:
    redacted = Once(lambda: redact(deps, CALLER, verification.id))
    aws.before_call(call, redacted)

    ACTORS[name](deps, functions, verification)
    redacted()

    _is_gone(sandbox, deps, stored, clock, verification)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", slow_but("return", of=ACTORS))
def test_another_before_any_call_of_a_redaction_leaves_nothing_of_the_person(
    sandbox: Sandbox,
    deps: Dependencies,
    functions: Functions,
    stored: StoredState,
    aws: Aws,
    clock: Clock,
    verification: Verification,
    name: str,
    call: int,
) -> None:
    other = Once(lambda: ACTORS[name](deps, functions, verification))
    aws.before_call(call, other)

    redact(deps, CALLER, verification.id)
    other()

    _is_gone(sandbox, deps, stored, clock, verification)


@pytest.mark.parametrize("name", ["return"])
def test_a_message_from_before_a_redaction_does_not_end_the_wait_for_what_is_under_way(
    sandbox: Sandbox,
    deps: Dependencies,
    functions: Functions,
    stored: StoredState,
    aws: Aws,
    clock: Clock,
    verification: Verification,
    name: str,
) -> None:
    def redacted_then_finalized() -> None:
        redact(deps, CALLER, verification.id)
        finalize(deps, DueMessage(verification.id, None))

    aws.before_next("s3.PutObject", redacted_then_finalized)

    ACTORS[name](deps, functions, verification)

    assert stored.objects(verification.id), "put down after both"
    _is_gone(sandbox, deps, stored, clock, verification)


def _is_gone(
    sandbox: Sandbox, deps: Dependencies, stored: StoredState, clock: Clock, verification: Verification
) -> None:
    """At once from the table; from the bucket, when the tombstone has been looked at."""
    row = stored.row(verification.id)
    assert "redacted_at" in row
    assert row.keys().isdisjoint(PERSONAL)
    clock.go_to(stored.due()[verification.id])
    sandbox.sweep_now()
    sandbox.drain_queue()
    assert stored.objects(verification.id) == []
    assert stored.row(verification.id).keys().isdisjoint(PERSONAL)
    assert stored.due() == {}
