"""The table, as far as it does not know what it holds."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from botocore import xform_name
from botocore.exceptions import ClientError

from bridge.aws.clients import required, translate_aws_errors
from bridge.models import Verification
from bridge.store.rows import Item, from_row, values


class ConditionFailed(Exception):
    """A write that was not done, with the verification that stands there instead (None: nothing)."""

    def __init__(self, standing: Verification | None) -> None:
        super().__init__("the condition of a write did not hold")
        self.standing = standing


@dataclass(frozen=True, slots=True)
class Table:
    """`retention` is in seconds: how long final records are kept."""

    client: Any
    name: str
    retention: int

    def put(self, item: Item, *, condition: str, bind: Mapping[str, Any]) -> None:
        self._write(
            "PutItem",
            {"Item": item},
            condition,
            bind,
            condition,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    def delete(self, id: str, *, condition: str, bind: Mapping[str, Any]) -> None:
        self._write("DeleteItem", {"Key": key(id)}, condition, bind, condition)

    def update(
        self,
        id: str,
        *,
        condition: str,
        bind: Mapping[str, Any],
        change: Mapping[str, Any],
        remove: Sequence[str] = (),
        one_more: str | None = None,
        move: Mapping[str, str] | None = None,
    ) -> Verification:
        """Sets attributes, removes them, counts one up; the verification afterwards. `move`: an attribute takes the
        number that another had before, 0 if there was none. Attributes that are not named here stay as they are, so
        what a newer version wrote survives."""
        sets = [f"#{name} = :set_{name}" for name in change]
        sets += [f"#{to} = if_not_exists(#{of}, :none)" for to, of in (move or {}).items()]
        if one_more:
            sets.append(f"#{one_more} = #{one_more} + :one")
        expression = f"SET {', '.join(sets)}" if sets else ""
        if remove:
            expression += " REMOVE " + ", ".join(f"#{name}" for name in remove)
        bound = {**bind, **{f":set_{name}": value for name, value in change.items()}}
        if one_more:
            bound[":one"] = 1
        if move:
            bound[":none"] = 0
        answer = self._write(
            "UpdateItem",
            {"Key": key(id), "UpdateExpression": expression.strip(), "ReturnValues": "ALL_NEW"},
            condition,
            bound,
            f"{expression} {condition}",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return from_row(required(answer, "Attributes", "UpdateItem"))

    def _write(
        self,
        operation: str,
        what: Mapping[str, Any],
        condition: str,
        bind: Mapping[str, Any],
        mentions: str,
        **options: Any,
    ) -> Any:
        names = {f"#{name}": name for name in re.findall(r"#(\w+)", mentions)}
        with translate_aws_errors(operation):
            try:
                return getattr(self.client, xform_name(operation))(
                    TableName=self.name,
                    ConditionExpression=condition,
                    **({"ExpressionAttributeNames": names} if names else {}),
                    **({"ExpressionAttributeValues": values(dict(bind))} if bind else {}),
                    **what,
                    **options,
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise
                raise _condition_failed(error) from None


def _condition_failed(error: ClientError) -> ConditionFailed:
    standing = cast("dict[str, Any]", error.response).get("Item")
    return ConditionFailed(from_row(standing) if standing else None)


def key(id: str) -> Item:
    return values({"id": id})
