"""DynamoDB's form of plain values."""

from typing import Any

Item = dict[str, Any]


def attributes(plain: dict[str, Any]) -> Item:
    """DynamoDB's form of plain values, without those that are None."""
    return {name: _serialize(value) for name, value in plain.items() if value is not None}


def plain(item: Item) -> dict[str, Any]:
    return {name: _deserialize(value) for name, value in item.items()}


def _serialize(value: Any) -> Item:
    """DynamoDB's form of JSON's kinds of values, as far as its numbers are whole."""
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
    """The value again. A kind that only a newer version can have written stays in DynamoDB's form."""
    ((kind, held),) = value.items()
    match kind:
        case "S" | "BOOL":
            return held
        case "N" if held.removeprefix("-").isdecimal():
            return int(held)
        case "M":
            return plain(held)
        case "L":
            return [_deserialize(each) for each in held]
        case "NULL":
            return None
    return value
