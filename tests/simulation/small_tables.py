"""Simulated AuditTable, RateTable, ResultsTable and EndpointsTable."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from .expressions import Item, condition
from .items import Refused, check_item, check_value


class AuditTable:
    """Entries by verification and time."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Item] = {}

    def put(self, request: Mapping[str, Any]) -> None:
        item = request["Item"]
        check_value({"M": item})
        assert request["ConditionExpression"] == "attribute_not_exists(verification_id)"
        key = item["verification_id"]["S"], item["at"]["S"]
        if key in self.entries:
            raise Refused("ConditionalCheckFailedException")
        self.entries[key] = item

    def count(self, verification_id: str, action: str) -> int:
        return sum(id == verification_id and item["action"]["S"] == action for (id, _), item in self.entries.items())


class RateTable:
    """`windows` has the counts of each window, by its id; `refused` counts rejected calls by class."""

    def __init__(self) -> None:
        self.windows: dict[str, Counter[str]] = defaultdict(Counter)
        self.refused: Counter[str] = Counter()

    def update(self, request: Mapping[str, Any]) -> None:
        names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]
        window = self.windows[request["Key"]["id"]["S"]]
        item = {name: {"N": str(count)} for name, count in window.items()}
        if not condition(request["ConditionExpression"], names)(item, values):
            self.refused[names["#1"]] += 1
            raise Refused("ConditionalCheckFailedException")
        _, _, added = request["UpdateExpression"].partition("ADD ")
        window.update(names[clause.split()[0]] for clause in added.split(","))


class ResultsTable:
    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Item] = {}

    def put(self, request: Mapping[str, Any]) -> None:
        check_item(request["Item"])
        self.items[_key(request["Item"])] = request["Item"]

    def get(self, request: Mapping[str, Any]) -> Item | None:
        return self.items.get(_key(request["Key"]))

    def delete(self, request: Mapping[str, Any]) -> None:
        self.items.pop(_key(request["Key"]), None)

    def query(self, request: Mapping[str, Any]) -> list[Item]:
        """Returns the keys of all items of a verification."""
        id = request["ExpressionAttributeValues"][":id"]["S"]
        return [{"id": {"S": id}, "sha256": {"S": sha256}} for each, sha256 in self.items if each == id]

    def of(self, verification_id: str) -> list[str]:
        """Returns the SHA-256 of each stored record of a verification."""
        return [sha256 for id, sha256 in self.items if id == verification_id]


class EndpointsTable:
    """`off` has the time since which each disabled endpoint is off."""

    def __init__(self) -> None:
        self.off: dict[str, float] = {}

    def put(self, request: Mapping[str, Any], now: float) -> None:
        assert request["ConditionExpression"] == "attribute_not_exists(#name)"
        if request["Item"]["name"]["S"] in self.off:
            raise Refused("ConditionalCheckFailedException")
        self.off[request["Item"]["name"]["S"]] = now

    def get(self, request: Mapping[str, Any]) -> Item | None:
        name = request["Key"]["name"]
        return {"name": name} if name["S"] in self.off else None


def _key(item: Item) -> tuple[str, str]:
    return item["id"]["S"], item["sha256"]["S"]
