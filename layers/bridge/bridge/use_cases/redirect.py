"""The hit on the vendor's redirect_url. The browser is never believed: it only makes us ask the vendor."""

import hmac

from bridge.errors import NotFound, RedirectNotAllowed
from bridge.ids import is_id
from bridge.models import Verification
from bridge.origins import fault_of, with_outcome
from bridge.store import reading
from bridge.use_cases.complete import check_on_return
from bridge.wiring import Bridge


def redirect(bridge: Bridge, id: str, code: str) -> str:
    """Where to send the person, with the status that is stored.

    Raises NotFound, RedirectNotAllowed; StorageUnavailable if the return could not be stored.
    """
    if not is_id(id):
        raise NotFound()
    verification = _with_code(check_on_return(bridge, id, code).verification, code)
    url = verification.redirect_url
    if url is None or fault_of(url, bridge.settings.allowed_redirect_origins):
        raise RedirectNotAllowed()
    return with_outcome(url, verification.id, verification.status)


def read_status(bridge: Bridge, id: str, code: str) -> Verification:
    """What a browser may know, for the code in its status_url."""
    return _with_code(reading.get(bridge.table, id) if is_id(id) else None, code)


def _with_code(verification: Verification | None, code: str) -> Verification:
    known = verification.code if verification and not verification.is_reservation else None
    if not hmac.compare_digest((known or "").encode(), code.encode()) or not known or verification is None:
        raise NotFound()
    return verification
