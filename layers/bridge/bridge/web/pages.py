"""Plain pages for a person who cannot be redirected to the frontend."""

from aws_lambda_powertools.event_handler import Response

from bridge.domain.errors import BridgeError, NotFound, PrefetchRefused, RedirectNotAllowed, StorageUnavailable
from bridge.web.problems import log_error, status_and_code

# The URL of a return contains its secret code. It must not be cached, or sent to another site.
PRIVATE_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}

_TEXTS = {
    NotFound: ("Page not found", "This page does not exist. Please return to the site where you started."),
    RedirectNotAllowed: ("Thank you", "Your verification was received. You can close this page."),
    PrefetchRefused: ("Please reload", "Please reload this page to continue."),
    StorageUnavailable: ("Please wait", "This page reloads automatically in a few seconds."),
}


def see_other(location: str) -> Response[str]:
    """A 303 to `location`."""
    return Response(303, "text/plain", "", {**PRIVATE_HEADERS, "Location": location})


def page(error: BridgeError) -> Response[str]:
    """Logs `error`, and returns the page for it. The page contains nothing from the request."""
    log_error(error)
    title, text = _TEXTS[type(error)]
    headers: dict[str, str | list[str]] = {
        **PRIVATE_HEADERS,
        "Content-Security-Policy": "default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    if error.retry_after is not None:
        headers |= {"Refresh": str(error.retry_after), "Retry-After": str(error.retry_after)}
    html = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>'
        f"{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>\n"
    )
    return Response(status_and_code(error)[0], "text/html; charset=utf-8", html, headers)
