"""The one module that reads the environment. Each name stands in template.yaml, under the functions that need it."""

import os
from collections.abc import Mapping


class Settings:
    """A function's environment. A variable is read when it is first needed, as no function has all of them."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment

    def _get(self, name: str) -> str:
        try:
            return self._environment[name]
        except KeyError:
            raise RuntimeError(f"the environment variable {name} is not set; see template.yaml") from None

    def _list(self, name: str) -> tuple[str, ...]:
        return tuple(filter(None, self._get(name).split(",")))

    def is_traced(self) -> bool:
        """Whether the invocations are traced by X-Ray."""
        return self._environment.get("TRACING") == "Active"

    @property
    def table_name(self) -> str:
        return self._get("TABLE_NAME")

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
        """Empty where no identity provider is trusted."""
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
        return frozenset(filter(None, self._get("ALLOWED_REDIRECT_ORIGINS").split(",")))

    @property
    def public_base_url(self) -> str:
        """Without a slash at its end; empty where the API's own domain is to be used."""
        return self._get("PUBLIC_BASE_URL").rstrip("/")

    @property
    def link_lifetime(self) -> int:
        """Seconds."""
        return int(self._get("LINK_LIFETIME_SECONDS"))

    @property
    def vendor_calls_per_minute(self) -> int:
        """Vendor calls per minute for scheduled checks."""
        return int(self._get("VENDOR_CALLS_PER_MINUTE"))

    @property
    def vendor_rate_limit(self) -> int:
        """Calls per minute that the vendor accepts from this account."""
        return int(self._get("VENDOR_RATE_LIMIT"))

    @property
    def rate_table_name(self) -> str:
        return self._get("RATE_TABLE_NAME")

    @property
    def give_up_after(self) -> int:
        """Seconds after the end of a link."""
        return int(self._get("GIVE_UP_HOURS")) * 3600

    @property
    def audit_table_name(self) -> str:
        return self._get("AUDIT_TABLE_NAME")

    @property
    def audit_retention(self) -> int:
        """Seconds."""
        return int(self._get("AUDIT_RETENTION_DAYS")) * 86400

    @property
    def retention(self) -> int:
        """Seconds."""
        return int(self._get("RETENTION_DAYS")) * 86400
