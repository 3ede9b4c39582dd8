"""Endpoints in the secret, and signatures that the library of Standard Webhooks verifies."""

import base64
import json
import time
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from bridge.domain.events import Event
from bridge.domain.webhooks import Endpoint, is_name, is_secret, parse_endpoints, sign, url_problem


def secret(size: int = 32, fill: int = 7) -> str:
    return "whsec_" + base64.b64encode(bytes([fill]) * size).decode()


FIRST, SECOND, OTHER = secret(), secret(fill=8), secret(fill=9)
ID = "ver_" + "a" * 26
EVENT = Event(
    id=f"evt_{ID[4:]}_2",
    type="verification.verified",
    timestamp="2026-01-31T08:00:00.000Z",
    data={"id": ID, "reference": "Besök 日本 \N{GRINNING FACE}", "sequence": 2, "reason": None},
    # The first 16 digits of the SHA-256 of "web".
    owner="4b5e57f6eb2f42b9",
)
CRM = {"name": "crm", "url": "https://crm.example.com/hook", "secrets": [FIRST]}


def verify(key: str, header: str, *, id: str = EVENT.id, timestamp: int | None = None, body: bytes = b"{}") -> Any:
    headers = {"webhook-id": id, "webhook-timestamp": str(timestamp or int(time.time())), "webhook-signature": header}
    return Webhook(key).verify(body, headers)


def test_the_example_in_the_specification_has_its_signature() -> None:
    body = b'{"test": 2432232314}'
    key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert sign([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == expected


@pytest.mark.parametrize("key", [secret(24), secret(32), secret(63), secret(64)])
def test_the_public_library_verifies_the_signature_and_reads_the_event(key: str) -> None:
    now, body = int(time.time()), EVENT.body
    content = verify(key, sign([key], EVENT.id, now, body), timestamp=now, body=body)
    assert content == {"type": EVENT.type, "timestamp": EVENT.timestamp, "data": EVENT.data}


def test_while_a_secret_is_rotated_both_secrets_verify_and_no_other() -> None:
    now = int(time.time())
    header = sign([SECOND, FIRST], EVENT.id, now, b"{}")
    for key in (FIRST, SECOND):
        verify(key, header, timestamp=now)
    with pytest.raises(WebhookVerificationError):
        verify(OTHER, header, timestamp=now)


@pytest.mark.parametrize(
    ("change", "later"), [({}, 0), ({"id": "evt_other"}, 0), ({"body": b"{} "}, 0), ({}, 1)], ids=str
)
def test_the_signature_covers_the_id_the_time_and_the_body(change: dict[str, Any], later: int) -> None:
    now = int(time.time())
    header = sign([FIRST], EVENT.id, now, b"{}")
    if not change and not later:
        verify(FIRST, header, timestamp=now)
        return
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        verify(FIRST, header, timestamp=now + later, **change)


def test_the_body_is_compact_utf_8_json_without_the_owner() -> None:
    body = EVENT.body
    assert body.startswith(b'{"type":"verification.verified","timestamp":"2026-01-31T08:00:00.000Z","data":{"id":"ver_')
    assert "日本".encode() in body
    assert EVENT.owner.encode() not in body
    assert json.loads(body)["data"] == EVENT.data


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        (secret(23), False),
        (secret(24), True),
        (secret(64), True),
        (secret(65), False),
        (FIRST.removeprefix("whsec_"), False),
        (FIRST + "!", False),
        (FIRST + "\n", False),
        (FIRST.replace("=", ""), False),
        ("whsec_", False),
        (7, False),
        (None, False),
    ],
)
def test_a_secret_is_base64_of_24_to_64_bytes(text: Any, is_valid: bool) -> None:
    assert is_secret(text) is is_valid


@pytest.mark.parametrize(
    ("filters", "is_wanted"),
    [
        ({}, True),
        ({"events": ["verification.rejected", "verification.verified"]}, True),
        ({"events": ["verification.rejected"]}, False),
        ({"principal": "web"}, True),
        ({"principal": "mobile"}, False),
        ({"principal": "web", "events": ["verification.created"]}, False),
    ],
)
def test_an_endpoint_gets_only_its_types_and_its_principal(filters: dict[str, Any], is_wanted: bool) -> None:
    assert parsed(CRM | filters).wants(EVENT) is is_wanted


def parsed(entry: Any, **options: Any) -> Endpoint:
    endpoints = parse_endpoints({"endpoints": [entry]}, **options)
    (endpoint,) = endpoints.by_name.values()
    return endpoint


NOT_AN_OBJECT = "it is not an object"
BAD_NAME = "name is not 1 to 40 of a-z, 0-9 and -"
UNKNOWN_FIELD = "it has an unknown field"
BAD_SECRETS = "secrets is not a list of one or two, each whsec_ and base64 of 24 to 64 bytes"
BAD_EVENTS = "events is not a list of types of events"
BAD_PRINCIPAL = "principal is not a non-empty string"
BAD_URL = "url is not an absolute URL of at most 2048 characters, without credentials and fragment"
NOT_HTTPS = "url is not https"


@pytest.mark.parametrize(
    ("entry", "name", "problem"),
    [
        ("crm", "#1", NOT_AN_OBJECT),
        (None, "#1", NOT_AN_OBJECT),
        ({}, "#1", BAD_NAME),
        (CRM | {"name": "CRM"}, "#1", BAD_NAME),
        (CRM | {"name": "a" * 41}, "#1", BAD_NAME),
        (CRM | {"name": ["crm"]}, "#1", BAD_NAME),
        (CRM | {"event": ["verification.verified"]}, "crm", UNKNOWN_FIELD),
        (CRM | {"url": None}, "crm", BAD_URL),
        (CRM | {"url": "http://crm.example.com/"}, "crm", NOT_HTTPS),
        (CRM | {"secrets": []}, "crm", BAD_SECRETS),
        (CRM | {"secrets": FIRST}, "crm", BAD_SECRETS),
        (CRM | {"secrets": [FIRST, "whsec_canary"]}, "crm", BAD_SECRETS),
        (CRM | {"secrets": [FIRST, SECOND, OTHER]}, "crm", BAD_SECRETS),
        ({name: value for name, value in CRM.items() if name != "secrets"}, "crm", BAD_SECRETS),
        (CRM | {"events": []}, "crm", BAD_EVENTS),
        (CRM | {"events": "verification.verified"}, "crm", BAD_EVENTS),
        (CRM | {"events": ["verification.pending"]}, "crm", BAD_EVENTS),
        (CRM | {"events": [{}]}, "crm", BAD_EVENTS),
        (CRM | {"principal": ""}, "crm", BAD_PRINCIPAL),
        (CRM | {"principal": 7}, "crm", BAD_PRINCIPAL),
    ],
)
def test_a_malformed_entry_is_reported_and_the_others_still_work(entry: Any, name: str, problem: str) -> None:
    endpoints = parse_endpoints({"endpoints": [CRM | {"name": "first"}, entry, CRM | {"name": "last"}]})
    assert list(endpoints.by_name) == ["first", "last"]
    problems = endpoints.unnamed if name.startswith("#") else endpoints.malformed
    assert endpoints.unnamed | endpoints.malformed == problems == {name: problem}


@pytest.mark.parametrize(
    ("duplicate", "problem"),
    [
        (CRM, "the name is given twice"),
        (CRM | {"url": "https://other.example.com"}, "the name is given twice"),
        (CRM | {"url": "canary"}, BAD_URL),
    ],
)
def test_two_entries_with_one_name_are_both_refused(duplicate: dict[str, Any], problem: str) -> None:
    for entries in ([CRM, duplicate], [duplicate, CRM]):
        endpoints = parse_endpoints({"endpoints": entries})
        assert (endpoints.by_name, endpoints.malformed) == ({}, {"crm": problem})


@pytest.mark.parametrize("name", ["", "a b", "crm\n", "Crm", "é", None, 5])
def test_a_malformed_name_is_refused(name: Any) -> None:
    assert not is_name(name)


VALID_URLS = [
    "https://crm.example.com", "https://crm.example.com/", "https://crm.example.com:443/a/b?c=d&e=%20", "https://8.8.8.8/",
    "https://CRM.example.com:8443/~a/!$&'()*+,;=:@", "https://xn--bcher-kva.example/hook", "https://a.b.c1/x",
    "https://163.com/hook", "https://crm.example.com/" + "a" * 2024,
]  # fmt: skip
INVALID_URLS = [
    "", "crm.example.com", "//crm.example.com", "ftp://crm.example.com", "HTTPS://crm.example.com", "https://",
    "http://crm.example.com", "https://user@crm.example.com", "https://user:pass@crm.example.com",
    "https://crm.example.com#a", "https://crm.example.com:80/", "https://crm.example.com:8080/", "https://crm.example.com:/",
    "https://crm.example.com\\@10.0.0.1/", "https://crm.example.com /", "https://crm.example.com/\n", "https://crm.example.com/ä",
    "https://bücher.example/", "https://crm.example.com/%zz", "https://localhost/", "https://localhost:8443/", "https://intranet/",
    "https://127.0.0.1/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data", "https://[::1]/", "https://[2600::1]/",
    "https://2130706433/", "https://0x7f.1/", "https://0x7f000001/", "https://127.1/", "https://0177.0.0.1/",
    "https://crm.example.com./", "https://.example.com/", "https://a..example.com/", "https://-a.example.com/",
    "https://a-.example.com/", "https://" + "a" * 64 + ".example.com/", "https://crm.example.com/" + "a" * 2025,
]  # fmt: skip


@pytest.mark.parametrize("url", VALID_URLS)
def test_a_public_https_url_is_accepted(url: str) -> None:
    assert url_problem(url) is None


@pytest.mark.parametrize("url", INVALID_URLS)
def test_any_other_url_is_refused_even_on_a_local_stack(url: str) -> None:
    assert url_problem(url)
    assert url_problem(url, allow_loopback=True)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", BAD_URL),
        ("http://crm.example.com/", NOT_HTTPS),
        ("https://crm.example.com:80/", "url has a port other than 443 and 8443"),
        ("https://10.0.0.1/", "the host of url is neither a domain name nor a public address"),
    ],
)
def test_a_refused_url_has_its_reason(url: str, problem: str) -> None:
    assert url_problem(url) == problem


def test_an_endpoint_on_this_machine_needs_a_local_stack() -> None:
    local = {"endpoints": [CRM | {"url": "http://127.0.0.1:5000/hook"}]}
    assert parse_endpoints(local).malformed == {"crm": NOT_HTTPS}
    assert list(parse_endpoints(local, allow_loopback=True).by_name) == ["crm"]


@pytest.mark.parametrize(("url", "is_accepted"), [
    ("http://127.0.0.1:5000/hook", True), ("http://localhost/", True), ("http://127.0.0.1", True),
    ("http://10.0.0.1/", False), ("http://crm.example.com/", False), ("http://localhost.example.com/", False),
    ("https://127.0.0.1:5000/", False),
])  # fmt: skip
def test_a_local_stack_may_send_to_loopback_without_tls(url: str, is_accepted: bool) -> None:
    assert (url_problem(url, allow_loopback=True) is None) is is_accepted
    assert url_problem(url) is not None
