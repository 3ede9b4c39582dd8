"""Sends due verifications to the queue, once a minute."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.dependencies import dependencies
from bridge.use_cases.sweep import sweep
from bridge.web.entry import entry_point

# Milliseconds reserved for sending what was claimed.
_RESERVE = 10_000


@entry_point
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    result = sweep(dependencies(), has_time=lambda: context.get_remaining_time_in_millis() > _RESERVE)
    return result._asdict()
