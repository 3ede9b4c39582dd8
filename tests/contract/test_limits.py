"""What a flood meets: each door's rate, what the public may take of the account, and the sizes of what is read."""

from typing import Any

import pytest

from tests.sandbox import template, triggers
from tests.sandbox.vendor.vendor import RATE_LIMIT_PER_MINUTE

TEMPLATE = template.read()
PARAMETERS = TEMPLATE.document["Parameters"]
STAGE = TEMPLATE.of_type("AWS::ApiGatewayV2::Stage")["ApiApiGatewayDefaultStage"]
DEFAULT, ROUTES = STAGE["DefaultRouteSettings"], STAGE["RouteSettings"]


def resolved(value: Any) -> Any:
    """A number, or a parameter's default."""
    return PARAMETERS[value["Ref"]]["Default"] if isinstance(value, dict) else value


def rate(settings: dict[str, Any]) -> tuple[int, int]:
    return resolved(settings["ThrottlingRateLimit"]), resolved(settings["ThrottlingBurstLimit"])


def test_every_route_has_a_rate_and_those_open_to_everybody_have_their_own() -> None:
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
    # A rate for a route that is none is a rate for nothing; and a stage keeps the settings of a route that is gone, and
    # then refuses every update: docs/operations.md, Routes.
    assert ROUTES.keys() <= {route.key for route in routes}
    assert public <= ROUTES.keys()


@pytest.mark.parametrize("settings", [DEFAULT, *ROUTES.values()])
def test_a_burst_is_no_smaller_than_a_second(settings: dict[str, Any]) -> None:
    each, burst = rate(settings)
    assert burst >= each


def test_what_creates_and_what_sweeps_stays_below_the_vendors_limit_together() -> None:
    # Most people return within minutes of getting a link. A start page's link follows a create that made none.
    create = 2 * 60 * rate(ROUTES["POST /verifications"])[0]
    assert create + PARAMETERS["VendorCallsPerMinute"]["Default"] <= RATE_LIMIT_PER_MINUTE


def test_the_public_takes_no_more_of_the_account_than_is_reserved_for_it() -> None:
    functions = TEMPLATE.of_type("AWS::Lambda::Function")
    reserved = {
        name: function["ReservedConcurrentExecutions"]
        for name, function in functions.items()
        if "ReservedConcurrentExecutions" in function
    }

    wanted = {"Fn::If": ["HasPublicConcurrency", {"Ref": "PublicConcurrency"}, {"Ref": "AWS::NoValue"}]}
    assert reserved == {"RedirectFunction": wanted}
    assert TEMPLATE.document["Conditions"]["HasPublicConcurrency"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "PublicConcurrency"}, 0]}]
    }
