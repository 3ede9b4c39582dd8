"""A call of DynamoDB or S3 that gets no response raises StorageUnavailable, which names the operation for the log."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from bridge.domain.caller import Caller
from bridge.domain.errors import StorageUnavailable
from bridge.domain.matching import Identity
from bridge.domain.verification import Evidence
from bridge.store import due, listing, reading
from bridge.store.audit_trail import AuditAction, AuditTrail
from bridge.store.call_counters import CallCounters
from bridge.store.endpoints import EndpointSwitches
from bridge.store.evidence import EvidenceBucket
from bridge.store.expected import ExpectedIdentities
from bridge.store.results import Results
from bridge.store.table import Table

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
SPAN = listing.Selection(NOW - timedelta(hours=1), NOW, None)


class Disconnected:
    """An AWS client whose calls reach nobody."""

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return self._fail

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=self._fail)

    def _fail(self, **_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="https://nowhere.example")


CLIENT = Disconnected()
TABLE = Table(CLIENT, "table", retention=86400)
BUCKET, EXPECTED = EvidenceBucket(CLIENT, "bucket"), ExpectedIdentities(CLIENT, "table")
RESULTS, ENDPOINTS = Results(CLIENT, "table", 86400), EndpointSwitches(CLIENT, "table")
AUDIT_TRAIL = AuditTrail(CLIENT, "table", 86400)

CALLS: dict[str, list[Callable[[], object]]] = {
    "GetItem": [
        lambda: reading.get(TABLE, "ver_1"),
        lambda: RESULTS.get("ver_1", "0a1b"),
        lambda: EXPECTED.get("ver_1"),
        lambda: ENDPOINTS.is_disabled("crm"),
    ],
    "BatchGetItem": [lambda: reading.get_all(TABLE, ["ver_1"])],
    "Query": [
        lambda: reading.by_reference(TABLE, "shop", "order-1", limit=9, after=None),
        lambda: listing.by_created(TABLE, "shop", SPAN, limit=9, after=None),
        lambda: list(due.find_due(TABLE, NOW, limit=9)),
        lambda: RESULTS.delete("ver_1"),
    ],
    "PutItem": [
        lambda: TABLE.put({"id": "ver_1"}, condition="attribute_not_exists(#id)", values={}),
        lambda: RESULTS.put("ver_1", "0a1b", "{}", NOW),
        lambda: EXPECTED.put("ver_1", Identity(name="Aminah"), NOW),
        lambda: ENDPOINTS.disable("crm", "it responded 410", NOW),
        lambda: AUDIT_TRAIL.record(AuditAction.RESULT_READ, "ver_1", Caller("web", (), "abcd"), NOW, "nonce"),
    ],
    "UpdateItem": [
        lambda: TABLE.update("ver_1", set={"checks": 1}, condition="attribute_exists(#id)", values={}),
        lambda: CallCounters(CLIENT, "table").add_one(1, {"total": 80}, now=NOW.timestamp()),
    ],
    "DeleteItem": [
        lambda: TABLE.delete("ver_1", condition="attribute_exists(#id)", values={}),
        lambda: EXPECTED.delete("ver_1"),
        lambda: ENDPOINTS.enable("crm"),
    ],
    "PutObject": [lambda: BUCKET.put("ver_1", b"{}"), lambda: BUCKET.presigned_url("ver_1", b"1", "image/jpeg")],
    "GetObject": [lambda: BUCKET.get(Evidence("records/ver_1/1.json.gz", "0a1b", 2))],
    "ListObjectVersions": [lambda: BUCKET.delete("ver_1")],
}


@pytest.mark.parametrize(("operation", "call"), [(name, call) for name, calls in CALLS.items() for call in calls])
def test_a_call_without_a_response_names_its_operation(operation: str, call: Callable[[], object]) -> None:
    with pytest.raises(StorageUnavailable) as failed:
        call()
    assert (failed.value.operation, failed.value.code) == (operation, "EndpointConnectionError")
