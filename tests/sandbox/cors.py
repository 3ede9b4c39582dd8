"""API Gateway's side of CORS: it responds to preflight requests, and adds the headers that browsers check."""

from werkzeug.wrappers import Request, Response

from .triggers import Cors


def preflight(cors: Cors, request: Request) -> Response:
    """Returns the response to OPTIONS on any path. An origin that is not allowed gets no CORS headers."""
    response = Response(status=204)
    if origin := _allowed(cors, request.headers.get("origin")):
        response.headers["access-control-allow-origin"] = origin
        _join(response, "access-control-allow-methods", cors.allow_methods)
        _join(response, "access-control-allow-headers", cors.allow_headers)
        if cors.max_age is not None:
            response.headers["access-control-max-age"] = str(cors.max_age)
    return response


def add_headers(cors: Cors, request: Request, response: Response) -> None:
    """Replaces the CORS headers that a function sets, as API Gateway does if CORS is configured."""
    for name in [name for name, _ in response.headers if name.lower().startswith("access-control-")]:
        del response.headers[name]
    if origin := _allowed(cors, request.headers.get("origin")):
        response.headers["access-control-allow-origin"] = origin
        _join(response, "access-control-expose-headers", cors.expose_headers)


def _allowed(cors: Cors, origin: str | None) -> str | None:
    if origin is None:
        return None
    if "*" in cors.allow_origins:
        return "*"
    scheme, _, host = origin.partition("://")
    # API Gateway has no wildcard for ports. The sandbox has one, for frontends on this machine.
    matches = {origin, f"{scheme}://*", f"{scheme}://{host.partition(':')[0]}:*"}
    return origin if matches & set(cors.allow_origins) else None


def _join(response: Response, name: str, values: tuple[str, ...]) -> None:
    if values:
        response.headers[name] = ",".join(values)
