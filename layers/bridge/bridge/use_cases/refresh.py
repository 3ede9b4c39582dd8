"""Checks a verification with the vendor because its principal asks for it."""

from bridge.dependencies import Dependencies
from bridge.domain.errors import NotFound
from bridge.domain.ids import is_id
from bridge.domain.verification import Verification
from bridge.use_cases.complete import check_on_refresh
from bridge.use_cases.read import require_access


def refresh(deps: Dependencies, principal: str, id: str) -> Verification:
    """Checks with the vendor now, unless the last check was a moment ago.

    Raises NotFound, or the VendorError or StorageUnavailable of a failed check.
    """
    if not is_id(id):
        raise NotFound()
    checked = check_on_refresh(deps, id, principal)
    verification = require_access(checked.verification, principal)
    if checked.error:
        raise checked.error
    return verification
