"""Once a minute: sends what is due to the queue."""

import dataclasses
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.dependencies import dependencies
from bridge.use_cases.sweep import sweep
from bridge.web.entry import entry_point

# Milliseconds that are kept for sending what was taken.
_RESERVE = 10_000


@entry_point
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    swept = sweep(dependencies(), has_time=lambda: context.get_remaining_time_in_millis() > _RESERVE)
    return dataclasses.asdict(swept)
