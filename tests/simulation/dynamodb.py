"""A simulated DynamoDB table: conditional writes, indexes that lag behind, a stream, TTL."""

import functools
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .expressions import Item, Unsupported, condition, mentioned, number, update
from .items import Refused, check_item, check_value


@dataclass(frozen=True, slots=True)
class Change:
    """A write, as a record of the stream. `by` is the invocation that made it."""

    time: float
    id: str
    before: Item | None
    after: Item | None
    by: Any


class Index:
    """A global secondary index with the keys and the `projected` attributes."""

    def __init__(self, partition: str, sort: str, projected: tuple[str, ...] = ()) -> None:
        self.partition = partition
        self.sort = sort
        self.projected = projected
        self._entries: dict[str, Item] = {}
        self._partitions: dict[str, dict[str, Item]] = defaultdict(dict)

    def entry(self, item: Item | None) -> Item | None:
        if item is None or self.partition not in item or self.sort not in item:
            return None
        return {name: item[name] for name in ("id", self.partition, self.sort, *self.projected)}

    def put(self, id: str, entry: Item | None) -> None:
        before = self._entries.pop(id, None)
        if before:
            del self._partitions[before[self.partition]["S"]][id]
        if entry:
            self._entries[id] = entry
            self._partitions[entry[self.partition]["S"]][id] = entry

    def read(self, partition: str, *, forward: bool) -> list[Item]:
        found = self._partitions.get(partition, {}).values()
        return sorted(found, key=self.place, reverse=not forward)

    def place(self, entry: Item) -> tuple[Any, str]:
        """Returns the sort key of an entry."""
        value = entry[self.sort]
        return number(value) if "N" in value else value["S"], entry["id"]["S"]

    def __len__(self) -> int:
        return len(self._entries)


class Table:
    """`now()` is the true time; `later(time, action)` calls the action then; `lag()` draws by how many seconds the
    indexes are behind a write. Each index gets the writes of one item in their order."""

    def __init__(
        self, now: Callable[[], float], later: Callable[[float, Callable[[], object]], None], lag: Callable[[], float]
    ) -> None:
        self.items: dict[str, Item] = {}
        self.stream: list[Change] = []
        self.by_id: dict[str, list[Change]] = defaultdict(list)
        self.indexes = {
            "due": Index("due_shard", "due_at"),
            "by_reference": Index("reference_key", "created_at"),
            "by_created": Index("created_day", "owner_created", ("status",)),
        }
        # Called with each change.
        self.on_change: Callable[[Change], None] = lambda change: None
        self._now = now
        self._later = later
        self._lag = lag
        self._index_time: dict[str, float] = {}
        # The number of items that all queries together returned.
        self.items_read = 0

    def put(self, by: Any, request: Mapping[str, Any]) -> None:
        item = request["Item"]
        self._check(by, request, item["id"]["S"], request["ConditionExpression"])
        self._write(by, item["id"]["S"], item)

    def update(self, by: Any, request: Mapping[str, Any]) -> Item:
        """Returns the item after the update, as ReturnValues=ALL_NEW does."""
        id = request["Key"]["id"]["S"]
        expression = request["UpdateExpression"]
        before = self._check(by, request, id, request["ConditionExpression"], expression)
        values = request.get("ExpressionAttributeValues", {})
        try:
            change = update(expression, request.get("ExpressionAttributeNames", {}))
            after = change.apply(before or dict(request["Key"]), values)
        except (KeyError, Unsupported) as error:
            raise Refused("ValidationException") from error
        self._write(by, id, after)
        return after

    def delete(self, by: Any, request: Mapping[str, Any]) -> None:
        id = request["Key"]["id"]["S"]
        before = self._check(by, request, id, request["ConditionExpression"])
        if before is not None:
            self._write(by, id, None)

    def query(self, request: Mapping[str, Any]) -> tuple[list[Item], Item | None]:
        """Returns a page of an index, and its LastEvaluatedKey."""
        index = self.indexes[request["IndexName"]]
        values = request["ExpressionAttributeValues"]
        test = condition(request["KeyConditionExpression"], request.get("ExpressionAttributeNames", {}))
        partition = next(value["S"] for value in values.values() if "S" in value)
        forward = request.get("ScanIndexForward", True)
        found = [entry for entry in index.read(partition, forward=forward) if test(entry, values)]
        if start := request.get("ExclusiveStartKey"):
            place = index.place(start)
            found = [
                entry for entry in found if index.place(entry) != place and (index.place(entry) > place) == forward
            ]
        limit = request.get("Limit", len(found))
        page = found[:limit]
        self.items_read += len(page)
        return page, page[-1] if len(page) == limit and page else None

    def expire(self, now: float) -> None:
        """Deletes the items whose ttl has passed."""
        for id, item in list(self.items.items()):
            if "ttl" in item and number(item["ttl"]) < now:
                self._write("ttl", id, None)

    def _check(self, by: Any, request: Mapping[str, Any], id: str, *expressions: str) -> Item | None:
        """Returns the item before the write; raises Refused if the condition does not hold."""
        names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
        used = set().union(*map(mentioned, expressions))
        if used != set(names) | set(values):
            raise Refused("ValidationException")
        for value in values.values():
            check_value(value)
        before = self.items.get(id)
        if not condition(expressions[0], names)(before or {}, values):
            is_wanted = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            raise Refused("ConditionalCheckFailedException", before if is_wanted else None)
        return before

    def _write(self, by: Any, id: str, after: Item | None) -> None:
        if after is not None:
            check_item(after)
        change = Change(self._now(), id, self.items.get(id), after, by)
        if after is None:
            del self.items[id]
        else:
            self.items[id] = after
        self.stream.append(change)
        self.by_id[id].append(change)
        self.on_change(change)
        due = max(self._now() + self._lag(), self._index_time.get(id, 0.0))
        self._index_time[id] = due
        for index in self.indexes.values():
            old, new = index.entry(change.before), index.entry(after)
            if old != new:
                self._later(due, functools.partial(index.put, id, new))
