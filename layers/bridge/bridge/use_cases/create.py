"""Creates a verification in three steps: reserve the record, request a link, store the link."""

from datetime import datetime, timedelta
from typing import NamedTuple

from bridge.dependencies import Dependencies
from bridge.domain import links, schedule
from bridge.domain.checks import CallClass
from bridge.domain.errors import BridgeError, IdempotencyKeyReused, StillRunning, StorageUnavailable
from bridge.domain.ids import id_for, new_code, new_id
from bridge.domain.verification import LinkRequest, Status, Verification
from bridge.observability import attach_verification_id, logger, record_failure
from bridge.store import creation


class Created(NamedTuple):
    """A verification with its link; `is_replay` if an earlier request made it."""

    verification: Verification
    is_replay: bool


def create(
    deps: Dependencies, principal: str, request: LinkRequest, *, idempotency_key: str | None, base_url: str
) -> Created:
    """Creates a verification with two writes; three if the request says whom it expects.

    It calls the vendor once, or not at all if the start page is to make the link.
    The same key and request return the same verification without a vendor call.

    Args:
        base_url: this API's own URL, without a trailing slash.

    Raises:
        IdempotencyKeyReused: the key was used with another request.
        StillRunning: a request with this key is in progress.
        VendorError: the vendor did not create a link.
        StorageUnavailable: DynamoDB failed.
    """
    reservation = _reservation(deps, principal, request, idempotency_key)
    with attach_verification_id(reservation.id):
        return _create(deps, request, reservation, base_url)


def _create(deps: Dependencies, request: LinkRequest, reservation: Verification, base_url: str) -> Created:
    existing = creation.reserve(deps.table, reservation, deps.now())
    if existing:
        return _replay(deps, existing, reservation)
    try:
        if request.expected:
            deps.expected.put(reservation.id, request.expected, _no_longer_expected(deps, reservation))
        if reservation.valid_until:
            due_at = links.due_without_link(reservation)
            made = creation.commit_without_link(deps.table, reservation, due_at=due_at, now=deps.now())
            return _created(made)
        permit = deps.rate_limiter.permit(CallClass.CREATE, reservation.id, reservation.principal)
        return_url = f"{base_url}/return/{reservation.id}/{reservation.code}"
        link = deps.vendor.create_link(request, return_url, permit=permit)
    except BridgeError:
        _release(deps, reservation)
        raise
    # The link's lifetime begins when the vendor creates it, which may be seconds after the reservation. With an earlier
    # expires_at, a success in the last seconds of the link would count as too late.
    now = deps.now()
    lifetime = reservation.expires_at - reservation.created_at
    made = reservation._replace(created_at=now, expires_at=now + lifetime)
    return _created(creation.commit_link(deps.table, made, url=link.url, token=link.token, now=now))


def _created(verification: Verification) -> Created:
    logger.info("verification_created", extra={"verification_id": verification.id, "status": verification.status})
    return Created(verification, is_replay=False)


def _no_longer_expected(deps: Dependencies, reservation: Verification) -> datetime:
    """When the verification has certainly ended. What is expected is erased before that, unless a process crashes."""
    # The start page may make the last link just before valid_until.
    lifetime = deps.settings.link_lifetime_seconds if reservation.valid_until else 0
    seconds = lifetime + schedule.LATE_PROOF_SECONDS + deps.settings.give_up_after_seconds
    return reservation.expires_at + timedelta(seconds=seconds)


def _reservation(deps: Dependencies, principal: str, request: LinkRequest, idempotency_key: str | None) -> Verification:
    now = deps.now()
    valid_until = None if request.valid_for is None else now + timedelta(seconds=request.valid_for)
    expires_at = valid_until or now + timedelta(seconds=deps.settings.link_lifetime_seconds)
    return Verification(
        id=id_for(principal, idempotency_key) if idempotency_key is not None else new_id(deps.random_bytes),
        principal=principal,
        status=Status.PENDING,
        sequence=0,
        type=request.type,
        id_country=request.id_country,
        id_type=request.id_type,
        redirect_url=request.redirect_url,
        reference=request.reference,
        metadata=request.metadata,
        code=new_code(deps.random_bytes),
        created_at=now,
        updated_at=now,
        expires_at=expires_at,
        fingerprint=request.fingerprint,
        attempt=deps.nonce(),
        lease_until=int(now.timestamp()) + schedule.LEASE_SECONDS,
        # Not changed when the link is stored, to save a write to the index.
        due_at=schedule.first_check(now.timestamp(), expires_at.timestamp()),
        has_expected=request.expected is not None,
        valid_until=valid_until,
        locale=request.locale,
    )


def _release(deps: Dependencies, reservation: Verification) -> None:
    try:
        if reservation.has_expected:
            # Before the release: after it, another request may have stored its own.
            deps.expected.delete(reservation.id)
        creation.release(deps.table, reservation)
    except StorageUnavailable as error:
        # The lease expires without it.
        record_failure("release_failed", error, verification_id=reservation.id)


def _replay(deps: Dependencies, existing: Verification, reservation: Verification) -> Created:
    # Redaction removes the fingerprint. A request with the same key then gets the tombstone.
    if existing.fingerprint not in (reservation.fingerprint, None):
        raise IdempotencyKeyReused()
    if existing.is_reservation:
        left = (existing.lease_until or 0) - int(deps.now().timestamp())
        raise StillRunning(retry_after=min(max(left, 1), schedule.LEASE_SECONDS))
    return Created(existing, is_replay=True)
