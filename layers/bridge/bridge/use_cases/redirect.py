"""The hit on the vendor's redirect_url. The browser is never believed: it only makes us ask the vendor."""

import hmac

from bridge.dependencies import Dependencies
from bridge.domain.errors import NotFound, RedirectNotAllowed
from bridge.domain.ids import is_id
from bridge.domain.redirect_urls import validate_redirect_url, with_outcome
from bridge.domain.verification import Verification
from bridge.store import reading
from bridge.use_cases.complete import check_on_return


def redirect(deps: Dependencies, id: str, code: str) -> str:
    """Where to send the person, with the status that is stored.

    Raises NotFound, RedirectNotAllowed; StorageUnavailable if the return could not be stored.
    """
    if not is_id(id):
        raise NotFound()
    verification = _with_code(check_on_return(deps, id, code).verification, code)
    url = verification.redirect_url
    if url is None or validate_redirect_url(url, deps.settings.allowed_redirect_origins):
        raise RedirectNotAllowed()
    return with_outcome(url, verification.id, verification.status)


def read_status(deps: Dependencies, id: str, code: str) -> Verification:
    """What a browser may know, for the code in its status_url."""
    return _with_code(reading.get(deps.table, id) if is_id(id) else None, code)


def _with_code(verification: Verification | None, code: str) -> Verification:
    known = verification.code if verification and not verification.is_reservation else None
    if not hmac.compare_digest((known or "").encode(), code.encode()) or not known or verification is None:
        raise NotFound()
    return verification
