"""Secrets that are put badly open nothing, and are quoted by nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parameters import base as parameters
from botocore.exceptions import ClientError, EndpointConnectionError

from bridge.aws import secrets
from bridge.aws.secrets import MAX_AGE, Secret
from bridge.domain.errors import StorageUnavailable, VendorCredentials
from bridge.vendor.credentials import EkycCredentials, are_usable

GOOD = '{"client_id": "bridge", "client_secret": "sk_canary"}'


class SecretsManager:
    """Holds one secret, and counts how often it is asked for."""

    def __init__(self, text: str | None = GOOD, error: Exception | None = None) -> None:
        self.text = text
        self.error = error
        self.calls = 0

    def get_secret_value(self, **request: Any) -> dict[str, Any]:
        self.calls += 1
        if self.error:
            raise self.error
        return {} if self.text is None else {"SecretString": self.text}


def secret_in(manager: SecretsManager) -> Secret:
    return Secret(manager, "arn:secret", is_well_formed=are_usable)


def headers(text: str) -> dict[str, str]:
    return EkycCredentials(secret_in(SecretsManager(text))).headers()


def test_the_vendors_headers_come_from_the_secret_by_the_names_that_it_gives_them() -> None:
    assert headers(GOOD) == {"client_id": "bridge", "client_secret": "sk_canary"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sk_canary",
        "[]",
        "null",
        "{}",
        '{"client_id": "bridge"}',
        '{"client_id": "", "client_secret": "sk_canary"}',
        '{"client_id": "bridge", "client_secret": null}',
        '{"client_id": "bridge", "client_secret": " sk_canary"}',
        '{"client_id": "bridge", "client_secret": "sk_canary\\n"}',
        '{"client_id": "bridge", "client_secret": "sk_canary\\r\\nX: 1"}',
        '{"client_id": "bridge", "client_secret": "sk_canary\\u0000"}',
        '{"client_id": "bridge", "client_secret": "sk_cänary"}',
        '{"client-id": "bridge", "client-secret": "sk_canary"}',
    ],
)
def test_a_secret_that_fits_no_header_is_as_good_as_none(text: str) -> None:
    with pytest.raises(VendorCredentials) as raised:
        headers(text)
    assert "canary" not in repr(raised.value)
    assert raised.value.__context__ is None


def test_a_secret_is_kept_until_it_is_wanted_afresh() -> None:
    manager = SecretsManager()
    credentials = EkycCredentials(secret_in(manager))
    first = credentials.headers()
    manager.text = GOOD.replace("canary", "rotated")
    assert credentials.headers() == first
    assert manager.calls == 1
    assert credentials.headers(fresh=True)["client_secret"] == "sk_rotated"
    assert credentials.headers()["client_secret"] == "sk_rotated"
    assert manager.calls == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "arn:canary"}}, "GetSecretValue"), "AccessDenied"),
        (EndpointConnectionError(endpoint_url="https://canary.example"), "EndpointConnectionError"),
    ],
)
def test_a_secret_that_cannot_be_read_is_storage_that_does_not_answer(error: Exception, code: str) -> None:
    secret = secret_in(SecretsManager(error=error))
    with pytest.raises(StorageUnavailable) as raised:
        secret.read()
    assert (raised.value.operation, raised.value.code) == ("GetSecretValue", code)
    assert "canary" not in f"{raised.value!r}{vars(raised.value)}"
    assert raised.value.__suppress_context__


def test_an_answer_without_the_secret_is_not_kept_as_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "PAUSE_AFTER_FAULT", timedelta())
    manager = SecretsManager(text=None)
    secret = secret_in(manager)
    with pytest.raises(StorageUnavailable):
        secret.read()
    manager.text = GOOD
    assert secret.read() == {"client_id": "bridge", "client_secret": "sk_canary"}


def test_a_secret_is_read_again_after_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(parameters, "datetime", clock)
    manager = SecretsManager()
    secret = secret_in(manager)
    secret.read()
    clock.time += timedelta(seconds=MAX_AGE)
    secret.read()
    assert manager.calls == 1
    clock.time += timedelta(seconds=1)
    secret.read()
    assert manager.calls == 2


class Clock:
    """The time by which Powertools keeps secrets."""

    time = datetime(2026, 1, 31, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time
