"""Conditional writes to a DynamoDB table of verifications."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from botocore import xform_name

from bridge.aws.clients import required
from bridge.domain.verification import HistoryEntry, Verification
from bridge.store.conditions import ConditionNotMet, conditional_write
from bridge.store.items import Item, to_item
from bridge.store.rows import from_row, history_entry

# A tombstone never changes again.
NOT_REDACTED = "attribute_not_exists(#redacted_at)"


class ConditionFailed(Exception):
    """The condition of a write was not met. `existing` is the current verification; None if it does not exist."""

    def __init__(self, existing: Verification | None) -> None:
        super().__init__("the condition of a write did not hold")
        self.existing = existing


class Table:
    """The table. `retention_seconds` is how long final records are kept.

    Every write raises ConditionFailed if its condition is not met, or StorageUnavailable if DynamoDB fails.
    """

    def __init__(self, client: Any, name: str, retention_seconds: int) -> None:
        self.client = client
        self.name = name
        self.retention_seconds = retention_seconds

    def put(self, item: Item, *, condition: str, values: Mapping[str, Any]) -> None:
        self._write(
            "PutItem",
            {"Item": item},
            condition,
            values,
            condition,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    def delete(self, id: str, *, condition: str, values: Mapping[str, Any]) -> None:
        self._write("DeleteItem", {"Key": key(id)}, condition, values, condition)

    def update(
        self,
        id: str,
        *,
        condition: str,
        values: Mapping[str, Any],
        set: Mapping[str, Any],
        default: Mapping[str, Any] | None = None,
        copy: Mapping[str, str] | None = None,
        increment: Sequence[str] = (),
        advance: HistoryEntry | None = None,
    ) -> Verification:
        """Updates an item, and returns the verification afterwards.

        Other attributes stay unchanged, including those that only a newer version knows.

        Args:
            condition: an expression over `#attribute` and the `:names` in `values`.
            set: new values by attribute. None removes the attribute.
            default: values for attributes that the item lacks.
            copy: attributes that are set to the number in another attribute, or 0 if it is absent.
            increment: numbers to increase by one.
            advance: an entry to append to the history; `sequence` grows by one.
        """
        expression, bound = _expression(set, default or {}, copy or {}, increment, advance)
        response = self._write(
            "UpdateItem",
            {"Key": key(id), "UpdateExpression": expression, "ReturnValues": "ALL_NEW"},
            condition,
            {**values, **bound},
            f"{expression} {condition}",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return from_row(required(response, "Attributes", "UpdateItem"))

    def _write(
        self,
        operation: str,
        what: Mapping[str, Any],
        condition: str,
        values: Mapping[str, Any],
        mentions: str,
        **options: Any,
    ) -> Any:
        names = {f"#{name}": name for name in re.findall(r"#(\w+)", mentions)}
        try:
            with conditional_write(operation):
                return getattr(self.client, xform_name(operation))(
                    TableName=self.name,
                    ConditionExpression=condition,
                    **({"ExpressionAttributeNames": names} if names else {}),
                    **({"ExpressionAttributeValues": to_item(dict(values))} if values else {}),
                    **what,
                    **options,
                )
        except ConditionNotMet as failed:
            raise ConditionFailed(from_row(failed.item) if failed.item else None) from None


def _expression(
    set: Mapping[str, Any],
    default: Mapping[str, Any],
    copy: Mapping[str, str],
    increment: Sequence[str],
    advance: HistoryEntry | None,
) -> tuple[str, dict[str, Any]]:
    """The update expression, and the values that it refers to. The arguments are those of `Table.update`."""
    set = {**set, "advanced": True if advance else None}
    given = {name: value for name, value in set.items() if value is not None}
    removed = [f"#{name}" for name in set if name not in given]
    if advance:
        increment = [*increment, "sequence"]
    clauses = [f"#{name} = :set_{name}" for name in given]
    clauses += [f"#{name} = if_not_exists(#{name}, :set_{name})" for name in default]
    clauses += [f"#{name} = if_not_exists(#{source}, :zero)" for name, source in copy.items()]
    clauses += [f"#{name} = #{name} + :one" for name in increment]
    bound = {f":set_{name}": value for name, value in {**given, **default}.items()}
    bound |= ({":one": 1} if increment else {}) | ({":zero": 0} if copy else {})
    if advance:
        clauses.append("#history = list_append(if_not_exists(#history, :none), :entry)")
        bound |= {":none": [], ":entry": [history_entry(advance)]}
    expression = f"SET {', '.join(clauses)}" if clauses else ""
    expression += f" REMOVE {', '.join(removed)}" if removed else ""
    return expression.strip(), bound


def key(id: str) -> Item:
    return to_item({"id": id})
