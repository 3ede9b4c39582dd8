"""The world of the integration tests: a running bridge, and the actions of tests on it."""

from dataclasses import dataclass, fields
from typing import Any

from bridge.aws.due_queue import DueMessage
from bridge.dependencies import Dependencies
from bridge.domain.caller import SCOPES, Caller
from bridge.domain.verification import LinkRequest, Verification
from bridge.store.call_counters import CallCounters
from bridge.use_cases.complete import Checked, check_on_schedule
from bridge.use_cases.create import create
from bridge.use_cases.finalize import finalize
from bridge.vendor.rate_limiter import RateLimiter
from tests.clock import Clock
from tests.integration.fakes import Aws
from tests.integration.functions import CREATE_BODY, PRINCIPAL, ApiFunctions, Response
from tests.integration.stored_state import StoredState
from tests.sandbox.sandbox import Sandbox
from tests.sandbox.vendor import FakeVendor

CALLER = Caller(PRINCIPAL, SCOPES, "abcd")


def new(deps: Dependencies, *, key: str | None = None, principal: str = PRINCIPAL, **changes: Any) -> Verification:
    """Creates a verification."""
    request = LinkRequest(**CREATE_BODY | changes)
    return create(deps, principal, request, idempotency_key=key, base_url="https://api.example.com").verification


@dataclass(frozen=True, slots=True)
class World:
    """A running bridge and the actions of tests on it. Each field is a fixture, too."""

    sandbox: Sandbox
    deps: Dependencies
    functions: ApiFunctions
    stored: StoredState
    aws: Aws
    clock: Clock

    @property
    def vendor(self) -> FakeVendor:
        return self.sandbox.vendor

    def new(self, outcome: str | None = None, **changes: Any) -> Verification:
        """Creates a verification; with an `outcome`, plays that at the vendor."""
        verification = new(self.deps, **changes)
        if outcome:
            self.play(verification, outcome)
        return verification

    def play(self, verification: Verification, outcome: str) -> None:
        self.vendor.play(token_of(verification), outcome)

    def returns(self, verification: Verification) -> Response:
        """Requests the return URL, as the person's browser does."""
        return self.functions.browser(return_path(verification))

    def read(self, verification: Verification) -> Any:
        return self.functions.api("GET", f"/verifications/{verification.id}").json

    def read_result(self, verification: Verification) -> Response:
        return self.functions.api("GET", f"/verifications/{verification.id}", query={"expand": "result"})

    def refresh(self, verification: Verification) -> Response:
        return self.functions.api("POST", f"/verifications/{verification.id}/refresh")

    def redact(self, verification: Verification) -> Response:
        return self.functions.api("POST", f"/verifications/{verification.id}/redact")

    def check(self, verification: Verification) -> Checked:
        """Checks the verification now, as an operator's message does."""
        return check_on_schedule(self.deps, verification.id, None)

    def finalize(self, verification: Verification, due_at: int | None = None) -> None:
        """Handles a message of the queue; without `due_at`, an operator's message."""
        finalize(self.deps, DueMessage(verification.id, due_at))

    def limit_rate(self, limit: int, *, background: int) -> None:
        """Sets the rate limit of the vendor, per minute."""
        counters = CallCounters(self.aws.client("dynamodb"), self.deps.settings.rate_table_name)
        vars(self.deps)["rate_limiter"] = RateLimiter(counters, limit=limit, background=background, now=self.clock)

    def row(self, verification: Verification) -> dict[str, Any]:
        return self.stored.row(verification.id)

    def due_at(self, verification: Verification) -> int:
        return self.stored.due()[verification.id]

    def sweep_and_drain(self) -> int:
        """Sweeps, and handles all messages of the queue; returns how many."""
        self.sandbox.sweep_now()
        return self.sandbox.drain_queue()


def world_fields(world: World) -> dict[str, Any]:
    """Returns the fields of a world, for a subclass with more actions."""
    return {each.name: getattr(world, each.name) for each in fields(world)}


def no_limit() -> None:
    """The permit of a vendor call that no rate limit applies to."""


def return_path(verification: Verification) -> str:
    return f"/return/{verification.id}/{verification.code}"


def token_of(verification: Verification) -> str:
    assert verification.token is not None
    return verification.token
