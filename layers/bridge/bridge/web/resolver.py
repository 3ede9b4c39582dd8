"""The resolver of the routes, which all functions behind the API use."""

from urllib.parse import urlsplit

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from bridge.settings import Settings


def http_resolver() -> APIGatewayHttpResolver:
    """A resolver for the routes in the template.

    It strips the path of the public base URL, because API Gateway leaves the path of an API mapping ("/ekyc") in
    rawPath.
    """
    path = urlsplit(Settings().public_base_url).path
    return APIGatewayHttpResolver(strip_prefixes=[path] if path else None)
