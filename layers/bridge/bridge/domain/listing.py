"""What a list of verifications is asked for."""

from datetime import datetime
from typing import NamedTuple

from bridge.domain.verification import Position, Status


class ListQuery(NamedTuple):
    """The query of `GET /verifications`: by `reference`, or by time of creation (`created_after` included,
    `created_before` not) and status. None is not given."""

    reference: str | None
    status: Status | None
    created_after: datetime | None
    created_before: datetime | None
    limit: int
    after: Position | None
