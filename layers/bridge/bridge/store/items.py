"""DynamoDB items: converts them from and to Python values, and gets one."""

from typing import Any

from bridge.aws.clients import required, translate_aws_errors

Item = dict[str, Any]


def to_item(values: dict[str, Any]) -> Item:
    """A DynamoDB item of these values. None values are left out."""
    return {name: _serialize(value) for name, value in values.items() if value is not None}


def from_item(item: Item) -> dict[str, Any]:
    """The values of a DynamoDB item."""
    return {name: _deserialize(value) for name, value in item.items()}


def get_item(client: Any, table: str, key: dict[str, str], *, is_consistent: bool = True) -> Item | None:
    """The item with this key; None if there is none. Raises StorageUnavailable."""
    with translate_aws_errors("GetItem"):
        # A truncated response would look like "not found". Every complete one contains the consumed capacity.
        response = client.get_item(
            TableName=table, Key=to_item(key), ConsistentRead=is_consistent, ReturnConsumedCapacity="TOTAL"
        )
    required(response, "ConsumedCapacity", "GetItem")
    item: Item | None = response.get("Item")
    return item


def _serialize(value: Any) -> Item:
    """A JSON value in DynamoDB's form. Numbers must be integers. Raises TypeError for other types."""
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case dict():
            return {"M": {name: _serialize(each) for name, each in value.items()}}
        case list():
            return {"L": [_serialize(each) for each in value]}
        case None:
            return {"NULL": True}
    raise TypeError(f"no item takes a {type(value).__name__}")


def _deserialize(value: Item) -> Any:
    """The inverse of _serialize. A type that only a newer version writes stays in DynamoDB's form."""
    ((kind, held),) = value.items()
    match kind:
        case "S" | "BOOL":
            return held
        case "N" if held.removeprefix("-").isdecimal():
            return int(held)
        case "M":
            return from_item(held)
        case "L":
            return [_deserialize(each) for each in held]
        case "NULL":
            return None
    return value
