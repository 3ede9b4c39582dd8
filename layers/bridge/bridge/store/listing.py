"""Lists verifications by reference, and by time of creation: the index by_created has one partition for each day."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from bridge.aws.clients import required, translate_aws_errors
from bridge.domain.verification import Position, Status, Verification, timestamp
from bridge.store.index_keys import owner_created, reference_key
from bridge.store.items import Item, from_item, to_item
from bridge.store.reading import get_all
from bridge.store.table import Table

# The most days that one page of a list reads. A list of few verifications over many days has pages with none.
MAX_DAYS = 31
# About as many index entries as one page of a list reads, so that it is there within the gateway's time, however many
# have another status.
MAX_ENTRIES = 2000
# Index entries that one query reads, and keys that one BatchGetItem takes.
_BATCH = 100
# In a position: the day is still unread.
_WHOLE_DAY = "day"


class Selection(NamedTuple):
    """Which verifications to list: created from `start` on and before `end`; with that status, if one is given."""

    start: datetime
    end: datetime
    status: Status | None = None


def by_reference(
    table: Table, principal: str, reference: str, *, limit: int, after: Position | None
) -> tuple[list[Verification], Position | None]:
    """A page of a principal's verifications with this reference, newest first, and the start of the next page."""
    partition = reference_key(principal, reference)
    start = {}
    if after:
        start["ExclusiveStartKey"] = to_item({"reference_key": partition, "created_at": after[0], "id": after[1]})
    with translate_aws_errors("Query"):
        page = table.client.query(
            TableName=table.name,
            IndexName="by_reference",
            KeyConditionExpression="reference_key = :partition",
            ExpressionAttributeValues=to_item({":partition": partition}),
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
    items = required(page, "Items", "Query")
    last = from_item(page.get("LastEvaluatedKey", {}))
    found = get_all(table, [from_item(item)["id"] for item in items])
    return found, (last["created_at"], last["id"]) if last else None


def by_created(
    table: Table, principal: str, wanted: Selection, *, limit: int, after: Position | None
) -> tuple[list[Verification], Position | None]:
    """A page of a principal's verifications, newest first, and the start of the next page.

    A page may have fewer than `limit` although more follow, as it reads at most MAX_DAYS days, and stops after
    MAX_ENTRIES entries.
    """
    found: list[Position] = []
    newest = datetime.fromisoformat(after[0]) if after else wanted.end - timedelta(milliseconds=1)
    start_key = after if after and after[1] != _WHOLE_DAY else None
    day, oldest = newest.astimezone(UTC).date(), wanted.start.astimezone(UTC).date()
    unread = day - timedelta(days=MAX_DAYS)
    read = 0
    while day >= oldest and day > unread and read < MAX_ENTRIES:
        for page in _pages_of_day(table, principal, day, wanted, start_key):
            for entry in map(_position, page["Items"]):
                if len(found) == limit:
                    return _read(table, found, wanted), found[-1]
                found.append(entry)
            # Those that the filter left out are read too.
            read += required(page, "ScannedCount", "Query")
            if read >= MAX_ENTRIES and "LastEvaluatedKey" in page:
                return _read(table, found, wanted), _position(page["LastEvaluatedKey"])
        day, start_key = day - timedelta(days=1), None
    following = (f"{day.isoformat()}T23:59:59.999Z", _WHOLE_DAY) if day >= oldest else None
    return _read(table, found, wanted), following


def created_between(table: Table, start: datetime, end: datetime) -> Iterator[Verification]:
    """The verifications of all principals that were created in that time, by day; within a day in no order."""
    day = start.astimezone(UTC).date()
    while day <= end.astimezone(UTC).date():
        condition, values = "created_day = :day", {":day": day.isoformat()}
        for page in _pages(table, KeyConditionExpression=condition, ExpressionAttributeValues=to_item(values)):
            found = get_all(table, [from_item(item)["id"] for item in page["Items"]])
            yield from (each for each in found if start <= each.created_at < end)
        day += timedelta(days=1)


def _pages_of_day(
    table: Table, principal: str, day: date, wanted: Selection, after: Position | None
) -> Iterator[dict[str, Any]]:
    """The pages of a day's index entries, newest first."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    first = timestamp(max(wanted.start, midnight))
    last = timestamp(min(wanted.end, midnight + timedelta(days=1)) - timedelta(milliseconds=1))
    if after:
        # DynamoDB refuses a start key outside the condition. The span moves with the clock, so `after` may be outside.
        last = min(last, after[0])
    if first > last:
        return
    values = {
        ":day": day.isoformat(),
        ":first": owner_created(principal, first),
        ":last": owner_created(principal, last),
    }
    query: dict[str, Any] = {
        "KeyConditionExpression": "created_day = :day AND owner_created BETWEEN :first AND :last",
        "ScanIndexForward": False,
    }
    if wanted.status:
        values[":status"] = wanted.status.value
        query |= {"FilterExpression": "#status = :status", "ExpressionAttributeNames": {"#status": "status"}}
    if after and after[0] == last:
        key = {"created_day": day.isoformat(), "owner_created": owner_created(principal, after[0]), "id": after[1]}
        query["ExclusiveStartKey"] = to_item(key)
    yield from _pages(table, **query, ExpressionAttributeValues=to_item(values))


def _pages(table: Table, **query: Any) -> Iterator[dict[str, Any]]:
    """DynamoDB's pages of the index by_created."""
    while True:
        with translate_aws_errors("Query"):
            page = table.client.query(TableName=table.name, IndexName="by_created", Limit=_BATCH, **query)
        required(page, "Items", "Query")
        yield page
        if "LastEvaluatedKey" not in page:
            return
        query["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _position(entry: Item) -> Position:
    found = from_item(entry)
    return found["owner_created"].partition("#")[2], found["id"]


def _read(table: Table, entries: list[Position], wanted: Selection) -> list[Verification]:
    """The verifications of the entries. The index may be behind, so the status is compared once more."""
    found = get_all(table, [id for _, id in entries])
    return [each for each in found if wanted.status in (None, each.status)]
