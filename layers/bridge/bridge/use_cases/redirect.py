"""Handles the person's return from the vendor. The browser is not trusted: its request only triggers a check."""

from bridge.dependencies import Dependencies
from bridge.domain.errors import NotFound, RedirectNotAllowed
from bridge.domain.ids import is_id
from bridge.domain.redirect_urls import add_outcome, validate_redirect_url
from bridge.domain.verification import Verification
from bridge.use_cases.complete import check_on_return
from bridge.use_cases.status import require_code


def redirect(deps: Dependencies, id: str, code: str) -> str | None:
    """The URL to send the person to, with the stored status; None for a verification without redirect_url.

    Raises:
        NotFound: unknown id, wrong code, or redacted verification.
        RedirectNotAllowed: the origin of redirect_url is no longer allowed.
        StorageUnavailable: the return could not be stored.
    """
    if not is_id(id):
        raise NotFound()
    return frontend_url(deps, require_code(check_on_return(deps, id, code).verification, code))


def frontend_url(deps: Dependencies, verification: Verification) -> str | None:
    """redirect_url with the stored status; None for a verification without one. Raises RedirectNotAllowed."""
    url = verification.redirect_url
    if url is None:
        return None
    if validate_redirect_url(url, deps.settings.allowed_redirect_origins):
        raise RedirectNotAllowed(locale=verification.locale)
    return add_outcome(url, verification.id, verification.status)
