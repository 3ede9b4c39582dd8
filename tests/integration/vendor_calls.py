"""Calls of the vendor's API by the client, with the credentials that they use and the errors that they raise."""

import time
from collections.abc import Callable, Iterator

import pytest

from bridge.domain import errors
from bridge.domain.errors import VendorError
from bridge.domain.verification import LinkRequest
from bridge.vendor.client import Link, Vendor
from tests.integration.harness import no_limit

# Seconds. Suffices on a busy machine.
PATIENCE = 20.0

ID, SECRET = "canary-id", "sk_canary-secret"
REQUEST = LinkRequest("00", "MYS", "ID_CARD", "https://app.example.com/done")
RETURN_URL = "https://bridge.example/return/ver_a/code"

Call = Callable[[Vendor], object]
Make = Callable[..., Vendor]


class Credentials:
    """Credentials that are cached like the real ones; `reads` has one entry per attempt."""

    def __init__(self, client_id: str = ID, client_secret: str = SECRET) -> None:
        self.stored = self._cached = (client_id, client_secret)
        self.reads: list[str] = []

    def headers(self, *, fresh: bool = False) -> dict[str, str]:
        self.reads.append("fresh" if fresh else "cached")
        if fresh:
            self._cached = self.stored
        return dict(zip(("client_id", "client_secret"), self._cached, strict=True))


def create(vendor: Vendor) -> Link:
    return vendor.create_link(REQUEST, RETURN_URL, permit=no_limit)


by_call = pytest.mark.parametrize(
    "call", [create, lambda vendor: vendor.fetch("TOKEN", permit=no_limit)], ids=["create", "fetch"]
)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yields an error, and all others that its traceback shows."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def error_of(call: Callable[[], object], *canaries: str) -> type[VendorError]:
    """Returns the named error that a call raises. It must raise in time, without a canary in error or causes."""
    started = time.monotonic()
    with pytest.raises(VendorError) as raised:
        call()
    assert time.monotonic() - started < PATIENCE
    shown = "\n".join(f"{error!r} {error} {vars(error)}" for error in chain(raised.value))
    assert not [canary for canary in (ID, SECRET, *canaries) if canary in shown]
    return next(kind for kind in type(raised.value).__mro__ if kind in vars(errors).values())
