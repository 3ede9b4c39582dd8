"""The alarms of the template, the metrics that they watch, and the metrics in a function's output."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.sandbox import template
from tests.sandbox.stack import Stack


@dataclass(frozen=True, slots=True)
class Metric:
    """The identity of a metric in CloudWatch."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm; `properties` as in the translated template."""

    name: str
    properties: Mapping[str, Any]

    @property
    def dimensions(self) -> dict[str, Any]:
        return {each["Name"]: each["Value"] for each in self.properties["Dimensions"]}

    def resolved(self, stack: Stack) -> Metric:
        """Returns the alarm's metric; its namespace must be the stack's name."""
        assert self.properties["Namespace"] == {"Ref": "AWS::StackName"}
        return Metric(stack.name, self.properties["MetricName"], tuple(sorted(self.dimensions.items())))


_TEMPLATE = template.read()
# Alarms on our own metrics by metric name (each metric has one alarm); alarms on AWS's metrics by logical id.
ALARMS = {
    properties["MetricName"] if properties["Namespace"] == {"Ref": "AWS::StackName"} else name: Alarm(name, properties)
    for name, properties in _TEMPLATE.of_type("AWS::CloudWatch::Alarm").items()
}


def powertools_settings(stack: Stack) -> tuple[str, str]:
    """Returns the metrics namespace and service name with which the template deploys all functions."""
    functions = _TEMPLATE.of_type("AWS::Lambda::Function").values()
    declared = [function["Environment"]["Variables"] for function in functions]
    names = ("POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_SERVICE_NAME")
    ((namespace, service),) = {tuple(str(each[name]) for name in names) for each in declared}
    return (stack.name if namespace == str({"Ref": "AWS::StackName"}) else namespace), service


def emitted(output: str) -> dict[Metric, float]:
    """Returns the sum of each metric in a function's output, which is in CloudWatch's embedded metric format.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    sums: dict[Metric, float] = {}
    for line in output.splitlines():
        document = json.loads(line) if line.startswith('{"_aws"') or '"_aws"' in line else {}
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", []):
            for dimensions in directive["Dimensions"]:
                named = tuple(sorted((name, document[name]) for name in dimensions))
                for declared in directive["Metrics"]:
                    value = document[declared["Name"]]
                    metric = Metric(directive["Namespace"], declared["Name"], named)
                    sums[metric] = sums.get(metric, 0) + sum(value if isinstance(value, list) else [value])
    return sums
