"""A secret that goes wrong: the last good value is used on for an hour, and fetches that fail pause the next."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from aws_lambda_powertools.utilities.parameters import base as parameters
from botocore.exceptions import ClientError, EndpointConnectionError

from bridge.aws.secrets import LAST_GOOD_FOR, MAX_AGE, PAUSE_AFTER_FAULT, Secret
from bridge.domain.errors import SecretMalformed, StorageUnavailable
from bridge.observability import logger

GOOD = {"keys": ["good"]}
ONE_SECOND = timedelta(seconds=1)


class SecretsManager:
    """Holds one secret, and counts how often it is asked for."""

    def __init__(self) -> None:
        self.text: str | None = json.dumps(GOOD)
        self.error: Exception | None = None
        self.calls = 0

    def get_secret_value(self, **request: Any) -> dict[str, Any]:
        self.calls += 1
        if self.error:
            raise self.error
        return {} if self.text is None else {"SecretString": self.text}


class Clock:
    """The time of the bridge, and that by which Powertools keeps secrets."""

    time = datetime(2026, 1, 31, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def advance(self, duration: timedelta) -> None:
        self.time += duration


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(parameters, "datetime", clock)
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
    return Secret(manager, "arn:secret", is_well_formed=lambda value: "keys" in value, now=clock.now)


def holds(text: str | None) -> Callable[[SecretsManager], None]:
    return lambda manager: setattr(manager, "text", text)


def raises(error: Exception) -> Callable[[SecretsManager], None]:
    return lambda manager: setattr(manager, "error", error)


AWAY = EndpointConnectionError(endpoint_url="https://canary.example")
DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "arn:canary"}}, "GetSecretValue")
FAULTS: dict[str, tuple[Callable[[SecretsManager], None], type[Exception]]] = {
    "a stray comma": (holds('{"keys": ["canary"],}'), SecretMalformed),
    "nothing": (holds(""), SecretMalformed),
    "no object": (holds('["canary"]'), SecretMalformed),
    "another object": (holds('{"key": "canary"}'), SecretMalformed),
    "too deep to be read": (holds("[" * 100_000), SecretMalformed),
    "a response without the secret": (holds(None), StorageUnavailable),
    "away": (raises(AWAY), StorageUnavailable),
    "denied": (raises(DENIED), StorageUnavailable),
}
by_fault = pytest.mark.parametrize(("happens", "error"), FAULTS.values(), ids=FAULTS)


@by_fault
def test_the_last_good_value_is_used_on_for_an_hour_from_when_it_was_fetched(
    secret: Secret, manager: SecretsManager, clock: Clock, happens: Callable[[Any], None], error: type[Exception]
) -> None:
    secret.read()
    happens(manager)
    # Read once more while it is kept: that is no proof that it is still good.
    clock.advance(timedelta(seconds=MAX_AGE))
    assert secret.read() == GOOD
    assert manager.calls == 1
    clock.advance(LAST_GOOD_FOR - timedelta(seconds=MAX_AGE) - ONE_SECOND)
    assert secret.read() == GOOD
    clock.advance(ONE_SECOND)
    for _ in range(2):
        with pytest.raises(error) as raised:
            secret.read()
        assert type(raised.value) is error
    clock.advance(PAUSE_AFTER_FAULT)
    with pytest.raises(error):
        secret.read()


@by_fault
def test_without_a_last_good_value_the_fault_is_raised(
    secret: Secret, manager: SecretsManager, happens: Callable[[Any], None], error: type[Exception]
) -> None:
    happens(manager)
    with pytest.raises(error) as raised:
        secret.read()
    assert type(raised.value) is error
    assert "canary" not in _all_of(raised.value)


def _all_of(error: BaseException | None) -> str:
    """An error and what led to it, as far as a traceback would show it."""
    if error is None:
        return ""
    return f"{error!r}{vars(error)}" + _all_of(
        error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    )


@by_fault
def test_each_failed_fetch_leaves_a_line_that_says_until_when_the_last_good_value_is_used(
    secret: Secret,
    manager: SecretsManager,
    clock: Clock,
    log: io.StringIO,
    happens: Callable[[Any], None],
    error: type[Exception],
) -> None:
    secret.read()
    happens(manager)
    clock.advance(timedelta(seconds=MAX_AGE + 1))
    for _ in range(3):
        secret.read()
        secret.read()
        clock.advance(PAUSE_AFTER_FAULT)

    left = lines(log)
    assert [line["message"] for line in left] == ["secret_not_refreshed"] * 3
    assert {(line["error"], line["last_good_until"]) for line in left} == {(error.__name__, "2026-01-31T01:00:00.000Z")}
    assert "canary" not in log.getvalue()


@by_fault
def test_secrets_manager_is_not_asked_again_within_the_pause(
    secret: Secret, manager: SecretsManager, clock: Clock, happens: Callable[[Any], None], error: type[Exception]
) -> None:
    secret.read()
    happens(manager)
    clock.advance(timedelta(seconds=MAX_AGE + 1))
    for number in range(100):
        assert secret.read(fresh=number % 2 == 1) == GOOD
    assert manager.calls == 2
    clock.advance(PAUSE_AFTER_FAULT)
    secret.read()
    assert manager.calls == 3


@by_fault
@pytest.mark.parametrize("is_warm", [True, False])
def test_a_secret_that_was_repaired_is_used_after_the_pause(
    secret: Secret,
    manager: SecretsManager,
    clock: Clock,
    happens: Callable[[Any], None],
    error: type[Exception],
    is_warm: bool,
) -> None:
    if is_warm:
        secret.read()
        clock.advance(timedelta(seconds=MAX_AGE + 1))
    happens(manager)
    try:
        secret.read()
    except StorageUnavailable:
        assert not is_warm
    manager.error, manager.text = None, '{"keys": ["repaired"]}'
    clock.advance(PAUSE_AFTER_FAULT)

    assert secret.read() == {"keys": ["repaired"]}
    # And kept as long as any other.
    calls = manager.calls
    secret.read()
    assert manager.calls == calls


def test_the_pause_begins_when_a_fetch_has_failed_however_long_it_took(
    secret: Secret, manager: SecretsManager, clock: Clock
) -> None:
    def hang(**request: Any) -> dict[str, Any]:
        clock.advance(2 * PAUSE_AFTER_FAULT)
        raise EndpointConnectionError(endpoint_url="https://canary.example")

    with mock.patch.object(manager, "get_secret_value", side_effect=hang) as asked:
        for _ in range(3):
            with pytest.raises(StorageUnavailable):
                secret.read()
    assert asked.call_count == 1


def test_a_value_that_is_wanted_afresh_is_fetched_and_its_hour_begins_anew(
    secret: Secret, manager: SecretsManager, clock: Clock
) -> None:
    secret.read()
    clock.advance(timedelta(seconds=MAX_AGE))
    manager.text = '{"keys": ["rotated"]}'
    assert secret.read(fresh=True) == {"keys": ["rotated"]}
    manager.error = AWAY
    clock.advance(LAST_GOOD_FOR - ONE_SECOND)
    assert secret.read() == {"keys": ["rotated"]}


@by_fault
def test_a_value_that_is_wanted_afresh_and_is_not_to_be_had_is_the_last_good_one(
    secret: Secret, manager: SecretsManager, happens: Callable[[Any], None], error: type[Exception]
) -> None:
    secret.read()
    happens(manager)
    assert secret.read(fresh=True) == GOOD
    assert manager.calls == 2
