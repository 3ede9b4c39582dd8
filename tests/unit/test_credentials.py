"""The vendor's credentials; test_secrets.py has what all secrets have in common."""

from unittest import mock

import pytest

from bridge.aws.secrets import Secret
from bridge.domain.errors import VendorCredentials
from bridge.vendor.credentials import EkycCredentials, are_usable

GOOD = '{"client_id": "bridge", "client_secret": "sk_canary"}'


def headers(text: str) -> dict[str, str]:
    manager = mock.Mock(get_secret_value=lambda SecretId: {"SecretString": text})
    return EkycCredentials(Secret(manager, "arn:secret", is_well_formed=are_usable)).headers()


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
