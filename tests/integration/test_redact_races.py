"""A redaction wins against any concurrent request: the tests try each order of the calls of both."""

from collections.abc import Callable

import pytest

from bridge.domain.verification import Verification
from bridge.use_cases.redact import redact
from tests.integration.harness import CALLER, World
from tests.integration.stored_state import PERSONAL
from tests.marks import slow_except

# More calls than any actor makes. If the chosen call is never made, the action runs at the end.
CALLS = range(1, 9)
ACTORS: dict[str, Callable[[World, Verification], object]] = {
    "return": World.returns,
    "refresh": World.refresh,
    "finalize": World.finalize,
    "read": World.read_result,
}


class Once:
    """An action that runs only on the first call."""

    def __init__(self, action: Callable[[], object]) -> None:
        self._action: Callable[[], object] | None = action

    def __call__(self) -> None:
        action, self._action = self._action, None
        if action:
            action()


@pytest.fixture
def verification(world: World, request: pytest.FixtureRequest) -> Verification:
    """A verification that is verified at the vendor; for the actor `read` the bridge has checked it, too."""
    made = world.new("verified", reference="customer-42", metadata={"campaign": "spring"})
    if request.node.callspec.params["name"] == "read":
        world.check(made)
        world.clock.advance(6)
    return made


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", slow_except("return", of=ACTORS))
def test_a_redaction_before_any_call_of_another_request_leaves_no_data(
    world: World, verification: Verification, name: str, call: int
) -> None:
    redacted = Once(lambda: redact(world.deps, CALLER, verification.id))
    world.aws.before_call(call, redacted)

    ACTORS[name](world, verification)
    redacted()

    _assert_erased(world, verification)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", slow_except("return", of=ACTORS))
def test_another_request_before_any_call_of_a_redaction_leaves_no_data(
    world: World, verification: Verification, name: str, call: int
) -> None:
    other = Once(lambda: ACTORS[name](world, verification))
    world.aws.before_call(call, other)

    redact(world.deps, CALLER, verification.id)
    other()

    _assert_erased(world, verification)


def test_an_older_message_does_not_cancel_the_late_erasure(world: World) -> None:
    verification = world.new("verified")

    def redacted_then_finalized() -> None:
        redact(world.deps, CALLER, verification.id)
        world.finalize(verification)

    world.aws.before_next("s3.PutObject", redacted_then_finalized)

    world.returns(verification)

    assert world.stored.objects(verification.id), "stored after both"
    _assert_erased(world, verification)


def _assert_erased(world: World, verification: Verification) -> None:
    """Checks that the data is gone from the table now, and from the bucket once the tombstone has been due."""
    row = world.row(verification)
    assert "redacted_at" in row
    assert row.keys().isdisjoint(PERSONAL)
    world.clock.go_to(world.due_at(verification))
    world.sweep_and_drain()
    assert world.stored.objects(verification.id) == []
    assert world.row(verification).keys().isdisjoint(PERSONAL)
    assert world.stored.due() == {}
