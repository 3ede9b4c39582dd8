"""Builders of test data, and hypothesis strategies for JSON."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from hypothesis import strategies as st

from bridge.domain.decision import VendorRecord
from bridge.domain.errors import InvalidRequest
from bridge.domain.verification import Status, Verification

NOW = datetime(2026, 1, 31, 8, 1, 31, 500_000, tzinfo=UTC)
TOKEN = "4KK6FYHVZVN1OD9ZZK219XM0W57UD6"

JSON_SCALARS: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40)
)
JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    JSON_SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def event(**members: Any) -> APIGatewayProxyEventV2:
    """Returns API Gateway's event with these members alone, for a parser that reads no others."""
    return APIGatewayProxyEventV2({"headers": {}, "isBase64Encoded": False, **members})


def pointers(parse: Callable[[], object]) -> list[str]:
    """Returns the pointers of the InvalidRequest that `parse` raises."""
    with pytest.raises(InvalidRequest) as raised:
        parse()
    return [error.pointer for error in raised.value.field_errors]


def fresh_fields(**changes: Any) -> dict[str, Any]:
    """Returns the record in the vendor's specification: of a link that nobody has used."""
    return {
        "id": 8,
        "organisation_id": 31,
        "type": "00",
        "token": TOKEN,
        "url": f"http://localhost:3001?token={TOKEN}",
        "redirect_url": "https://localhost",
        "medias": None,
        "ocr_country": "MYS",
        "ocr_type": "ID_CARD",
        "ocr_success": 0,
        "ocr_result": None,
        "face_id_success": 0,
        "face_id_result": None,
        "is_success": 0,
        "latest_error": None,
        "retries": 0,
        "expire_at": "2024-09-10T08:16:31.000Z",
        "created_at": "2024-09-10T08:01:31.000Z",
        "updated_at": "2024-09-10T08:01:31.000Z",
        **changes,
    }


def response_bytes(result: object, **more: Any) -> bytes:
    """Returns the body of the vendor's response with this result."""
    return json.dumps({"status": 200, "result": result, **more}).encode()


def vendor_record(**changes: Any) -> VendorRecord:
    """Returns the parsed record of an untouched link."""
    untouched: dict[str, Any] = {
        "is_success": False,
        "ocr_success": False,
        "face_id_success": False,
        "latest_error": None,
        "retries": None,
        "face_retries": None,
        "lifetime": None,
        "started": False,
        "fields": {},
        "matches_token": True,
        "contradictions": (),
    }
    return VendorRecord(**{**untouched, **changes})


def link_request_body(**changes: Any) -> dict[str, Any]:
    """Returns the body of a link request with these changes."""
    return {
        "type": "00",
        "id_country": "MYS",
        "id_type": "ID_CARD",
        "redirect_url": "https://app.example.com/done",
        **changes,
    }


def reservation(**changes: Any) -> Verification:
    """Returns a verification as the reserving write stores it."""
    reserved: dict[str, Any] = {
        "id": "ver_abcdefghijklmnopqrstuvwxyz",
        "principal": "shop",
        "status": Status.PENDING,
        "sequence": 0,
        "type": "00",
        "id_country": "MYS",
        "id_type": "ID_CARD",
        "redirect_url": "https://app.example.com/done",
        "reference": "order-1",
        "metadata": {"cart": "7", "": ""},
        "code": "a-code",
        "created_at": NOW,
        "updated_at": NOW,
        "expires_at": NOW.replace(minute=16),
        "fingerprint": "f" * 64,
        "attempt": "a" * 32,
        "lease_until": 1_769_846_521,
        "due_at": 1_769_847_391,
    }
    return Verification(**{**reserved, **changes})
