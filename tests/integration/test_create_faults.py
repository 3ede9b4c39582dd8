"""Create with each fault of the vendor."""

from typing import Any

import pytest

from bridge.aws.secrets import Secret
from bridge.vendor.client import Vendor
from bridge.vendor.credentials import EkycCredentials, are_usable
from tests.integration.functions import CREATE_BODY, KEY_HEADER
from tests.integration.harness import World

FAULTS = {
    "429": (503, "vendor_rate_limited"),
    "500": (503, "vendor_unavailable"),
    "503": (503, "vendor_unavailable"),
    "502_html": (503, "vendor_unavailable"),
    "401": (502, "vendor_credentials"),
    "403": (502, "vendor_credentials"),
    "404": (502, "vendor_rejected"),
    "422": (502, "vendor_rejected"),
    "inner_status:401": (502, "vendor_credentials"),
    "inner_status:422": (502, "vendor_rejected"),
    "inner_status:500": (503, "vendor_unavailable"),
    "html": (502, "vendor_malformed"),
    "reset": (503, "vendor_unavailable"),
    "reset_after": (503, "vendor_unavailable"),
    "truncated": (503, "vendor_unavailable"),
    "garbage": (502, "vendor_malformed"),
    "wrong_kinds": (502, "vendor_malformed"),
    "empty": (502, "vendor_malformed"),
    "redirect": (502, "vendor_malformed"),
    "huge": (502, "vendor_malformed"),
    "slow": (504, "vendor_timeout"),
}


@pytest.mark.parametrize(("fault", "expected"), FAULTS.items())
def test_a_vendor_fault_leaves_no_row_and_the_key_can_be_reused(world: World, fault: str, expected: Any) -> None:
    if fault == "slow":
        arn = world.deps.settings.ekyc_credentials_secret_arn
        secret = Secret(world.aws.client("secretsmanager"), arn, is_well_formed=are_usable)
        vars(world.deps)["vendor"] = Vendor(world.deps.settings.ekyc_api_url, EkycCredentials(secret), budget=0.2)
    world.vendor.fault(fault, on="create", times=None)

    response = world.functions.api("POST", "/verifications", CREATE_BODY, headers=KEY_HEADER)

    assert (response.status, response.json["code"]) == expected
    assert response.headers["content-type"] == "application/problem+json"
    assert ("retry-after" in response.headers) == (response.status == 503)
    assert world.stored.rows() == []
    world.vendor.clear_faults()
    vars(world.deps).pop("vendor")
    assert world.functions.api("POST", "/verifications", CREATE_BODY, headers=KEY_HEADER).status == 201
