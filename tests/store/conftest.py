"""Each test of the store runs once with each engine, in a table of its own."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.store.engines import Engine, LeftOut, dynamodb_local, moto_engine, why_left_out

if TYPE_CHECKING:
    from bridge.store.table import Table

_used: list[str] = []
_left_out: list[str] = []


@pytest.fixture(scope="session")
def moto() -> Iterator[Engine]:
    with moto_engine() as engine:
        _used.append(engine.name)
        yield engine


@pytest.fixture(scope="session")
def local() -> Iterator[Engine]:
    """DynamoDB Local; tests that need it are skipped where it is not."""
    with ExitStack() as going_down:
        try:
            engine = going_down.enter_context(dynamodb_local())
        except LeftOut as why:
            _left_out.append(str(why))
            pytest.skip(f"DynamoDB Local left out: {why}")
        _used.append(engine.name)
        yield engine


@pytest.fixture(
    scope="session", params=["moto"] if why_left_out() else ["moto", pytest.param("local", marks=pytest.mark.slow)]
)
def engine(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(request.param)
    return engine


@pytest.fixture
def table(engine: Engine) -> "Iterator[Table]":
    with engine.table() as table:
        yield table


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says which engines there were, and why not both."""
    why = why_left_out() or "".join(_left_out)
    if _used:
        left_out = f" (DynamoDB Local left out: {why})" if why else ""
        terminalreporter.write_line(f"store engines: {', '.join(sorted(_used, reverse=True))}{left_out}")
