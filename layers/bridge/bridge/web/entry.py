"""The entry point that all Lambda handlers share: logging, metrics, time limit and unknown errors."""

import functools
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.observability import logger, metrics, record_failure
from bridge.tracing import Handler, traced
from bridge.web.time_limit import OutOfTime, time_limit


class InvocationFailed(Exception):
    """Replaces an unknown error, whose text might contain personal data or a secret."""


def entry_point(handler: Handler) -> Handler:
    """Wraps a handler: logs contain the request id, metrics are sent, and unknown errors fail the invocation.

    The text of an unknown error never reaches the log.
    """

    @logger.inject_lambda_context(correlation_id_path="requestContext.requestId", clear_state=True)
    @functools.wraps(handler)
    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
        try:
            with time_limit(context):
                return handler(event, context)
        except (Exception, OutOfTime) as error:  # noqa: BLE001 - no error's text may reach the log
            record_failure("invocation_failed", error)
            raise InvocationFailed(type(error).__name__) from None
        finally:
            # Without the check, Powertools warns about empty metrics.
            if metrics.metric_set:
                metrics.flush_metrics()

    # Outermost, so that traces see InvocationFailed and not the original error.
    return traced(lambda_handler)
