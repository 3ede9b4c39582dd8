"""The simulated table against moto's: the same requests, the same answers."""

import itertools
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.sandbox import template
from tests.simulation import scenarios
from tests.simulation.dynamodb import Index, Table
from tests.simulation.expressions import Item, Unsupported, condition, update
from tests.simulation.world import World

Request = tuple[str, dict[str, Any]]


class _Recording(Table):
    """Writes down each write with what came of it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.written: list[tuple[Request, Any]] = []

    def put(self, by: Any, request: Any) -> None:
        self._note("put_item", request, lambda: Table.put(self, by, request))

    def update(self, by: Any, request: Any) -> Any:
        return self._note("update_item", request, lambda: Table.update(self, by, request))

    def delete(self, by: Any, request: Any) -> None:
        self._note("delete_item", request, lambda: Table.delete(self, by, request))

    def _note(self, operation: str, request: Any, do: Any) -> Any:
        try:
            outcome = do()
        except Exception as error:
            self.written.append(((operation, dict(request)), (getattr(error, "code", None), getattr(error, "item", 0))))
            raise
        self.written.append(((operation, dict(request)), outcome))
        return outcome


@pytest.fixture(scope="module")
def recorded() -> _Recording:
    """All that a harsh run asked of its table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.simulation.world.Table", _Recording)
        world = World("3", scenarios.harsh("3", 40)).run()
    assert isinstance(world.table, _Recording)
    return world.table


@pytest.fixture
def moto_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("dynamodb", region_name="ap-southeast-1")
        properties = template.read().of_type("AWS::DynamoDB::Table")["VerificationsTable"]
        names = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        client.create_table(TableName="VerificationsTable", **{name: properties[name] for name in names})
        yield client


@pytest.mark.slow
def test_every_write_of_a_run_does_to_motos_table_what_it_did_to_ours(recorded: _Recording, moto_table: Any) -> None:
    for (operation, request), outcome in recorded.written:
        try:
            answer = getattr(moto_table, operation)(**request).get("Attributes")
        except ClientError as error:
            answer = (error.response["Error"]["Code"], error.response.get("Item"))
        assert answer == outcome, request
    items = {item["id"]["S"]: item for item in moto_table.scan(TableName="VerificationsTable")["Items"]}
    assert items == recorded.items


@pytest.mark.slow
def test_the_run_used_every_expression_of_the_store(recorded: _Recording) -> None:
    used = " ".join(request.get("ConditionExpression", "") for (_, request), _ in recorded.written)
    for part in ("attribute_not_exists(#id)", "#lease_until < :now", "#claimed_at <= :checked_before",
                 "#expires_at > :late", "#attempt = :attempt", "#claimed_by = :claimer", "#due_at = :seen",
                 "attribute_exists(#redacted_at)", ":lower0", "#code = :code", "#principal = :principal"):  # fmt: skip
        assert part in used


@pytest.mark.parametrize("forward", [True, False])
def test_indexes_are_read_in_motos_order_page_by_page(recorded: _Recording, moto_table: Any, forward: bool) -> None:
    reference = {"S": "3:web:same"}
    for number in range(7):
        item = {"id": {"S": f"ver_{number}"}, "reference_key": reference, "created_at": {"S": f"2026-01-{number:02d}"}}
        moto_table.put_item(TableName="VerificationsTable", Item=item)
        recorded.indexes["by_reference"].put(f"ver_{number}", Index("reference_key", "created_at").entry(item))
    start: dict[str, Any] = {}
    while True:
        request = {
            "TableName": "VerificationsTable",
            "IndexName": "by_reference",
            "KeyConditionExpression": "reference_key = :partition",
            "ExpressionAttributeValues": {":partition": reference},
            "ScanIndexForward": forward,
            "Limit": 3,
            **start,
        }
        theirs, (page, last) = moto_table.query(**request), recorded.query(request)
        assert theirs["Items"] == page
        assert theirs.get("LastEvaluatedKey") == last
        if last is None:
            return
        start = {"ExclusiveStartKey": last}


_ITEM = {"id": {"S": "ver_1"}, "text": {"S": "b"}, "number": {"N": "10"}}


_VALUES = ({"S": "a"}, {"S": "b"}, {"S": "c"}, {"N": "9"}, {"N": "10.0"}, {"N": "11"})


@pytest.mark.parametrize("sign", ["=", "<>", "<", "<=", ">", ">=", "IN"])
def test_comparisons_are_motos(moto_table: Any, sign: str) -> None:
    for name, value in itertools.product(("text", "number", "missing"), _VALUES):
        _compare(moto_table, name, value, sign)


def _compare(moto_table: Any, name: str, value: dict[str, str], sign: str) -> None:
    if name in _ITEM and _ITEM[name].keys() != value.keys() and sign not in ("=", "<>", "IN"):
        # moto fails where DynamoDB says no.
        assert not condition(f"#name {sign} :value", {"#name": name})(_ITEM, {":value": value})
        return
    expression = "#name IN (:value, :value)" if sign == "IN" else f"#name {sign} :value"
    moto_table.put_item(TableName="VerificationsTable", Item=_ITEM)
    try:
        moto_table.put_item(
            TableName="VerificationsTable",
            Item=_ITEM,
            ConditionExpression=expression,
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": value},
        )
        holds = True
    except ClientError:
        holds = False
    assert condition(expression, {"#name": name})(_ITEM, {":value": value}) is holds


@pytest.mark.parametrize("expression", ["size(#a) > :b", "#a = :b OR", "begins_with(#a, :b)", "#a ~ :b", "NOT #a = :b"])
def test_what_nobody_held_against_moto_is_refused(expression: str) -> None:
    with pytest.raises((Unsupported, KeyError)):
        condition(expression, {"#a": "a"})({"a": {"S": "b"}}, {":b": {"S": "b"}})


@pytest.mark.parametrize("before", [{}, {"of": {"N": "7"}}, {"to": {"N": "8"}}])
def test_a_value_is_moved_as_moto_moves_it(moto_table: Any, before: Item) -> None:
    expression = "SET #of = :new, #to = if_not_exists(#of, :none)"
    names = {"#of": "of", "#to": "to"}
    values = {":new": {"N": "9"}, ":none": {"N": "0"}}
    item = {"id": {"S": "ver_1"}, **before}
    moto_table.put_item(TableName="VerificationsTable", Item=item)
    answer = moto_table.update_item(
        TableName="VerificationsTable",
        Key={"id": {"S": "ver_1"}},
        UpdateExpression=expression,
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=values,
        ReturnValues="ALL_NEW",
    )
    assert update(expression, names).apply(item, values) == answer["Attributes"]


@pytest.mark.parametrize("expression", ["SET #a = :b REMOVE #a", "SET #a = #b", "ADD #a :b", "SET #a = #b + :c"])
def test_an_update_that_nobody_held_against_moto_is_refused(expression: str) -> None:
    with pytest.raises((Unsupported, KeyError)):
        update(expression, {"#a": "a", "#b": "b"})
