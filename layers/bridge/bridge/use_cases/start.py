"""Makes the vendor's link of a start page, when the person asks for it."""

from datetime import timedelta

from bridge.dependencies import Dependencies
from bridge.domain import links
from bridge.domain.checks import CallClass
from bridge.domain.errors import BridgeError, NotFound, StorageUnavailable, attach_locale
from bridge.domain.links import LinkState
from bridge.domain.verification import LinkRequest, Verification
from bridge.observability import logger, record_failure
from bridge.store import start_links
from bridge.use_cases.status import read_status


def read_start(deps: Dependencies, id: str, code: str) -> Verification:
    """The verification of a start page. Raises NotFound, also for one without a start page."""
    verification = read_status(deps, id, code)
    if verification.valid_until is None:
        raise NotFound(locale=verification.locale)
    return verification


def start(deps: Dependencies, id: str, code: str, *, base_url: str) -> str | None:
    """The URL of the vendor's page: of the link that can be used, or of a new one.

    None if the start page has to say what is next: the verification has ended, another tap is making a link, or the
    last link is still being checked.

    Args:
        base_url: this API's own URL, without a trailing slash.

    Raises:
        NotFound: as read_start.
        VendorError: the vendor did not create a link.
        StorageUnavailable: DynamoDB failed.
    """
    verification = read_start(deps, id, code)
    now = deps.now()
    match links.state(verification, now):
        case LinkState.USABLE:
            return verification.url
        case LinkState.READY:
            with attach_locale(verification.locale):
                leased = start_links.lease(deps.table, verification, deps.nonce(), now)
                made = leased and _make_link(deps, leased, f"{base_url}/return/{id}/{code}")
            return made.url if made else None
    return None


def _make_link(deps: Dependencies, leased: Verification, return_url: str) -> Verification | None:
    request = LinkRequest(leased.type, leased.id_country, leased.id_type)
    try:
        permit = deps.rate_limiter.permit(CallClass.CREATE, leased.id, leased.principal)
        link = deps.vendor.create_link(request, return_url, permit=permit)
    except BridgeError:
        _release(deps, leased)
        raise
    now = deps.now()
    expires_at = now + timedelta(seconds=deps.settings.link_lifetime_seconds)
    made = start_links.commit(deps.table, leased, url=link.url, token=link.token, now=now, expires_at=expires_at)
    if made:
        number = len(made.ended_links) + 1
        logger.info("link_made", extra={"verification_id": made.id, "status": made.status, "link": number})
    return made


def _release(deps: Dependencies, leased: Verification) -> None:
    try:
        start_links.release(deps.table, leased)
    except StorageUnavailable as error:
        # The lease expires without it.
        record_failure("release_failed", error, verification_id=leased.id)
