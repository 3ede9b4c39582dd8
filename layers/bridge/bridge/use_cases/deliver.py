"""Webhooks: an event goes to each endpoint that wants it, again and again for 72 hours until it is accepted."""

from typing import NamedTuple

from bridge.aws.delivery_queue import Webhook
from bridge.dependencies import Dependencies
from bridge.domain import webhook_retries, webhooks
from bridge.domain.errors import DeliveryFailed, StorageUnavailable
from bridge.domain.webhooks import Endpoint
from bridge.observability import DELIVERY_FAULT, INTERNAL_ERROR, logger, record_failure, report
from bridge.outbound.public_post import Posted

_GONE = 410


class Attempt(NamedTuple):
    """What the queue says of a message: how often it was received, this time included, and when it was first sent, in
    epoch seconds."""

    receipt_handle: str
    number: int
    sent_at: float


def deliver(deps: Dependencies, webhook: Webhook, attempt: Attempt) -> None:
    """Sends an event to its endpoint, or has it sent to each that wants it.

    Raises DeliveryFailed if it is to be tried again; the message is hidden until then.
    """
    endpoints = deps.endpoints()
    if webhook.endpoint is None:
        wanted = [name for name, endpoint in endpoints.by_name.items() if endpoint.wants(webhook.event)]
        # Without a name there is nobody to keep the event for.
        for position, problem in endpoints.unnamed.items():
            report("endpoint_off", INTERNAL_ERROR, is_error=True, endpoint=position, reason=problem)
        # An operator can correct a malformed endpoint: until then its events are dead letters.
        deps.delivery_queue.send(webhook.event, [*wanted, *endpoints.malformed])
    elif reason := _why_off(deps, webhook.endpoint, endpoints):
        _set_aside(deps, webhook, "endpoint_off", reason=reason)
    elif (endpoint := endpoints.by_name[webhook.endpoint]).wants(webhook.event):
        _deliver_to(deps, endpoint, webhook, attempt)


def _why_off(deps: Dependencies, name: str, endpoints: webhooks.Endpoints) -> str | None:
    if name in endpoints.malformed:
        return endpoints.malformed[name]
    if name not in endpoints.by_name:
        return "it is not in the secret"
    return "it is disabled" if deps.endpoint_switches.is_disabled(name) else None


def _deliver_to(deps: Dependencies, endpoint: Endpoint, webhook: Webhook, attempt: Attempt) -> None:
    retry_after = None
    try:
        posted = _post(deps, endpoint, webhook)
        if 200 <= posted.status < 300:
            logger.info("webhook_delivered", extra=_fields(webhook) | {"attempt": attempt.number})
            return
        if posted.status == _GONE:
            deps.endpoint_switches.disable(endpoint.name, "it responded 410", deps.now())
            _set_aside(deps, webhook, "endpoint_off", reason="it responded 410", http_status=_GONE)
            return
        failure = DeliveryFailed(http_status=posted.status)
        retry_after = webhook_retries.retry_after_seconds(posted.retry_after, deps.now().timestamp())
    except DeliveryFailed as failed:
        failure = failed
    _retry(deps, webhook, attempt, failure, retry_after)


def _post(deps: Dependencies, endpoint: Endpoint, webhook: Webhook) -> Posted:
    body, now = webhook.event.body, int(deps.now().timestamp())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": webhook.event.id,
        "webhook-timestamp": str(now),
        "webhook-signature": webhooks.sign(endpoint.secrets, webhook.event.id, now, body),
    }
    return deps.public_post.post(endpoint.url, body, headers)


def _retry(
    deps: Dependencies, webhook: Webhook, attempt: Attempt, failure: DeliveryFailed, retry_after: float | None
) -> None:
    """Raises the failure, with the message hidden until its next attempt; after 72 hours it is set aside instead."""
    delay = webhook_retries.next_attempt(
        attempt.number,
        sent_at=attempt.sent_at,
        now=deps.now().timestamp(),
        retry_after=retry_after,
        draw=deps.draw,
        delays=deps.settings.webhook_retry_seconds or webhook_retries.DELAYS,
    )
    if delay is None:
        what = {"http_status": failure.http_status} if failure.http_status else {"error_code": failure.code}
        _set_aside(deps, webhook, "delivery_gave_up", operation=failure.operation, **what)
        return
    try:
        deps.delivery_queue.hide(attempt.receipt_handle, delay)
    except StorageUnavailable as fault:
        # It comes again when the queue's own timeout is over.
        record_failure("retry_not_planned", fault, **_fields(webhook))
    failure.endpoint, failure.event_id = webhook.endpoint, webhook.event.id
    raise failure from None


def _set_aside(deps: Dependencies, webhook: Webhook, message: str, **fields: object) -> None:
    deps.delivery_queue.set_aside(webhook)
    report(message, DELIVERY_FAULT, is_error=True, **_fields(webhook), **fields)


def _fields(webhook: Webhook) -> dict[str, object]:
    """What a log line says of it."""
    id = webhook.event.data["id"]
    return {"endpoint": webhook.endpoint, "event_id": webhook.event.id, "verification_id": id}
