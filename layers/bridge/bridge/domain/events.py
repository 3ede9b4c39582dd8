"""What the world is told of a verification: one event per status advance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """`id` is also the `webhook-id`; `timestamp` is ISO 8601 in UTC; `principal` is whose verification it is, and never
    stands in a webhook's body."""

    id: str
    type: str
    timestamp: str
    data: Mapping[str, Any]
    principal: str
