"""The main flow over HTTP on one machine, with a frontend, a person's browser and the fake vendor.

tests/contract covers every documented response.
"""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.conftest import CORS_ORIGIN
from tests.sandbox.sandbox import Sandbox

TIMEOUT = 60
BODY = {
    "type": "00",
    "id_country": "MYS",
    "id_type": "ID_CARD",
    "redirect_url": "http://localhost:5173/welcome?tab=1#top",
    "reference": "customer-1",
}


def call(sandbox: Sandbox, method: str, path: str, **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    response = requests.request(method, sandbox.api_url + path, headers=headers, timeout=TIMEOUT, **more)
    response.raise_for_status()
    return response.json()


def play_outcome(created: dict[str, Any], outcome: str) -> str:
    """Opens the vendor's link with an outcome and returns to the bridge. Returns the URL that it redirects to."""
    page = requests.get(f"{created['url']}&outcome={outcome}", timeout=TIMEOUT, allow_redirects=False)
    response = requests.get(page.headers["location"], timeout=TIMEOUT, allow_redirects=False)
    assert response.status_code == 303, response.text
    return response.headers["location"]


def test_a_person_who_passes_and_returns_is_verified_with_two_vendor_calls(sandbox: Sandbox) -> None:
    created = call(sandbox, "POST", "/verifications", json=BODY)
    assert (created["status"], created["sequence"]) == ("pending", 1)

    arrival = urlsplit(play_outcome(created, "verified"))

    assert (arrival.netloc, arrival.path, arrival.fragment) == ("localhost:5173", "/welcome", "top")
    reported = {"tab": ["1"], "verification_id": [created["id"]], "status": ["verified"]}
    assert parse_qs(arrival.query) == reported
    polled = requests.get(created["status_url"], timeout=TIMEOUT).json()
    assert (polled["id"], polled["status"]) == (created["id"], "verified")
    after = call(sandbox, "GET", f"/verifications/{created['id']}?expand=result")
    assert (after["status"], after["sequence"], after["reason"]) == ("verified", 3, None)
    assert after.keys().isdisjoint({"url", "token"})
    opened = requests.get(after["result"]["ocr_result"]["Image"], timeout=TIMEOUT)
    assert (opened.status_code, opened.headers["content-type"]) == (200, "image/png")
    calls = sandbox.vendor.calls()
    assert (calls["create"], calls["get"]) == (1, 1)


@pytest.mark.parametrize(
    ("type", "statuses"),
    [
        ("00", ["verified", "rejected", "rejected", "failed", "expired", "expired", "processing"]),
        ("01", ["verified", "rejected", "failed", "expired"]),
    ],
)
def test_each_button_of_the_fake_vendor_leads_to_the_status_in_its_heading(
    sandbox: Sandbox, type: str, statuses: list[str]
) -> None:
    body = BODY | {"type": type}
    page = requests.get(call(sandbox, "POST", "/verifications", json=body)["url"], timeout=TIMEOUT).text
    groups = re.findall(r"(?s)<legend>The bridge says: (\w+)</legend>(.*?)</fieldset>", page)
    listed = [(status, outcome) for status, text in groups for outcome in re.findall(r'value="([^"]+)"', text)]
    assert [status for status, _ in listed] == statuses

    arrivals = [play_outcome(call(sandbox, "POST", "/verifications", json=body), outcome) for _, outcome in listed]

    assert [parse_qs(urlsplit(arrival).query)["status"] for arrival in arrivals] == [[status] for status in statuses]


def test_vendor_outage_redirects_with_processing_and_the_sweep_completes(sandbox: Sandbox) -> None:
    created = call(sandbox, "POST", "/verifications", json=BODY)
    sandbox.vendor.fault("500", on="get", times=None)

    arrival = urlsplit(play_outcome(created, "verified"))

    assert parse_qs(arrival.query)["status"] == ["processing"]
    sandbox.vendor.clear_faults()
    # The check is due, and the last vendor call was long ago.
    sandbox.client("dynamodb").update_item(
        TableName=sandbox.stack.resources["VerificationsTable"],
        Key={"id": {"S": created["id"]}},
        UpdateExpression="SET due_at = :past, claimed_at = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )
    sandbox.sweep_now()
    sandbox.drain_queue()
    assert call(sandbox, "GET", f"/verifications/{created['id']}")["status"] == "verified"


def test_demo_frontend_token_creates_and_reads_only_its_own_verifications(sandbox: Sandbox) -> None:
    own = sandbox.frontend.url
    page, given = (requests.get(own + path, timeout=TIMEOUT) for path in ("/", "/token"))
    assert f'API_URL = "{sandbox.api_url}"' in page.text
    assert sandbox.api_key not in page.text + given.text

    def fetch(method: str, path: str, token: str = given.json()["access_token"], **body: Any) -> requests.Response:
        headers = {"authorization": f"Bearer {token}"}
        if body:
            headers |= {"content-type": "application/json", "idempotency-key": "1"}
        requested = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": ",".join(headers)}
        url = f"{sandbox.api_url}/verifications{path}"
        preflight = requests.options(url, headers=requested | {"Origin": own}, timeout=TIMEOUT)
        response = requests.request(method, url, headers=headers | {"Origin": own}, timeout=TIMEOUT, **body)
        assert {each.headers["access-control-allow-origin"] for each in (preflight, response)} == {own}
        assert headers.keys() <= set(preflight.headers["access-control-allow-headers"].split(","))
        return response

    created = fetch("POST", "", json=BODY | {"redirect_url": own + "/"})
    assert created.status_code == 201, created.text
    path = f"/{created.json()['id']}"
    assert play_outcome(created.json(), "verified") == f"{own}/?verification_id={path[1:]}&status=verified"
    assert fetch("GET", path).json()["status"] == "verified"
    # The token reads no result, and no verification of another caller. A token for another API is not accepted.
    assert fetch("GET", f"{path}?expand=result").status_code == 403
    assert fetch("GET", f"/{call(sandbox, 'POST', '/verifications', json=BODY)['id']}").status_code == 404
    elsewhere = sandbox.identity_provider.token("verifications:read", audience="another-api")
    assert fetch("GET", path, elsewhere).status_code == 403


def test_cors_headers_are_sent_to_allowed_origins_only(sandbox: Sandbox) -> None:
    requested = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    url = f"{sandbox.api_url}/verifications"

    allowed = requests.options(url, headers=requested | {"Origin": CORS_ORIGIN}, timeout=TIMEOUT)
    others = ("https://evil.example", "http://localhost.evil.example:5173", "https://localhost:5173", "null")
    refused = [requests.options(url, headers=requested | {"Origin": each}, timeout=TIMEOUT) for each in others]
    unauthorized = requests.get(f"{url}/ver_x", headers={"Origin": CORS_ORIGIN}, timeout=TIMEOUT)

    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == CORS_ORIGIN
    assert "POST" in allowed.headers["access-control-allow-methods"]
    assert "idempotency-key" in allowed.headers["access-control-allow-headers"]
    assert not [each.headers for each in refused if "access-control-allow-origin" in each.headers]
    assert unauthorized.headers["access-control-allow-origin"] == CORS_ORIGIN
    assert "idempotent-replayed" in unauthorized.headers["access-control-expose-headers"]
