"""The table of the audit trail: entries by verification and time."""

from collections.abc import Mapping
from typing import Any

from .expressions import Item
from .items import Refused, check_value


class AuditTable:
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

    def of(self, verification_id: str, action: str) -> int:
        """How many entries there are."""
        return sum(id == verification_id and item["action"]["S"] == action for (id, _), item in self.entries.items())
