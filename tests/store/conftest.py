"""Runs each test of the store once with each engine, in a new table."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.store.engines import DynamoDBLocalUnavailable, Engine, dynamodb_local, missing_requirement, moto_engine

if TYPE_CHECKING:
    from bridge.store.table import Table

_used: list[str] = []
_start_errors: list[str] = []


@pytest.fixture(scope="session")
def moto() -> Iterator[Engine]:
    with moto_engine() as engine:
        _used.append(engine.name)
        yield engine


@pytest.fixture(scope="session")
def local() -> Iterator[Engine]:
    """Starts DynamoDB Local. Skips the tests that need it if it is unavailable."""
    with ExitStack() as stack:
        try:
            engine = stack.enter_context(dynamodb_local())
        except DynamoDBLocalUnavailable as error:
            _start_errors.append(str(error))
            pytest.skip(f"without DynamoDB Local: {error}")
        _used.append(engine.name)
        yield engine


@pytest.fixture(
    scope="session",
    params=["moto"] if missing_requirement() else ["moto", pytest.param("local", marks=pytest.mark.slow)],
)
def engine(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(request.param)
    return engine


@pytest.fixture
def table(engine: Engine) -> "Iterator[Table]":
    with engine.table() as table:
        yield table


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the engines that ran, and why DynamoDB Local did not."""
    reason = missing_requirement() or "".join(_start_errors)
    if _used:
        suffix = f" (without DynamoDB Local: {reason})" if reason else ""
        terminalreporter.write_line(f"store engines: {', '.join(sorted(_used, reverse=True))}{suffix}")
