"""What a list of verifications is asked for."""

from dataclasses import dataclass
from datetime import datetime

from bridge.domain.verification import Position, Status


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The query of `GET /verifications`: by `reference`, or by time of creation (`created_after` included,
    `created_before` not) and status. None is not given."""

    reference: str | None
    status: Status | None
    created_after: datetime | None
    created_before: datetime | None
    limit: int
    after: Position | None
