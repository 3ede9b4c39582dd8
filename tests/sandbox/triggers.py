"""What invokes which function: routes, authorizers, schedules, queues and streams of the translated template."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .template import Document, Template, references

# The function in an integration's URI: …:lambda:path/…/functions/${RedirectFunction.Arn}/invocations
_INTEGRATED = re.compile(r"\$\{(\w+)\.Arn\}/invocations$")
_RATE = re.compile(r"^rate\((\d+) (minute|hour|day)s?\)$")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_CORS = "x-amazon-apigateway-cors"
_AUTHORIZER = "x-amazon-apigateway-authorizer"
_TTL = "authorizerResultTtlInSeconds"
_INTEGRATION = "x-amazon-apigateway-integration"


@dataclass(frozen=True, slots=True)
class Route:
    """`method` is in upper case, or "ANY". `path` is as in /verifications/{id}. A public route has no `authorizer`."""

    method: str
    path: str
    function: str
    authorizer: str | None = None

    @property
    def key(self) -> str:
        """API Gateway's routeKey."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Authorizer:
    """An authorizer. `headers`, in lower case, are its identity sources. Results are cached for `cache_seconds`."""

    function: str
    headers: tuple[str, ...]
    cache_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Cors:
    """The API's CORS configuration."""

    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age: int | None = None


@dataclass(frozen=True, slots=True)
class Api:
    """One HTTP API."""

    routes: tuple[Route, ...]
    authorizers: dict[str, Authorizer]
    cors: Cors | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rule with the logical id `name` that invokes `function` every `seconds`."""

    name: str
    function: str
    seconds: int


@dataclass(frozen=True, slots=True)
class StreamSource:
    """An event source mapping of a table's stream: `function` gets each record that matches one of `patterns` (JSON).

    A batch that fails more than `retries` times, or is older than `max_age` seconds, goes to the queue `dead_letters`.
    With `bisects`, a failed batch is halved first.
    """

    table: str
    function: str
    batch_size: int
    patterns: tuple[str, ...]
    retries: int
    max_age: int
    bisects: bool
    dead_letters: str


@dataclass(frozen=True, slots=True)
class QueueSource:
    """An event source mapping of a queue: `function` gets at most `batch_size` messages of `queue` at once."""

    queue: str
    function: str
    batch_size: int
    reports_failures: bool
    # None if the template sets no limit.
    max_concurrency: int | None = None


def api_values(template: Template) -> Document:
    """Returns the values of the API that CloudFormation has to resolve before api() gets them."""
    values = {"cors": _body(template).get(_CORS, {})}
    return values | {f"ttl/{name}": item.get(_TTL, 0) for name, item in _authorizers(template)}


def api(template: Template, values: Document) -> Api:
    """Returns the HTTP API. `values` is the resolved result of api_values()."""
    authorizers = {
        name: Authorizer(
            function=_function_of(template, item["authorizerUri"]),
            headers=tuple(source.rpartition(".")[2].lower() for source in item["identitySource"]),
            cache_seconds=int(values[f"ttl/{name}"]),
        )
        for name, item in _authorizers(template)
    }
    return Api(tuple(_routes(template, authorizers)), authorizers, _cors(values.get("cors")))


def schedules(template: Template) -> tuple[Schedule, ...]:
    """Returns every scheduled rule."""
    return tuple(
        Schedule(name, target["Arn"]["Fn::GetAtt"][0], _seconds(rule["ScheduleExpression"]))
        for name, rule in template.of_type("AWS::Events::Rule").items()
        if "ScheduleExpression" in rule
        for target in rule["Targets"]
    )


def queue_sources(template: Template) -> tuple[QueueSource, ...]:
    """Returns every event source mapping of a queue."""
    return tuple(
        QueueSource(
            queue=mapping["EventSourceArn"]["Fn::GetAtt"][0],
            function=mapping["FunctionName"]["Ref"],
            batch_size=int(mapping.get("BatchSize", 10)),
            reports_failures="ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", ()),
            max_concurrency=_max_concurrency(template, mapping),
        )
        for mapping in template.of_type("AWS::Lambda::EventSourceMapping").values()
        if mapping["EventSourceArn"]["Fn::GetAtt"][0] in template.of_type("AWS::SQS::Queue")
    )


def _max_concurrency(template: Template, mapping: Document) -> int | None:
    """Returns the most executions at the same time, or None if the mapping has no limit."""
    declared = template.resolved(mapping.get("ScalingConfig", {}))
    return int(declared["MaximumConcurrency"]) if declared else None


def stream_sources(template: Template) -> tuple[StreamSource, ...]:
    """Returns every event source mapping of a table's stream."""
    return tuple(
        StreamSource(
            table=mapping["EventSourceArn"]["Fn::GetAtt"][0],
            function=mapping["FunctionName"]["Ref"],
            batch_size=int(mapping["BatchSize"]),
            patterns=tuple(each["Pattern"] for each in mapping["FilterCriteria"]["Filters"]),
            retries=int(mapping["MaximumRetryAttempts"]),
            max_age=int(mapping["MaximumRecordAgeInSeconds"]),
            bisects=bool(mapping["BisectBatchOnFunctionError"]),
            dead_letters=mapping["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0],
        )
        for mapping in template.of_type("AWS::Lambda::EventSourceMapping").values()
        if mapping["EventSourceArn"]["Fn::GetAtt"][0] in template.of_type("AWS::DynamoDB::Table")
    )


def _body(template: Template) -> Document:
    (declared,) = template.of_type("AWS::ApiGatewayV2::Api").values()
    body: Document = declared["Body"]
    return body


def _authorizers(template: Template) -> Iterator[tuple[str, Document]]:
    schemes = _body(template).get("components", {}).get("securitySchemes", {})
    return ((name, scheme[_AUTHORIZER]) for name, scheme in schemes.items() if _AUTHORIZER in scheme)


def _routes(template: Template, authorizers: dict[str, Authorizer]) -> Iterator[Route]:
    for path, operations in _body(template)["paths"].items():
        for method, operation in operations.items():
            guards = [name for item in operation.get("security", ()) for name in item if name in authorizers]
            verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
            function = _function_of(template, operation[_INTEGRATION]["uri"])
            yield Route(verb, path, function, guards[0] if guards else None)


def _function_of(template: Template, uri: Document) -> str:
    """Returns the logical id of the function in an integration's URI."""
    sub = uri["Fn::Sub"]
    if isinstance(sub, list):
        (function,) = references(sub[1]["__FunctionArn__"])
        return function
    match = _INTEGRATED.search(sub)
    if match is None:
        raise ValueError(f"no function in the URI {sub}")
    return match[1]


def _cors(values: Any) -> Cors | None:
    if not values:
        return None
    if not isinstance(values, dict):
        # API Gateway rejects such a document. SAM makes one if AllowOrigins is an intrinsic function.
        raise ValueError(f"the CORS configuration became {values}, where API Gateway takes an object")
    names = ("allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders")
    lists = (values.get(name) or () for name in names)
    origins, methods, headers, exposed = (tuple(str(item) for item in items) for items in lists)
    return Cors(origins, methods, headers, exposed, values.get("maxAge")) if origins else None


def _seconds(expression: str) -> int:
    match = _RATE.match(expression)
    if match is None:
        raise ValueError(f"this schedule is not a rate: {expression}")
    return int(match[1]) * _SECONDS[match[2]]
