"""The whole bridge on one machine, over HTTP: real handlers, the embedded AWS, the vendor's stand-in."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.conftest import CORS_ORIGIN
from tests.sandbox.sandbox import Sandbox

TIMEOUT = 60
WANTED = {
    "type": "00",
    "id_country": "MYS",
    "id_type": "ID_CARD",
    "redirect_url": "http://localhost:5173/welcome?tab=1#top",
    "reference": "customer-1",
}


def call(sandbox: Sandbox, method: str, path: str, *, key: str | None = None, **more: Any) -> requests.Response:
    """A request with an API key, the one with all scopes by default."""
    headers = {"Authorization": f"Bearer {key or sandbox.api_key}"} | more.pop("headers", {})
    url = sandbox.api_url + path
    return requests.request(method, url, headers=headers, timeout=TIMEOUT, allow_redirects=False, **more)


def create(sandbox: Sandbox, **more: Any) -> dict[str, Any]:
    """A verification, as POST answers it."""
    answer = call(sandbox, "POST", "/verifications", json=WANTED, **more)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def read(sandbox: Sandbox, created: dict[str, Any]) -> dict[str, Any]:
    """The verification as it stands."""
    body: dict[str, Any] = call(sandbox, "GET", f"/verifications/{created['id']}").json()
    return body


def finish(created: dict[str, Any], outcome: str) -> str:
    """The person does it, and their browser comes back to us; the address that we send it on to."""
    page = requests.get(f"{created['url']}&outcome={outcome}", timeout=TIMEOUT, allow_redirects=False)
    answer = requests.get(page.headers["location"], timeout=TIMEOUT, allow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def let_time_pass(sandbox: Sandbox) -> None:
    """Every open verification is due, and the vendor was last asked about it long ago."""
    dynamodb = sandbox.client("dynamodb")
    table = sandbox.stack.resources["VerificationsTable"]
    for item in dynamodb.scan(TableName=table, FilterExpression="attribute_exists(due_at)")["Items"]:
        dynamodb.update_item(
            TableName=table,
            Key={"id": item["id"]},
            UpdateExpression="SET due_at = :past, claimed_at = :past",
            ExpressionAttributeValues={":past": {"N": "1"}},
        )


def test_a_person_who_passes_and_returns_is_verified_with_two_vendor_calls(sandbox: Sandbox) -> None:
    created = create(sandbox)
    assert (created["status"], created["sequence"]) == ("pending", 1)

    arrival = urlsplit(finish(created, "verified"))

    assert (arrival.netloc, arrival.path, arrival.fragment) == ("localhost:5173", "/welcome", "top")
    reported = {"tab": ["1"], "verification_id": [created["id"]], "status": ["verified"]}
    assert parse_qs(arrival.query) == reported
    after = read(sandbox, created)
    assert (after["status"], after["sequence"], after["reason"]) == ("verified", 3, None)
    assert "url" not in after
    assert "token" not in after
    calls = sandbox.vendor.calls()
    assert (calls["create"], calls["get"]) == (1, 1)


def test_the_status_url_tells_a_browser_without_a_key(sandbox: Sandbox) -> None:
    created = create(sandbox)
    finish(created, "9102")

    polled = requests.get(created["status_url"], timeout=TIMEOUT).json()

    assert polled.keys() == {"id", "status", "reason", "updated_at"}
    assert polled["status"] == "rejected"


def test_the_result_has_pictures_as_links_that_can_be_opened(sandbox: Sandbox) -> None:
    created = create(sandbox)
    finish(created, "verified")

    result = call(sandbox, "GET", f"/verifications/{created['id']}?expand=result").json()["result"]

    picture = result["ocr_result"]["Image"]
    opened = requests.get(picture if isinstance(picture, str) else picture["url"], timeout=TIMEOUT)
    assert opened.status_code == 200
    assert opened.headers["content-type"].startswith("image/")


@pytest.mark.parametrize(("outcome", "status"), [("verified", "verified"), ("expired", "expired")])
def test_the_sweep_completes_someone_who_never_returns(sandbox: Sandbox, outcome: str, status: str) -> None:
    created = create(sandbox)
    sandbox.vendor.play(created["token"], outcome)
    let_time_pass(sandbox)

    sandbox.sweep_now()

    assert sandbox.drain_queue() == 1
    assert read(sandbox, created)["status"] == status
    assert sandbox.vendor.calls()["get"] == 1


def test_with_the_vendor_out_of_reach_the_person_is_sent_on_and_completed_later(sandbox: Sandbox) -> None:
    created = create(sandbox)
    sandbox.vendor.fault("500", on="get", times=None)

    arrival = urlsplit(finish(created, "verified"))

    assert parse_qs(arrival.query)["status"] == ["processing"]
    assert read(sandbox, created)["status"] in ("pending", "processing")
    sandbox.vendor.clear_faults()
    let_time_pass(sandbox)
    sandbox.sweep_now()
    sandbox.drain_queue()
    assert read(sandbox, created)["status"] == "verified"


def test_the_same_idempotency_key_creates_one_link(sandbox: Sandbox) -> None:
    first = call(sandbox, "POST", "/verifications", json=WANTED, headers={"Idempotency-Key": "k-1"})
    again = call(sandbox, "POST", "/verifications", json=WANTED, headers={"Idempotency-Key": "k-1"})
    other = call(sandbox, "POST", "/verifications", json=WANTED | {"type": "01"}, headers={"Idempotency-Key": "k-1"})

    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    assert other.status_code == 422
    assert sandbox.vendor.calls()["create"] == 1


def test_a_request_without_a_key_is_401_and_with_an_unknown_one_403(sandbox: Sandbox) -> None:
    without = requests.get(f"{sandbox.api_url}/verifications/ver_x", timeout=TIMEOUT)
    unknown = call(sandbox, "GET", "/verifications/ver_x", key="ek_unknown")

    assert (without.status_code, unknown.status_code) == (401, 403)


def test_a_key_does_only_what_its_scopes_say(sandbox: Sandbox) -> None:
    reader = sandbox.add_key(scopes=["verifications:read"])
    created = create(sandbox)

    assert call(sandbox, "GET", f"/verifications/{created['id']}", key=reader).status_code == 200
    assert call(sandbox, "POST", "/verifications", key=reader, json=WANTED).status_code == 403
    assert call(sandbox, "GET", f"/verifications/{created['id']}?expand=result", key=reader).status_code == 403
    assert call(sandbox, "POST", f"/verifications/{created['id']}/redact", key=reader).status_code == 403


def test_a_verification_of_another_principal_is_404(sandbox: Sandbox) -> None:
    stranger = sandbox.add_key(principal="stranger", scopes=["verifications:read"])
    created = create(sandbox)

    assert call(sandbox, "GET", f"/verifications/{created['id']}", key=stranger).status_code == 404


def test_a_return_with_a_wrong_code_is_a_404_page(sandbox: Sandbox) -> None:
    created = create(sandbox)

    answer = requests.get(f"{sandbox.api_url}/return/{created['id']}/wrong", timeout=TIMEOUT)

    assert answer.status_code == 404
    assert "json" not in answer.headers["content-type"]


def test_only_an_allowed_origin_may_read_answers_in_a_browser(sandbox: Sandbox) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    url = f"{sandbox.api_url}/verifications"

    allowed = requests.options(url, headers=asked | {"Origin": CORS_ORIGIN}, timeout=TIMEOUT)
    refused = requests.options(url, headers=asked | {"Origin": "https://evil.example"}, timeout=TIMEOUT)
    answered = call(sandbox, "GET", "/verifications/ver_x", headers={"Origin": CORS_ORIGIN})

    assert (allowed.status_code, refused.status_code) == (204, 204)
    assert allowed.headers["access-control-allow-origin"] == CORS_ORIGIN
    assert "POST" in allowed.headers["access-control-allow-methods"]
    assert "idempotency-key" in allowed.headers["access-control-allow-headers"]
    assert "access-control-allow-origin" not in refused.headers
    assert answered.headers["access-control-allow-origin"] == CORS_ORIGIN
    assert "idempotent-replayed" in answered.headers["access-control-expose-headers"]


def test_health_and_the_api_description_are_public(sandbox: Sandbox) -> None:
    assert requests.get(f"{sandbox.api_url}/health", timeout=TIMEOUT).status_code == 200
    described = requests.get(f"{sandbox.api_url}/openapi.json", timeout=TIMEOUT).json()
    routes = {f"{method.upper()} {path}" for path, methods in described["paths"].items() for method in methods}
    assert {route.key for route in sandbox.stack.api.routes} <= routes
