"""The pages that the bridge itself shows to a person: the done page, and errors of a return."""

import base64
import hashlib
from html import escape

from aws_lambda_powertools.event_handler import Response

from bridge.domain.errors import BridgeError
from bridge.domain.reasons import reason
from bridge.domain.verification import Status, Verification
from bridge.web.page_texts import Language
from bridge.web.problems import log_error, status_and_code
from bridge.web.responses import retry_after_header

# The URL of a return contains its secret code. It must not be cached, or sent to another site.
PRIVATE_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}

_STYLE = (
    ":root{color-scheme:light dark;font:18px/1.5 system-ui,sans-serif}"
    "body{margin:0;display:grid;min-height:100vh;place-items:center}"
    "main{box-sizing:border-box;width:100%;max-width:34rem;padding:1.5rem;overflow-wrap:anywhere}"
    "h1{font-size:1.6rem;line-height:1.25}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    **PRIVATE_HEADERS,
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
# After an error that does not say when to try again.
_RELOAD_SECONDS = 5
_UNSUCCESSFUL = (Status.REJECTED, Status.FAILED, Status.EXPIRED)


def see_other(location: str) -> Response[str]:
    """A 303 to `location`."""
    return Response(303, "text/plain", "", {**PRIVATE_HEADERS, "Location": location})


def done_page(v: Verification, language: Language) -> Response[str]:
    """The stored status in words, its reason, and what to do next; it reloads itself until the status is final."""
    title, text = language.outcomes[v.status]
    paragraphs = [text]
    if v.reason_code:
        paragraphs.append(language.reason(v.reason_code))
    if v.status in _UNSUCCESSFUL:
        may_try_again = v.reason_code is None or reason(v.reason_code).retryable
        paragraphs.append(language.try_again if may_try_again else language.ask)
    seconds = retry_after_header(v).get("Retry-After")
    return _page(200, language, title, paragraphs, {"Refresh": seconds, "Retry-After": seconds} if seconds else {})


def error_page(error: BridgeError, language: Language) -> Response[str]:
    """Logs `error`, and returns the page for it. The page contains nothing from the request."""
    log_error(error)
    status, code = status_and_code(error)
    own_text = language.errors.get(code)
    title, text = own_text or language.errors["storage_unavailable"]
    # The vendor's errors, which only the start page meets, share that text. It says that the page reloads.
    wait = error.retry_after or (None if own_text else _RELOAD_SECONDS)
    seconds = None if wait is None else str(wait)
    return _page(status, language, title, [text], {"Refresh": seconds, "Retry-After": seconds} if seconds else {})


def _page(status: int, language: Language, title: str, paragraphs: list[str], headers: dict[str, str]) -> Response[str]:
    body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    html = (
        f'<!doctype html>\n<html lang="{language.tag}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>\n"
    )
    return Response(status, "text/html; charset=utf-8", html, {**_HEADERS, "Content-Language": language.tag, **headers})
