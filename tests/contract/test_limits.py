"""The limits against floods: the rate of each route, and the concurrency of the public routes."""

from typing import Any

import pytest

from tests.sandbox import template, triggers
from tests.sandbox.vendor.vendor import RATE_LIMIT_PER_MINUTE

TEMPLATE = template.read()
PARAMETERS = TEMPLATE.document["Parameters"]
STAGE = TEMPLATE.of_type("AWS::ApiGatewayV2::Stage")["ApiApiGatewayDefaultStage"]
DEFAULT, ROUTES = STAGE["DefaultRouteSettings"], STAGE["RouteSettings"]


def resolved(value: Any) -> Any:
    """Returns the number, or the default of the parameter."""
    return PARAMETERS[value["Ref"]]["Default"] if isinstance(value, dict) else value


def rate(settings: dict[str, Any]) -> tuple[int, int]:
    return resolved(settings["ThrottlingRateLimit"]), resolved(settings["ThrottlingBurstLimit"])


def test_every_route_has_a_rate_and_each_public_route_its_own() -> None:
    routes = triggers.api(TEMPLATE, {"ttl/BearerKey": 0}).routes
    public = {route.key for route in routes if route.authorizer is None}

    assert rate(DEFAULT) == (50, 100)
    assert {key: rate(settings) for key, settings in ROUTES.items()} == {
        "POST /verifications": (2, 20),
        "GET /start/{id}/{code}": (50, 100),
        "POST /start/{id}/{code}": (2, 20),
        "GET /return/{id}/{code}": (10, 50),
        "GET /status/{id}/{code}": (50, 100),
        "GET /done/{id}/{code}": (50, 100),
        "GET /health": (10, 20),
        "GET /openapi.json": (10, 20),
    }
    # A stage with settings for a route that does not exist refuses every update: docs/operations.md, Routes.
    assert ROUTES.keys() <= {route.key for route in routes}
    assert public <= ROUTES.keys()


@pytest.mark.parametrize("settings", [DEFAULT, *ROUTES.values()])
def test_the_burst_is_at_least_the_rate_per_second(settings: dict[str, Any]) -> None:
    each, burst = rate(settings)
    assert burst >= each


def test_creates_and_scheduled_checks_together_stay_below_the_vendors_limit() -> None:
    # Two calls per create, because most people return within minutes. A start page's link replaces that of its create.
    create = 2 * 60 * rate(ROUTES["POST /verifications"])[0]
    assert create + PARAMETERS["VendorCallsPerMinute"]["Default"] <= RATE_LIMIT_PER_MINUTE


def test_only_the_public_function_has_reserved_concurrency() -> None:
    functions = TEMPLATE.of_type("AWS::Lambda::Function")
    reserved = {
        name: function["ReservedConcurrentExecutions"]
        for name, function in functions.items()
        if "ReservedConcurrentExecutions" in function
    }

    expected = {"Fn::If": ["HasPublicConcurrency", {"Ref": "PublicConcurrency"}, {"Ref": "AWS::NoValue"}]}
    assert reserved == {"RedirectFunction": expected}
    assert TEMPLATE.document["Conditions"]["HasPublicConcurrency"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "PublicConcurrency"}, 0]}]
    }
