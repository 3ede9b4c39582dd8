"""The verification that a person's browser may see: it has the code of the return URL."""

import hmac

from bridge.dependencies import Dependencies
from bridge.domain.errors import NotFound
from bridge.domain.ids import is_id
from bridge.domain.verification import Verification
from bridge.store import reading


def read_status(deps: Dependencies, id: str, code: str) -> Verification:
    """The verification for its status_url, its done page or its start page. Raises NotFound."""
    return require_code(reading.get(deps.table, id) if is_id(id) else None, code)


def require_code(verification: Verification | None, code: str) -> Verification:
    expected = verification.code if verification and not verification.is_reservation else None
    if not hmac.compare_digest((expected or "").encode(), code.encode()) or not expected or verification is None:
        raise NotFound()
    return verification
