"""The table of the rate limiter: windows that calls are counted in."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from .expressions import condition
from .items import Refused


class RateTable:
    """`windows`: the counts of each window, by its id."""

    def __init__(self) -> None:
        self.windows: dict[str, Counter[str]] = defaultdict(Counter)
        # The classes of calls that were refused, and how often.
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
