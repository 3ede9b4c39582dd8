"""Reads the stack of template.yaml with sandbox.stack, without creating it. A physical id is the logical id."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from tests.sandbox import stack, template
from tests.sandbox.stack import Stack
from tests.sandbox.template import Template

# The key of the throttle that all routes without their own share.
DEFAULT = "$default"


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """Times are in seconds."""

    visibility_timeout: float
    message_retention: float
    max_receive_count: int


def read(parameters: Mapping[str, str]) -> tuple[Template, Stack]:
    """Returns the template with `parameters` in place of its defaults, and its stack."""
    return _read(frozenset(parameters.items()))


@cache
def _read(parameters: frozenset[tuple[str, str]]) -> tuple[Template, Stack]:
    source = template.read(dict(parameters))
    source = replace(source, parameters={**source.parameters, "AWS::StackName": stack.STACK_NAME})
    names = source.document["Resources"]
    return source, stack.describe(source, stack.STACK_NAME, source.resolved(stack.unresolved(source, names)), {})


def queues(source: Template) -> dict[str, QueueSettings]:
    """Returns the queues that have a dead-letter queue, by logical id."""
    return {
        name: QueueSettings(
            float(queue["VisibilityTimeout"]),
            float(queue["MessageRetentionPeriod"]),
            int(queue["RedrivePolicy"]["maxReceiveCount"]),
        )
        for name, queue in source.of_type("AWS::SQS::Queue").items()
        if "RedrivePolicy" in queue
    }


def dead_letter_queues(source: Template) -> list[str]:
    """Returns the logical ids of the dead-letter queues: queues without one of their own."""
    return [name for name, queue in source.of_type("AWS::SQS::Queue").items() if "RedrivePolicy" not in queue]


def event_pattern(source: Template) -> Mapping[str, Any]:
    """Returns the event pattern of the rule that sends events to a queue."""
    (rule,) = (rule for rule in source.of_type("AWS::Events::Rule").values() if "EventPattern" in rule)
    pattern: Mapping[str, Any] = source.resolved(rule["EventPattern"])
    return pattern


def throttles(source: Template) -> dict[str, tuple[float, float]]:
    """Returns (requests per second, burst) by route key; DEFAULT has those that all other routes share."""
    (stage,) = source.resolved(source.of_type("AWS::ApiGatewayV2::Stage")).values()
    settings = {DEFAULT: stage["DefaultRouteSettings"], **stage["RouteSettings"]}
    return {
        route: (float(its["ThrottlingRateLimit"]), float(its["ThrottlingBurstLimit"]))
        for route, its in settings.items()
    }
