"""The hit on the vendor's redirect_url. The browser is never believed: it only makes us ask the vendor."""

import hmac

from bridge.errors import NotFound, RedirectNotAllowed
from bridge.ids import is_id
from bridge.models import Status, Verification
from bridge.origins import fault_of, with_outcome
from bridge.store import reading
from bridge.use_cases.complete import complete
from bridge.wiring import Bridge


def come_back(bridge: Bridge, id: str, code: str) -> str:
    """Where to send the person on to. Raises NotFound, RedirectNotAllowed; StorageUnavailable if nothing is known."""
    if not is_id(id):
        raise NotFound()
    completed = complete(bridge, id, code=code, has_returned=True)
    verification = _with_code(completed.verification, code)
    if verification.redirect_url is None or fault_of(
        verification.redirect_url, bridge.settings.allowed_redirect_origins
    ):
        raise RedirectNotAllowed()
    status = verification.status
    if completed.fault and status is Status.PENDING:
        # Somebody who stands before us has at least begun; what came of it we shall know later.
        status = Status.PROCESSING
    return with_outcome(verification.redirect_url, verification.id, status)


def read_status(bridge: Bridge, id: str, code: str) -> Verification:
    """What a browser may know, for the code in its status_url."""
    return _with_code(reading.get(bridge.table, id) if is_id(id) else None, code)


def _with_code(verification: Verification | None, code: str) -> Verification:
    known = verification.code if verification and not verification.is_reservation else None
    if not hmac.compare_digest((known or "").encode(), code.encode()) or not known or verification is None:
        raise NotFound()
    return verification
