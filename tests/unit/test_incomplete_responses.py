"""A call of DynamoDB or S3 without a complete response raises StorageUnavailable, which names the operation."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from bridge.domain.caller import Caller
from bridge.domain.errors import StorageUnavailable
from bridge.domain.identity import Identity
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
CALLER = Caller("web", (), "abcd")
SPAN = listing.Selection(NOW - timedelta(hours=1), NOW, None)


class Client:
    """An AWS client whose calls all do the same."""

    def __init__(self, respond: Callable[[], dict[str, Any]]) -> None:
        self._respond = respond

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **_: self._respond()

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=lambda **_: [self._respond()])


def disconnected() -> dict[str, Any]:
    raise EndpointConnectionError(endpoint_url="https://nowhere.example")


def table(client: Client) -> Table:
    return Table(client, "table", retention_seconds=86400)


Call = Callable[[Client], object]

# botocore parses a response that was cut off as an empty success.
READS: dict[str, list[Call]] = {
    "GetItem": [
        lambda client: reading.get(table(client), "ver_1"),
        lambda client: Results(client, "table", 86400).get("ver_1", "0a1b"),
        lambda client: ExpectedIdentities(client, "table").get("ver_1"),
        lambda client: EndpointSwitches(client, "table").is_disabled("crm"),
    ],
    "BatchGetItem": [lambda client: reading.get_all(table(client), ["ver_1"])],
    "Query": [
        lambda client: listing.by_reference(table(client), "shop", "order-1", limit=9, after=None),
        lambda client: listing.by_created(table(client), "shop", SPAN, limit=9, after=None),
        lambda client: list(due.find_due(table(client), NOW, limit=9)),
        lambda client: Results(client, "table", 86400).delete("ver_1"),
    ],
    "UpdateItem": [
        lambda client: table(client).update(
            "ver_1", set={"checks": 1}, condition="#checks = :zero", values={":zero": 0}
        )
    ],
    "ListObjectVersions": [lambda client: EvidenceBucket(client, "bucket").delete("ver_1")],
}
WRITES: dict[str, list[Call]] = {
    "PutItem": [
        lambda client: table(client).put({"id": "ver_1"}, condition="attribute_not_exists(#id)", values={}),
        lambda client: Results(client, "table", 86400).put("ver_1", "0a1b", "{}", NOW),
        lambda client: ExpectedIdentities(client, "table").put("ver_1", Identity(name="Aminah"), NOW),
        lambda client: EndpointSwitches(client, "table").disable("crm", "it responded 410", NOW),
        lambda client: AuditTrail(client, "table", 86400).record(
            AuditAction.RESULT_READ, "ver_1", CALLER, NOW, "nonce"
        ),
    ],
    "UpdateItem": [lambda client: CallCounters(client, "table").add_one(1, {"total": 80}, now=NOW.timestamp())],
    "DeleteItem": [
        lambda client: table(client).delete("ver_1", condition="attribute_exists(#id)", values={}),
        lambda client: ExpectedIdentities(client, "table").delete("ver_1"),
        lambda client: EndpointSwitches(client, "table").enable("crm"),
    ],
    "PutObject": [
        lambda client: EvidenceBucket(client, "bucket").put("ver_1", b"{}"),
        lambda client: EvidenceBucket(client, "bucket").presigned_url("ver_1", b"1", "image/jpeg"),
    ],
    "GetObject": [lambda client: EvidenceBucket(client, "bucket").get(Evidence("records/ver_1/1.json.gz", "0a1b", 2))],
}


def _cases(*tables: dict[str, list[Call]]) -> list[tuple[str, Call]]:
    return [(operation, call) for calls in tables for operation in calls for call in calls[operation]]


@pytest.mark.parametrize(("operation", "call"), _cases(READS, WRITES))
def test_a_call_without_a_response_names_its_operation(operation: str, call: Call) -> None:
    with pytest.raises(StorageUnavailable) as failed:
        call(Client(disconnected))
    assert (failed.value.operation, failed.value.code) == (operation, "EndpointConnectionError")


@pytest.mark.parametrize(("operation", "call"), _cases(READS))
def test_a_read_with_an_empty_response_names_its_operation(operation: str, call: Call) -> None:
    with pytest.raises(StorageUnavailable) as failed:
        call(Client(dict))
    assert (failed.value.operation, failed.value.code) == (operation, "IncompleteResponse")
