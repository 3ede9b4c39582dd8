"""The few plain pages that a person may see when there is nowhere to send them."""

from aws_lambda_powertools.event_handler import Response

from bridge.domain.errors import BridgeError, NotFound, PrefetchRefused, RedirectNotAllowed, StorageUnavailable
from bridge.web.problems import log, status_of

# A return's address holds its code: nothing may keep it, or tell it on.
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}

_TEXTS = {
    NotFound: ("Page not found", "This address is not known here. Please go back to where you came from."),
    RedirectNotAllowed: ("Thank you", "Your verification has reached us. You may close this page."),
    PrefetchRefused: ("One moment, please", "Please open this page again."),
    StorageUnavailable: ("One moment, please", "This page tries again by itself in a few seconds."),
}


def see_other(location: str) -> Response[str]:
    return Response(303, "text/plain", "", {**PRIVATE, "Location": location})


def page(error: BridgeError) -> Response[str]:
    """The page for a person whose return ended in `error`. None of it comes from the request."""
    log(error)
    title, text = _TEXTS[type(error)]
    headers: dict[str, str | list[str]] = {
        **PRIVATE,
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
    return Response(status_of(error)[0], "text/html; charset=utf-8", html, headers)
