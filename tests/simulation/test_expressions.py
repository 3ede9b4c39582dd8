"""Compares the simulated table with moto's: the same requests have the same results."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulation import scenarios
from tests.simulation.dynamodb import Index, Table
from tests.simulation.expressions import Item, condition, update
from tests.simulation.world import SimulatedWorld
from tests.store.engines import moto_engine

_TABLE = "VerificationsTable"


class _Recording(Table):
    """A table that records each write with its outcome."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.written: list[tuple[str, dict[str, Any], Any]] = []

    def put(self, by: Any, request: Any) -> None:
        self._record("put_item", request, lambda: Table.put(self, by, request))

    def update(self, by: Any, request: Any) -> Any:
        return self._record("update_item", request, lambda: Table.update(self, by, request))

    def delete(self, by: Any, request: Any) -> None:
        self._record("delete_item", request, lambda: Table.delete(self, by, request))

    def _record(self, operation: str, request: Any, do: Any) -> Any:
        try:
            outcome = do()
        except Exception as error:
            self.written.append((operation, dict(request), (getattr(error, "code", None), getattr(error, "item", 0))))
            raise
        self.written.append((operation, dict(request), outcome))
        return outcome


@pytest.fixture(scope="module")
def recorded() -> _Recording:
    """The table of a harsh run, with its recorded writes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.simulation.world.Table", _Recording)
        world = SimulatedWorld("3", scenarios.harsh("3", 40)).run()
    assert isinstance(world.table, _Recording)
    return world.table


@pytest.fixture
def moto_table() -> Iterator[Any]:
    with moto_engine() as engine, engine.table(_TABLE):
        yield engine.client


@pytest.mark.slow
def test_simulated_writes_have_the_same_outcomes_on_moto(recorded: _Recording, moto_table: Any) -> None:
    for operation, request, outcome in recorded.written:
        try:
            result = getattr(moto_table, operation)(**request).get("Attributes")
        except ClientError as error:
            result = (error.response["Error"]["Code"], error.response.get("Item"))
        assert result == outcome, request
    items = {item["id"]["S"]: item for item in moto_table.scan(TableName=_TABLE)["Items"]}
    assert items == recorded.items
    used = " ".join(request.get("ConditionExpression", "") for _, request, _ in recorded.written)
    for part in ("attribute_not_exists(#id)", "#lease_until < :now", "#claimed_at <= :checked_before",
                 "#expires_at > :late", "#attempt = :attempt", "#claimed_by = :claimer", "#due_at = :seen",
                 "attribute_exists(#redacted_at)", ":lower0", "#code = :code", "#principal = :principal"):  # fmt: skip
        assert part in used


@pytest.mark.parametrize("forward", [True, False])
def test_index_pages_equal_motos(recorded: _Recording, moto_table: Any, forward: bool) -> None:
    reference = {"S": "3:web:same"}
    for number in range(7):
        item = {"id": {"S": f"ver_{number}"}, "reference_key": reference, "created_at": {"S": f"2026-01-{number:02d}"}}
        moto_table.put_item(TableName=_TABLE, Item=item)
        recorded.indexes["by_reference"].put(f"ver_{number}", Index("reference_key", "created_at").entry(item))
    start: dict[str, Any] = {}
    while True:
        request = {
            "TableName": _TABLE,
            "IndexName": "by_reference",
            "KeyConditionExpression": "reference_key = :partition",
            "ExpressionAttributeValues": {":partition": reference},
            "ScanIndexForward": forward,
            "Limit": 3,
            **start,
        }
        theirs, (page, last) = moto_table.query(**request), recorded.query(request)
        assert (theirs["Items"], theirs.get("LastEvaluatedKey")) == (page, last)
        if last is None:
            return
        start = {"ExclusiveStartKey": last}


_ITEM = {"id": {"S": "ver_1"}, "text": {"S": "b"}, "number": {"N": "10"}}
_VALUES = ({"S": "a"}, {"S": "b"}, {"S": "c"}, {"N": "9"}, {"N": "10.0"}, {"N": "11"})


@pytest.mark.parametrize("sign", ["=", "<>", "<", "<=", ">", ">=", "IN"])
def test_comparisons_equal_motos(moto_table: Any, sign: str) -> None:
    for name, value in itertools.product(("text", "number", "missing"), _VALUES):
        expression = "#name IN (:value, :value)" if sign == "IN" else f"#name {sign} :value"
        found = condition(expression, {"#name": name})(_ITEM, {":value": value})
        if name in _ITEM and _ITEM[name].keys() != value.keys() and sign not in ("=", "<>", "IN"):
            # moto raises an error where DynamoDB's condition is false.
            assert not found
            continue
        moto_table.put_item(TableName=_TABLE, Item=_ITEM)
        with_condition = {
            "ConditionExpression": expression,
            "ExpressionAttributeNames": {"#name": name},
            "ExpressionAttributeValues": {":value": value},
        }
        try:
            moto_table.put_item(TableName=_TABLE, Item=_ITEM, **with_condition)
        except ClientError:
            assert not found
        else:
            assert found


@pytest.mark.parametrize("before", [{}, {"of": {"N": "7"}}, {"to": {"N": "8"}}])
def test_copied_values_equal_motos(moto_table: Any, before: Item) -> None:
    names = {"#of": "of", "#to": "to"}
    values = {":new": {"N": "9"}, ":none": {"N": "0"}}
    item = {"id": {"S": "ver_1"}, **before}
    moto_table.put_item(TableName=_TABLE, Item=item)
    request = {
        "UpdateExpression": "SET #of = :new, #to = if_not_exists(#of, :none)",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ReturnValues": "ALL_NEW",
    }
    theirs = moto_table.update_item(TableName=_TABLE, Key={"id": {"S": "ver_1"}}, **request)["Attributes"]
    assert update(str(request["UpdateExpression"]), names).apply(item, values) == theirs
