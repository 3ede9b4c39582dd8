"""The dependencies of the use cases: clients, tables, the vendor and the clock.

Each dependency is created on first use and cached for the life of the process. A function that only reads a record
creates a DynamoDB client and nothing else.
"""

import functools
import random
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bridge.aws import clients
from bridge.settings import Settings

if TYPE_CHECKING:
    from bridge.aws.delivery_queue import DeliveryQueue
    from bridge.aws.due_queue import DueQueue
    from bridge.aws.event_bus import EventBus
    from bridge.aws.secrets import Secret
    from bridge.aws.unpublished import UnpublishedQueue
    from bridge.domain.caller import Caller
    from bridge.domain.ids import RandomBytes
    from bridge.domain.schedule import Draw
    from bridge.domain.webhooks import Endpoints
    from bridge.outbound.public_post import PublicPost
    from bridge.store.audit_trail import AuditTrail
    from bridge.store.endpoints import EndpointSwitches
    from bridge.store.evidence import EvidenceBucket
    from bridge.store.expected import ExpectedIdentities
    from bridge.store.results import Results
    from bridge.store.table import Table
    from bridge.vendor.client import Vendor
    from bridge.vendor.rate_limiter import RateLimiter


class Dependencies:
    """The dependencies of one process. Tests and the simulation replace the sources of time and randomness.

    Args:
        client: creates the boto3 client of a service.
        now: the time in UTC.
        random_bytes: random bytes for ids and codes.
        draw: `draw(low, high)` is a random number for jitter.
        clock: monotonic seconds.
        sleep: sleeps for seconds.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        client: Callable[[str], Any] = clients.client,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        random_bytes: "RandomBytes" = secrets.token_bytes,
        draw: "Draw" = random.uniform,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings
        self.now = now
        self.random_bytes = random_bytes
        self.draw = draw
        self.clock = clock
        self.sleep = sleep
        # One client of a service, because each opens its own connections.
        self._client = functools.cache(client)

    def nonce(self) -> str:
        """16 random bytes in hex."""
        return self.random_bytes(16).hex()

    @functools.cached_property
    def table(self) -> "Table":
        from bridge.store.table import Table

        return Table(self._client("dynamodb"), self.settings.table_name, self.settings.retention_seconds)

    @functools.cached_property
    def vendor(self) -> "Vendor":
        from bridge.vendor.client import Vendor
        from bridge.vendor.credentials import EkycCredentials, are_usable

        credentials = EkycCredentials(self._secret(self.settings.ekyc_credentials_secret_arn, are_usable))
        return Vendor(self.settings.ekyc_api_url, credentials, clock=self.clock, sleep=self.sleep, draw=self.draw)

    @functools.cached_property
    def evidence(self) -> "EvidenceBucket":
        from bridge.store.evidence import EvidenceBucket

        return EvidenceBucket(self._client("s3"), self.settings.evidence_bucket)

    @functools.cached_property
    def results(self) -> "Results":
        from bridge.store.results import Results

        return Results(self._client("dynamodb"), self.settings.results_table_name, self.settings.retention_seconds)

    @functools.cached_property
    def expected(self) -> "ExpectedIdentities":
        from bridge.store.expected import ExpectedIdentities

        return ExpectedIdentities(self._client("dynamodb"), self.settings.results_table_name)

    @functools.cached_property
    def event_bus(self) -> "EventBus":
        from bridge.aws.event_bus import EventBus

        return EventBus(self._client("events"), self.settings.event_bus_name, self.settings.event_source)

    @functools.cached_property
    def unpublished(self) -> "UnpublishedQueue":
        from bridge.aws.unpublished import UnpublishedQueue

        return UnpublishedQueue(self._client("sqs"), self.settings.publish_dead_letter_queue_url)

    @functools.cached_property
    def audit(self) -> "AuditTrail":
        from bridge.store.audit_trail import AuditTrail

        settings = self.settings
        return AuditTrail(self._client("dynamodb"), settings.audit_table_name, settings.audit_retention_seconds)

    @functools.cached_property
    def due_queue(self) -> "DueQueue":
        from bridge.aws.due_queue import DueQueue

        return DueQueue(self._client("sqs"), self.settings.due_queue_url)

    @functools.cached_property
    def delivery_queue(self) -> "DeliveryQueue":
        from bridge.aws.delivery_queue import DeliveryQueue

        settings = self.settings
        return DeliveryQueue(self._client("sqs"), settings.delivery_queue_url, settings.delivery_dead_letter_queue_url)

    @functools.cached_property
    def endpoint_switches(self) -> "EndpointSwitches":
        from bridge.store.endpoints import EndpointSwitches

        return EndpointSwitches(self._client("dynamodb"), self.settings.endpoints_table_name, clock=self.clock)

    @functools.cached_property
    def public_post(self) -> "PublicPost":
        from bridge.outbound.public_post import PublicPost

        return PublicPost(allow_loopback=self.settings.allows_http_loopback)

    def endpoints(self) -> "Endpoints":
        """Who is sent webhooks, as the secret says now."""
        from bridge.domain.webhooks import parse_endpoints

        return parse_endpoints(self._webhook_endpoints.read(), allow_loopback=self.settings.allows_http_loopback)

    @functools.cached_property
    def _webhook_endpoints(self) -> "Secret":
        arn = self.settings.webhook_endpoints_secret_arn
        return self._secret(arn, lambda value: isinstance(value.get("endpoints"), list))

    @functools.cached_property
    def rate_limiter(self) -> "RateLimiter":
        from bridge.store.call_counters import CallCounters
        from bridge.vendor.rate_limiter import RateLimiter

        settings = self.settings
        return RateLimiter(
            CallCounters(self._client("dynamodb"), settings.rate_table_name),
            limit=settings.vendor_rate_limit,
            background=settings.vendor_calls_per_minute,
            now=self.now,
        )

    @functools.cached_property
    def verify_access_token(self) -> "Callable[[str], Caller | None]":
        """A function from an access token to its caller; see `access_tokens.verify`."""
        from bridge.auth import access_tokens, jwks

        settings = self.settings
        issuer = access_tokens.Issuer(
            settings.jwt_issuer,
            settings.jwt_audiences,
            settings.jwt_algorithms,
            settings.jwt_audience_claim,
            settings.jwt_scope_claims,
            settings.jwt_scope_prefix,
        )
        keys = jwks.KeySet(jwks.http_fetcher(settings.jwks_url), clock=self.clock)
        return lambda token: access_tokens.verify(token, issuer, keys.find)

    @functools.cached_property
    def api_keys(self) -> "Secret":
        return self._secret(self.settings.api_keys_secret_arn, lambda value: isinstance(value.get("keys"), list))

    def _secret(self, arn: str, is_well_formed: Callable[[dict[str, Any]], bool]) -> "Secret":
        from bridge.aws.secrets import Secret

        return Secret(self._client("secretsmanager"), arn, is_well_formed=is_well_formed, now=self.now)


@functools.cache
def dependencies() -> Dependencies:
    """The dependencies of this process, configured by its environment."""
    return Dependencies(Settings())
