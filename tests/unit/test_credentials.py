"""The vendor's credentials. test_secrets.py tests what all secrets have in common."""

from unittest import mock

import pytest

from bridge.aws.secrets import Secret
from bridge.domain.errors import VendorCredentials
from bridge.vendor.credentials import EkycCredentials, are_usable

VALID = '{"client_id": "bridge", "client_secret": "sk_canary"}'


def headers(text: str) -> dict[str, str]:
    manager = mock.Mock(get_secret_value=lambda SecretId: {"SecretString": text})
    return EkycCredentials(Secret(manager, "arn:secret", is_well_formed=are_usable)).headers()


def test_the_vendors_headers_have_the_names_and_values_of_the_secret() -> None:
    assert headers(VALID) == {"client_id": "bridge", "client_secret": "sk_canary"}


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
def test_a_secret_that_is_unusable_in_a_header_raises_vendor_credentials(text: str) -> None:
    with pytest.raises(VendorCredentials) as raised:
        headers(text)
    assert "canary" not in repr(raised.value)
    assert raised.value.__context__ is None
