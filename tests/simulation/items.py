"""DynamoDB's limits on items and values."""

from decimal import Decimal, InvalidOperation

from .expressions import Item, Value

_LARGEST_ITEM = 400 * 1024
_DIGITS = 38
_KEYS = {"id": "S", "due_shard": "S", "due_at": "N", "reference_key": "S", "created_at": "S", "created_day": "S"}


class Refused(Exception):
    """A rejected request. `code` is DynamoDB's error code; `item` is the stored item where a condition failed."""

    def __init__(self, code: str, item: Item | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.item = item


def check_item(item: Item) -> None:
    """Raises Refused for unsupported numbers, items that are too large, and keys that are empty or of another type."""
    check_value({"M": item})
    has_bad_key = any(name in item and not item[name].get(kind) for name, kind in _KEYS.items())
    if has_bad_key or size(item) > _LARGEST_ITEM:
        raise Refused("ValidationException")


def check_value(value: Value) -> None:
    kind, content = next(iter(value.items()))
    if kind == "N":
        try:
            parsed = Decimal(content)
        except InvalidOperation:
            raise Refused("ValidationException") from None
        if not parsed.is_finite() or len(parsed.as_tuple().digits) > _DIGITS:
            raise Refused("ValidationException")
    elif kind in ("M", "L"):
        for each in content.values() if kind == "M" else content:
            check_value(each)


def size(item: Item) -> int:
    """Returns the size of an item in bytes, as DynamoDB counts them."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(value: Value) -> int:
    kind, content = next(iter(value.items()))
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return len(content) // 2 + 2
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _size(each) for name, each in content.items())
    if kind == "L":
        return 3 + sum(1 + _size(each) for each in content)
    return 1
