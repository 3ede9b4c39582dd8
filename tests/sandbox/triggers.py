"""Which function is called by what: routes, authorizers, schedules and queues, from the translated template."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .template import Document, Template, references

# A function in the middle of an API's URI: …:lambda:path/…/functions/${RedirectFunction.Arn}/invocations
_INTEGRATED = re.compile(r"\$\{(\w+)\.Arn\}/invocations$")
_RATE = re.compile(r"^rate\((\d+) (minute|hour|day)s?\)$")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_CORS = "x-amazon-apigateway-cors"
_AUTHORIZER = "x-amazon-apigateway-authorizer"
_TTL = "authorizerResultTtlInSeconds"
_INTEGRATION = "x-amazon-apigateway-integration"


@dataclass(frozen=True, slots=True)
class Route:
    """`method` in upper case or "ANY"; `path` as in /verifications/{id}; `authorizer` None where public."""

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
    """`headers`, in lower case, are its identity sources; its results are cached for `cache_seconds`."""

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
    """`function` is called every `seconds`; `name` is the rule's logical id."""

    name: str
    function: str
    seconds: int


@dataclass(frozen=True, slots=True)
class StreamSource:
    """A table's stream that goes to a function, as far as one of the patterns (JSON) matches a record. A batch that
    fails more than `retries` times, or is older than `max_age` seconds, goes to the queue `dead_letters`; one that
    `bisects` is halved first."""

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
    """An event source mapping: `function` gets at most `batch_size` messages of `queue` (a logical id) at once."""

    queue: str
    function: str
    batch_size: int
    reports_failures: bool
    # None where the template does not bound it.
    max_concurrency: int | None = None


def api_values(template: Template) -> Document:
    """What may be an intrinsic function, for CloudFormation to resolve; api() takes it back."""
    values = {"cors": _body(template).get(_CORS, {})}
    return values | {f"ttl/{name}": item.get(_TTL, 0) for name, item in _authorizers(template)}


def api(template: Template, values: Document) -> Api:
    """The HTTP API; `values` are api_values(), resolved."""
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
    """Every rule with a rate, and the function that it calls."""
    return tuple(
        Schedule(name, target["Arn"]["Fn::GetAtt"][0], _seconds(rule["ScheduleExpression"]))
        for name, rule in template.of_type("AWS::Events::Rule").items()
        if "ScheduleExpression" in rule
        for target in rule["Targets"]
    )


def queue_sources(template: Template) -> tuple[QueueSource, ...]:
    """Every event source mapping of a queue."""
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
    """Executions at the same time, or None if the mapping has no limit."""
    declared = template.resolved(mapping.get("ScalingConfig", {}))
    return int(declared["MaximumConcurrency"]) if declared else None


def stream_sources(template: Template) -> tuple[StreamSource, ...]:
    """Every event source mapping of a table's stream."""
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
    """A logical id from the URI that API Gateway would call it by."""
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
        # API Gateway imports no such document. SAM makes one of an intrinsic function as AllowOrigins.
        raise ValueError(f"the CORS configuration became {values}, where API Gateway takes an object")
    names = ("allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders")
    lists = (values.get(name) or () for name in names)
    origins, methods, headers, exposed = (tuple(str(item) for item in items) for items in lists)
    return Cors(origins, methods, headers, exposed, values.get("maxAge")) if origins else None


def _seconds(expression: str) -> int:
    match = _RATE.match(expression)
    if match is None:
        raise ValueError(f"only rates are supported here, not {expression}")
    return int(match[1]) * _SECONDS[match[2]]
