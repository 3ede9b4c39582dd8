"""What template.yaml says and the simulation goes by: functions, routes, numbers. Nothing of it is written twice."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEFAULT = "$default"


@dataclass(frozen=True, slots=True)
class Function:
    """`timeout` in seconds; `routes` as (method, path, whether it is public)."""

    name: str
    app: Path
    timeout: float
    environment: Mapping[str, str]
    routes: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class Stack:
    """Seconds, where a number is a time. `throttles`: requests a second, and at one moment, of a route; below `DEFAULT`
    those of all others together."""

    functions: Mapping[str, Function]
    visibility_timeout: float
    message_retention: float
    max_receive_count: int
    batch_size: int
    concurrency: int
    sweep_interval: float
    authorizer_cache: float
    throttles: Mapping[str, tuple[float, float]]
    parameters: Mapping[str, str] = field(default_factory=dict)


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as {"Ref": "Table"} and the like."""


def _intrinsic(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


yaml.add_multi_constructor("!", _intrinsic, _Loader)


@functools.cache
def template() -> dict[str, Any]:
    document: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), _Loader)
    return document


def read(parameters: Mapping[str, str]) -> Stack:
    """The template with `parameters` in place of its defaults."""
    document = template()
    defaults = {name: str(item["Default"]) for name, item in document["Parameters"].items() if "Default" in item}
    if unknown := parameters.keys() - defaults.keys():
        raise ValueError(f"the template has no parameters {sorted(unknown)}")
    values = defaults | dict(parameters)
    resources = document["Resources"]
    shared = document["Globals"]["Function"]["Timeout"]
    functions = {
        name.removesuffix("Function").lower(): _function(name, item["Properties"], shared, values)
        for name, item in resources.items()
        if item["Type"] == "AWS::Serverless::Function"
    }
    due = resources["FinalizeFunction"]["Properties"]["Events"]["Due"]["Properties"]
    queue = resources["DueQueue"]["Properties"]
    rate = resources["SweepFunction"]["Properties"]["Events"]["EveryMinute"]["Properties"]["Schedule"]
    assert rate == "rate(1 minute)", "another schedule asks for another simulation of it"
    return Stack(
        functions=functions,
        visibility_timeout=float(queue["VisibilityTimeout"]),
        message_retention=float(queue["MessageRetentionPeriod"]),
        max_receive_count=int(queue["RedrivePolicy"]["maxReceiveCount"]),
        batch_size=int(due["BatchSize"]),
        concurrency=int(due["ScalingConfig"]["MaximumConcurrency"]),
        sweep_interval=60.0,
        authorizer_cache=float(values["AuthorizerCacheSeconds"]),
        throttles={
            route: (
                float(_value(its["ThrottlingRateLimit"], values)),
                float(_value(its["ThrottlingBurstLimit"], values)),
            )
            for route, its in {
                DEFAULT: resources["Api"]["Properties"]["DefaultRouteSettings"],
                **resources["Api"]["Properties"]["RouteSettings"],
            }.items()
        },
        parameters=values,
    )


def _function(name: str, properties: dict[str, Any], timeout: int, values: Mapping[str, str]) -> Function:
    variables = properties.get("Environment", {}).get("Variables", {})
    return Function(
        name=name.removesuffix("Function").lower(),
        app=ROOT / properties["CodeUri"] / "app.py",
        timeout=float(properties.get("Timeout", timeout)),
        environment={key: _value(value, values) for key, value in variables.items()},
        routes=tuple(
            (event["Properties"]["Method"], event["Properties"]["Path"], "Auth" in event["Properties"])
            for event in properties.get("Events", {}).values()
            if event["Type"] == "HttpApi"
        ),
    )


def _value(value: Any, parameters: Mapping[str, str]) -> str:
    """A variable's value; a resource stands for itself by its logical id."""
    if isinstance(value, dict) and "Join" in value:
        return _value(value["Join"][1], parameters)
    if isinstance(value, dict):
        name = value["Ref"]
        return parameters.get(name, name)
    return str(value)
