"""The pages that the bridge shows at the end: the done page, and errors. start_page.py has the one at the start."""

from html import escape

from aws_lambda_powertools.event_handler import Response

from bridge.domain.errors import BridgeError, VendorError
from bridge.domain.reasons import reason
from bridge.domain.verification import Status, Verification
from bridge.web.brand import Brand
from bridge.web.page_layout import WAITING, page, paragraphs, reload_after
from bridge.web.page_texts import Language
from bridge.web.problems import log_error, status_and_code
from bridge.web.responses import poll_seconds

# After an error of the vendor that does not say when to try again.
_RELOAD_SECONDS = 30
_UNSUCCESSFUL = (Status.REJECTED, Status.FAILED, Status.EXPIRED)
# Decoration: the heading says the same in words.
_MARK = '<svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="10"/><path d="{}"/></svg>'
_TICK, _EXCLAMATION = _MARK.format("m7.5 12.5 3 3 6-6.5"), _MARK.format("M12 7v6m0 3.5v.01")


def done_page(verification: Verification, language: Language, brand: Brand) -> Response[str]:
    """The stored status in words, its reason, and what to do next; it reloads itself until the status is final."""
    title, text = language.outcomes[verification.status]
    texts = [text]
    if verification.reason_code:
        texts.append(language.reason(verification.reason_code))
    if verification.status in _UNSUCCESSFUL:
        may_try_again = verification.reason_code is None or reason(verification.reason_code).retryable
        texts.append(language.try_again if may_try_again else language.ask)
    content = paragraphs(*texts)
    mark = ""
    if verification.status.is_final:
        mark = _TICK if verification.status is Status.VERIFIED else _EXCLAMATION
    else:
        content += WAITING
    headers = reload_after(poll_seconds(verification))
    return page(200, title, content, language, brand, mark=mark, headers=headers)


def error_page(error: BridgeError, language: Language, brand: Brand) -> Response[str]:
    """Logs `error`, and returns the page for it. The page contains nothing from the request."""
    log_error(error)
    status, code = status_and_code(error)
    is_vendors = isinstance(error, VendorError)
    title, text = language.errors["vendor_unavailable" if is_vendors else code]
    seconds = error.retry_after or (_RELOAD_SECONDS if is_vendors else None)
    content = paragraphs(text) + (WAITING if seconds else "")
    if is_vendors:
        # After the button of the start page: the empty address is that page's own.
        content += f'<p><a href="">{escape(language.back)}</a></p>'
    return page(status, title, content, language, brand, headers=reload_after(seconds))
