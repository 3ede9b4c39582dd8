"""The resolver of the routes, the same for each function behind the API."""

from urllib.parse import urlsplit

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from bridge.settings import Settings


def http_resolver() -> APIGatewayHttpResolver:
    """Finds routes as the template names them, whatever the path of the public base URL.

    The path of an API mapping ("/ekyc") stays in rawPath.
    """
    path = urlsplit(Settings().public_base_url).path
    return APIGatewayHttpResolver(strip_prefixes=[path] if path else None)
