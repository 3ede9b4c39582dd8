"""Where Lambda comes in: what every function does around its own work."""

import functools
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.observability import logger, metrics, record_failure
from bridge.tracing import traced
from bridge.web.time_limit import OutOfTime, time_limit

Handler = Callable[[dict[str, Any], LambdaContext], Any]


class InvocationFailed(Exception):
    """Stands for an unknown error whose own text might hold what no log may."""


def entry_point(handler: Handler) -> Handler:
    """Logs with the request's id, sends the metrics, and lets an unknown error fail the invocation without its text."""

    @logger.inject_lambda_context(correlation_id_path="requestContext.requestId", clear_state=True)
    @functools.wraps(handler)
    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
        try:
            with time_limit(context):
                return handler(event, context)
        except (Exception, OutOfTime) as error:  # noqa: BLE001 - whatever it is, its text must not reach the log
            record_failure("invocation_failed", error)
            raise InvocationFailed(type(error).__name__) from None
        finally:
            # Most invocations have none, and are not to be warned of it.
            if metrics.metric_set:
                metrics.flush_metrics()

    # Outermost, where an error has no text any more that a trace could keep.
    return traced(lambda_handler)
