"""The table of the vendor's fields: one item for each record that a status rests on."""

from collections.abc import Mapping
from typing import Any

from .expressions import Item
from .items import check_item


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
        """The keys of all items of a verification."""
        id = request["ExpressionAttributeValues"][":id"]["S"]
        return [{"id": {"S": id}, "sha256": {"S": sha256}} for each, sha256 in self.items if each == id]

    def of(self, verification_id: str) -> list[str]:
        """The SHA-256 of each record whose fields are there."""
        return [sha256 for id, sha256 in self.items if id == verification_id]


def _key(item: Item) -> tuple[str, str]:
    return item["id"]["S"], item["sha256"]["S"]
