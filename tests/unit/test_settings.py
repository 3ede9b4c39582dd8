"""Settings are read from the environment. A missing variable is reported by name."""

import inspect

import pytest

from bridge.settings import Settings

# By setting: its variable, a text for it, and the value of the setting.
SETTINGS: dict[str, tuple[str, str, object]] = {
    "table_name": ("TABLE_NAME", "verifications", "verifications"),
    "evidence_bucket": ("EVIDENCE_BUCKET", "evidence", "evidence"),
    "due_queue_url": ("DUE_QUEUE_URL", "https://sqs.example/due", "https://sqs.example/due"),
    "api_keys_secret_arn": ("API_KEYS_SECRET_ARN", "arn:keys", "arn:keys"),
    "ekyc_credentials_secret_arn": ("EKYC_CREDENTIALS_SECRET_ARN", "arn:credentials", "arn:credentials"),
    "ekyc_api_url": ("EKYC_API_URL", "https://vendor.example/", "https://vendor.example"),
    "vendor_calls_per_minute": ("VENDOR_CALLS_PER_MINUTE", "240", 240),
    "allowed_redirect_origins": (
        "ALLOWED_REDIRECT_ORIGINS",
        "https://a.example,http://localhost:*,",
        {"https://a.example", "http://localhost:*"},
    ),
    "public_base_url": ("PUBLIC_BASE_URL", "https://bridge.example/", "https://bridge.example"),
    "vendor_rate_limit": ("VENDOR_RATE_LIMIT", "400", 400),
    "rate_table_name": ("RATE_TABLE_NAME", "rates", "rates"),
    "brand_name": ("BRAND_NAME", "Acme", "Acme"),
    "brand_logo_url": ("BRAND_LOGO_URL", "https://acme.example/l.svg", "https://acme.example/l.svg"),
    "brand_colour": ("BRAND_COLOUR", "#0a7d5b", "#0a7d5b"),
    "support_url": ("SUPPORT_URL", "mailto:help@acme.example", "mailto:help@acme.example"),
    "link_lifetime_seconds": ("LINK_LIFETIME_SECONDS", "900", 900),
    "give_up_after_seconds": ("GIVE_UP_HOURS", "24", 24 * 3600),
    "jwt_issuer": ("JWT_ISSUER", "https://id.example", "https://id.example"),
    "jwt_audiences": ("JWT_AUDIENCE", "web,mobile", ("web", "mobile")),
    "jwt_audience_claim": ("JWT_AUDIENCE_CLAIM", "client_id", "client_id"),
    "jwt_scope_claims": ("JWT_SCOPE_CLAIMS", "scp,roles", ("scp", "roles")),
    "jwt_scope_prefix": ("JWT_SCOPE_PREFIX", "server/", "server/"),
    "jwt_algorithms": ("JWT_ALGORITHMS", "RS256,ES256", ("RS256", "ES256")),
    "jwks_url": ("JWKS_URL", "https://id.example/keys", "https://id.example/keys"),
    "results_table_name": ("RESULTS_TABLE_NAME", "results", "results"),
    "event_bus_name": ("EVENT_BUS_NAME", "bus", "bus"),
    "event_source": ("EVENT_SOURCE", "ekyc-bridge", "ekyc-bridge"),
    "publish_dead_letter_queue_url": ("PUBLISH_DEAD_LETTER_QUEUE_URL", "https://q", "https://q"),
    "audit_table_name": ("AUDIT_TABLE_NAME", "audit", "audit"),
    "audit_retention_seconds": ("AUDIT_RETENTION_DAYS", "400", 400 * 86400),
    "delivery_queue_url": ("DELIVERY_QUEUE_URL", "https://sqs.example/webhooks", "https://sqs.example/webhooks"),
    "delivery_dead_letter_queue_url": (
        "DELIVERY_DEAD_LETTER_QUEUE_URL",
        "https://sqs.example/d",
        "https://sqs.example/d",
    ),
    "webhook_endpoints_secret_arn": ("WEBHOOK_ENDPOINTS_SECRET_ARN", "arn:endpoints", "arn:endpoints"),
    "endpoints_table_name": ("ENDPOINTS_TABLE_NAME", "endpoints", "endpoints"),
    "retention_seconds": ("RETENTION_DAYS", "30", 30 * 86400),
}
# Settings without their variable, which not every stack has.
OPTIONAL = {"is_traced": False, "webhook_retry_seconds": (), "allows_http_loopback": False}


def test_every_setting_is_in_a_table() -> None:
    found = inspect.getmembers(Settings, lambda it: isinstance(it, property))
    assert SETTINGS.keys() | OPTIONAL.keys() == {name for name, _ in found}


@pytest.mark.parametrize(("name", "variable", "text", "value"), [(name, *row) for name, row in SETTINGS.items()])
def test_a_setting_is_read_from_its_variable_only(name: str, variable: str, text: str, value: object) -> None:
    assert getattr(Settings({variable: text}), name) == value


@pytest.mark.parametrize(("name", "variable"), [(name, row[0]) for name, row in SETTINGS.items()])
def test_the_error_names_the_missing_variable(name: str, variable: str) -> None:
    with pytest.raises(RuntimeError, match=rf"\b{variable}\b"):
        getattr(Settings({}), name)


def test_an_optional_setting_is_off_without_its_variable() -> None:
    assert {name: getattr(Settings({}), name) for name in OPTIONAL} == OPTIONAL


@pytest.mark.parametrize(("text", "origins"), [("", set()), (",", set()), ("https://a.example", {"https://a.example"})])
def test_an_empty_text_allows_no_origin(text: str, origins: set[str]) -> None:
    assert Settings({"ALLOWED_REDIRECT_ORIGINS": text}).allowed_redirect_origins == origins


def test_the_public_base_url_may_be_empty() -> None:
    assert Settings({"PUBLIC_BASE_URL": ""}).public_base_url == ""


def test_the_environment_is_read_when_a_setting_is_used() -> None:
    environment: dict[str, str] = {}
    settings = Settings(environment)
    environment["TABLE_NAME"] = "later"
    assert settings.table_name == "later"
