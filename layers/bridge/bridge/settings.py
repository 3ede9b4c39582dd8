"""Settings of the functions, from the environment. template.yaml sets the variables per function."""

import os
from collections.abc import Mapping


class Settings:
    """The settings of a function. A variable is read when it is used, because no function has all of them.

    A missing variable raises RuntimeError, except for those that only some stacks have.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment

    def _get(self, name: str) -> str:
        try:
            return self._environment[name]
        except KeyError:
            raise RuntimeError(f"the environment variable {name} is not set; see template.yaml") from None

    def _list(self, name: str) -> tuple[str, ...]:
        return tuple(filter(None, self._get(name).split(",")))

    @property
    def is_traced(self) -> bool:
        """Whether X-Ray traces the invocations."""
        return self._environment.get("TRACING") == "Active"

    @property
    def table_name(self) -> str:
        return self._get("TABLE_NAME")

    @property
    def results_table_name(self) -> str:
        return self._get("RESULTS_TABLE_NAME")

    @property
    def event_bus_name(self) -> str:
        return self._get("EVENT_BUS_NAME")

    @property
    def publish_dead_letter_queue_url(self) -> str:
        return self._get("PUBLISH_DEAD_LETTER_QUEUE_URL")

    @property
    def event_source(self) -> str:
        """The `source` of the events on the bus: the stack's name."""
        return self._get("EVENT_SOURCE")

    @property
    def evidence_bucket(self) -> str:
        return self._get("EVIDENCE_BUCKET")

    @property
    def due_queue_url(self) -> str:
        return self._get("DUE_QUEUE_URL")

    @property
    def api_keys_secret_arn(self) -> str:
        return self._get("API_KEYS_SECRET_ARN")

    @property
    def jwt_issuer(self) -> str:
        """Empty if no identity provider is trusted."""
        return self._get("JWT_ISSUER")

    @property
    def jwt_audiences(self) -> tuple[str, ...]:
        return self._list("JWT_AUDIENCE")

    @property
    def jwt_audience_claim(self) -> str:
        return self._get("JWT_AUDIENCE_CLAIM")

    @property
    def jwt_scope_claims(self) -> tuple[str, ...]:
        return self._list("JWT_SCOPE_CLAIMS")

    @property
    def jwt_scope_prefix(self) -> str:
        return self._get("JWT_SCOPE_PREFIX")

    @property
    def jwt_algorithms(self) -> tuple[str, ...]:
        return self._list("JWT_ALGORITHMS")

    @property
    def jwks_url(self) -> str:
        return self._get("JWKS_URL") or f"{self.jwt_issuer.rstrip('/')}/.well-known/jwks.json"

    @property
    def ekyc_credentials_secret_arn(self) -> str:
        return self._get("EKYC_CREDENTIALS_SECRET_ARN")

    @property
    def ekyc_api_url(self) -> str:
        return self._get("EKYC_API_URL").rstrip("/")

    @property
    def allowed_redirect_origins(self) -> frozenset[str]:
        return frozenset(self._list("ALLOWED_REDIRECT_ORIGINS"))

    @property
    def public_base_url(self) -> str:
        """Without a trailing slash; empty if the API uses its own domain."""
        return self._get("PUBLIC_BASE_URL").rstrip("/")

    @property
    def brand_name(self) -> str:
        return self._get("BRAND_NAME")

    @property
    def brand_logo_url(self) -> str:
        return self._get("BRAND_LOGO_URL")

    @property
    def brand_colour(self) -> str:
        """#rrggbb; empty for the default."""
        return self._get("BRAND_COLOUR")

    @property
    def support_url(self) -> str:
        return self._get("SUPPORT_URL")

    @property
    def link_lifetime_seconds(self) -> int:
        return int(self._get("LINK_LIFETIME_SECONDS"))

    @property
    def vendor_calls_per_minute(self) -> int:
        """Vendor calls per minute that scheduled checks may use."""
        return int(self._get("VENDOR_CALLS_PER_MINUTE"))

    @property
    def vendor_rate_limit(self) -> int:
        """Calls per minute that the vendor allows for this account."""
        return int(self._get("VENDOR_RATE_LIMIT"))

    @property
    def rate_table_name(self) -> str:
        return self._get("RATE_TABLE_NAME")

    @property
    def delivery_queue_url(self) -> str:
        return self._get("DELIVERY_QUEUE_URL")

    @property
    def delivery_dead_letter_queue_url(self) -> str:
        return self._get("DELIVERY_DEAD_LETTER_QUEUE_URL")

    @property
    def webhook_endpoints_secret_arn(self) -> str:
        return self._get("WEBHOOK_ENDPOINTS_SECRET_ARN")

    @property
    def endpoints_table_name(self) -> str:
        return self._get("ENDPOINTS_TABLE_NAME")

    @property
    def webhook_retry_seconds(self) -> tuple[int, ...]:
        """Times between the attempts at a webhook, on a local stack that is not to wait for hours; none otherwise."""
        return tuple(map(int, filter(None, self._environment.get("WEBHOOK_RETRY_SECONDS", "").split(","))))

    @property
    def allows_http_loopback(self) -> bool:
        """Whether webhooks may be sent to this machine without TLS: on a local stack, and never in AWS."""
        return self._environment.get("WEBHOOK_ALLOW_HTTP_LOOPBACK") == "true"

    @property
    def give_up_after_seconds(self) -> int:
        """How long after the end of a link or the last contact an unavailable vendor is given up."""
        return int(self._get("GIVE_UP_HOURS")) * 3600

    @property
    def audit_table_name(self) -> str:
        return self._get("AUDIT_TABLE_NAME")

    @property
    def audit_retention_seconds(self) -> int:
        return int(self._get("AUDIT_RETENTION_DAYS")) * 86400

    @property
    def retention_seconds(self) -> int:
        return int(self._get("RETENTION_DAYS")) * 86400
