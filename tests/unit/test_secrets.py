"""If a secret cannot be read, its last good value is used for an hour, and the next fetch waits."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from aws_lambda_powertools.utilities.parameters import base as parameters
from botocore.exceptions import ClientError, EndpointConnectionError

from bridge.aws.secrets import LAST_GOOD_FOR, MAX_AGE, PAUSE_AFTER_FAULT, Secret
from bridge.domain.errors import SecretMalformed, StorageUnavailable
from bridge.observability import logger
from tests.clock import Clock

GOOD = {"keys": ["good"]}
ONE_SECOND = timedelta(seconds=1)


class SecretsManager:
    """A fake Secrets Manager with one secret. It counts the calls."""

    def __init__(self) -> None:
        self.text: str | None = json.dumps(GOOD)
        self.error: Exception | None = None
        self.calls = 0

    def get_secret_value(self, **request: Any) -> dict[str, Any]:
        self.calls += 1
        if self.error:
            raise self.error
        return {} if self.text is None else {"SecretString": self.text}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the bridge, and of the cache of Powertools."""
    clock = Clock()
    monkeypatch.setattr(parameters, "datetime", mock.Mock(now=clock))
    return clock


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    return log


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.fixture
def manager() -> SecretsManager:
    return SecretsManager()


@pytest.fixture
def secret(manager: SecretsManager, clock: Clock) -> Secret:
    return Secret(manager, "arn:secret", is_well_formed=lambda value: "keys" in value, now=clock)


def holds(text: str | None) -> Callable[[SecretsManager], None]:
    return lambda manager: setattr(manager, "text", text)


def raises(error: Exception) -> Callable[[SecretsManager], None]:
    return lambda manager: setattr(manager, "error", error)


UNREACHABLE = EndpointConnectionError(endpoint_url="https://canary.example")
DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "arn:canary"}}, "GetSecretValue")
FAULTS: dict[str, tuple[Callable[[SecretsManager], None], type[Exception]]] = {
    "a stray comma": (holds('{"keys": ["canary"],}'), SecretMalformed),
    "empty": (holds(""), SecretMalformed),
    "no object": (holds('["canary"]'), SecretMalformed),
    "another object": (holds('{"key": "canary"}'), SecretMalformed),
    "nested too deeply": (holds("[" * 100_000), SecretMalformed),
    "a response without the secret": (holds(None), StorageUnavailable),
    "unreachable": (raises(UNREACHABLE), StorageUnavailable),
    "denied": (raises(DENIED), StorageUnavailable),
}
by_fault = pytest.mark.parametrize(("break_secret", "error"), FAULTS.values(), ids=FAULTS)


@by_fault
def test_the_last_good_value_is_used_for_an_hour_after_its_fetch(
    secret: Secret, manager: SecretsManager, clock: Clock, break_secret: Callable[[Any], None], error: type[Exception]
) -> None:
    secret.read()
    break_secret(manager)
    # A read from the cache does not prolong the hour.
    clock.time += timedelta(seconds=MAX_AGE)
    assert secret.read() == GOOD
    assert manager.calls == 1
    clock.time += LAST_GOOD_FOR - timedelta(seconds=MAX_AGE) - ONE_SECOND
    assert secret.read() == GOOD
    clock.time += ONE_SECOND
    for _ in range(2):
        with pytest.raises(error) as raised:
            secret.read()
        assert type(raised.value) is error
    clock.time += PAUSE_AFTER_FAULT
    with pytest.raises(error):
        secret.read()


@by_fault
def test_without_a_last_good_value_the_error_is_raised(
    secret: Secret, manager: SecretsManager, break_secret: Callable[[Any], None], error: type[Exception]
) -> None:
    break_secret(manager)
    with pytest.raises(error) as raised:
        secret.read()
    assert type(raised.value) is error
    assert "canary" not in _chain(raised.value)


def _chain(error: BaseException | None) -> str:
    """Returns the text of an error and of its causes, as far as a traceback shows them."""
    if error is None:
        return ""
    return f"{error!r}{vars(error)}" + _chain(
        error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    )


@by_fault
def test_each_failed_fetch_logs_the_end_of_the_last_good_value(
    secret: Secret,
    manager: SecretsManager,
    clock: Clock,
    log: io.StringIO,
    break_secret: Callable[[Any], None],
    error: type[Exception],
) -> None:
    secret.read()
    break_secret(manager)
    clock.time += timedelta(seconds=MAX_AGE + 1)
    for _ in range(3):
        secret.read()
        secret.read()
        clock.time += PAUSE_AFTER_FAULT

    logged = lines(log)
    assert [line["message"] for line in logged] == ["secret_not_refreshed"] * 3
    assert {(line["error"], line["last_good_until"]) for line in logged} == {
        (error.__name__, "2026-01-31T09:00:00.000Z")
    }
    assert "canary" not in log.getvalue()


@by_fault
def test_the_secret_is_not_fetched_again_within_the_pause(
    secret: Secret, manager: SecretsManager, clock: Clock, break_secret: Callable[[Any], None], error: type[Exception]
) -> None:
    secret.read()
    break_secret(manager)
    clock.time += timedelta(seconds=MAX_AGE + 1)
    for number in range(100):
        assert secret.read(fresh=number % 2 == 1) == GOOD
    assert manager.calls == 2
    clock.time += PAUSE_AFTER_FAULT
    secret.read()
    assert manager.calls == 3


@by_fault
@pytest.mark.parametrize("is_warm", [True, False])
def test_a_repaired_secret_is_used_after_the_pause(
    secret: Secret,
    manager: SecretsManager,
    clock: Clock,
    break_secret: Callable[[Any], None],
    error: type[Exception],
    is_warm: bool,
) -> None:
    if is_warm:
        secret.read()
        clock.time += timedelta(seconds=MAX_AGE + 1)
    break_secret(manager)
    try:
        secret.read()
    except StorageUnavailable:
        assert not is_warm
    manager.error, manager.text = None, '{"keys": ["repaired"]}'
    clock.time += PAUSE_AFTER_FAULT

    assert secret.read() == {"keys": ["repaired"]}
    # It is cached like any other value.
    calls = manager.calls
    secret.read()
    assert manager.calls == calls


def test_the_pause_begins_at_the_end_of_a_failed_fetch(secret: Secret, manager: SecretsManager, clock: Clock) -> None:
    def hang(**request: Any) -> dict[str, Any]:
        clock.time += 2 * PAUSE_AFTER_FAULT
        raise EndpointConnectionError(endpoint_url="https://canary.example")

    with mock.patch.object(manager, "get_secret_value", side_effect=hang) as fetch:
        for _ in range(3):
            with pytest.raises(StorageUnavailable):
                secret.read()
    assert fetch.call_count == 1


def test_a_fresh_read_fetches_the_value_and_restarts_its_hour(
    secret: Secret, manager: SecretsManager, clock: Clock
) -> None:
    secret.read()
    clock.time += timedelta(seconds=MAX_AGE)
    manager.text = '{"keys": ["rotated"]}'
    assert secret.read(fresh=True) == {"keys": ["rotated"]}
    manager.error = UNREACHABLE
    clock.time += LAST_GOOD_FOR - ONE_SECOND
    assert secret.read() == {"keys": ["rotated"]}


@by_fault
def test_a_fresh_read_that_fails_returns_the_last_good_value(
    secret: Secret, manager: SecretsManager, break_secret: Callable[[Any], None], error: type[Exception]
) -> None:
    secret.read()
    break_secret(manager)
    assert secret.read(fresh=True) == GOOD
    assert manager.calls == 2
