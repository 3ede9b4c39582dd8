"""The fake vendor behaves as the vendor documents. Here is what no test of the bridge covers.

test_vendor_client.py covers its faults and bytes, test_doctor.py the shape of its records, contract/test_responses.py
the outcomes that decide a status.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.clock import SecondsClock
from tests.sandbox.vendor import OUTCOMES, FakeVendor
from tests.unit.builders import fresh_fields
from tests.unit.documented_codes import DOCUMENTED_WARNINGS, FACE, VENDOR_ERRORS

HEADERS = {"client_id": "bridge", "client_secret": "sk_test"}
RETURN = "https://bridge.example/return/1?a=b&is_success={}#top"
BODY = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD", "redirect_url": RETURN.replace("&is_success={}", "")}
MISMATCH = "FailedOperation.CompareFail"
TIMEOUT = 30


@pytest.fixture
def clock() -> SecondsClock:
    return SecondsClock()


@pytest.fixture
def vendor(clock: SecondsClock) -> Iterator[FakeVendor]:
    with FakeVendor(client_id="bridge", client_secret="sk_test", clock=clock, rate_limit_per_minute=20) as running:
        yield running


def link(vendor: FakeVendor, **changes: Any) -> str:
    address = f"{vendor.url}/api/ekyc/verifications"
    response = requests.post(address, json=BODY | changes, headers=HEADERS, timeout=TIMEOUT)
    return str(response.json()["result"]["token"])


def get(vendor: FakeVendor, token: str) -> requests.Response:
    address = f"{vendor.url}/api/ekyc/verifications/{token}"
    return requests.get(address, headers=HEADERS, timeout=TIMEOUT)


def record_of(vendor: FakeVendor, outcome: str, **changes: Any) -> dict[str, Any]:
    token = link(vendor, **changes)
    vendor.play(token, outcome)
    result: dict[str, Any] = get(vendor, token).json()["result"]
    return result


def choose(vendor: FakeVendor, token: str, step: str, choice: str = "") -> requests.Response:
    """Submits the form of the vendor's page."""
    form = {"token": token, "step": step, "choice": choice}
    return requests.post(f"{vendor.url}/verifications", data=form, timeout=TIMEOUT, allow_redirects=False)


def visit(vendor: FakeVendor, token: str, query: str = "") -> requests.Response:
    """Opens the vendor's page."""
    address = f"{vendor.url}/verifications?token={token}{query}"
    return requests.get(address, timeout=TIMEOUT, allow_redirects=False)


def test_a_new_record_matches_the_specification(vendor: FakeVendor) -> None:
    token = link(vendor)
    record = get(vendor, token).json()["result"]
    own = {name: record[name] for name in ("id", "url")}
    assert record | fresh_fields(token=token, redirect_url=BODY["redirect_url"], **own) == record
    assert (len(token), token.isalnum(), token.upper()) == (30, True, token)


def test_every_documented_code_has_an_outcome() -> None:
    signed = [f"{sign}{code}" for sign in ("", "-") for code in DOCUMENTED_WARNINGS]
    assert {*signed, *dict(FACE), *VENDOR_ERRORS} <= OUTCOMES.keys()


@pytest.mark.parametrize(
    ("outcome", "fields"),
    [
        ("ocr_retry_left:9102", {"retries": 1}),
        (f"face_retry_left:{MISMATCH}", {"face_retries": 0}),
        ("all_checks_no_success", {"ocr_success": 1, "face_id_success": 1, "is_success": 0}),
        ("booleans", {"ocr_success": True, "face_id_success": True, "is_success": True}),
        ("9102+booleans", {"ocr_success": False, "is_success": False, "latest_error": "9102"}),
        ("strings", {"ocr_success": "1", "face_id_success": "1", "is_success": "1"}),
        ("wrong_kinds", {"ocr_success": {}, "face_id_success": [1], "is_success": {"value": 1}}),
        ("empty_lists", {"ocr_result": [], "face_id_result": [], "is_success": 1}),
        ("unknown_fields", {"risk": {"score": 0.25, "signals": ["none", None]}, "is_success": 1}),
    ],
)
def test_an_outcome_alters_the_record(vendor: FakeVendor, outcome: str, fields: dict[str, object]) -> None:
    record = record_of(vendor, outcome)
    reported = {name: record[name] for name in fields}
    assert reported == fields
    # 1 == True in Python, and not in JSON.
    assert [type(value) for value in reported.values()] == [type(value) for value in fields.values()]


def test_type_01_needs_no_face(vendor: FakeVendor) -> None:
    record = record_of(vendor, "verified", type="01")
    assert (record["ocr_success"], record["face_id_success"], record["is_success"]) == (1, 0, 1)
    assert choose(vendor, link(vendor, type="01"), "ocr", "pass").headers["Location"] == RETURN.format(1)


def test_the_rate_limit_is_a_sliding_minute(vendor: FakeVendor, clock: SecondsClock) -> None:
    assert [get(vendor, "NONE").status_code for _ in range(21)] == [404] * 20 + [429]
    clock.now += 59.9
    assert get(vendor, "NONE").text == "Too many requests, please try again later."
    clock.now += 0.1
    assert get(vendor, "NONE").status_code == 404


@pytest.mark.parametrize(
    ("choices", "location", "fields"),
    [
        (["ocr pass", "face pass"], RETURN.format(1), {"is_success": 1, "retries": 0}),
        (["ocr 9101", "ocr pass", "face pass"], RETURN.format(1), {"is_success": 1, "retries": 1}),
        (["ocr 9101", "ocr 9108", "ocr 9102"], RETURN.format(0), {"retries": 2, "latest_error": "9102"}),
        (["ocr pass", f"face {MISMATCH}", f"face {MISMATCH}"], RETURN.format(0), {"face_retries": 1}),
        # A form that is submitted twice is one attempt.
        (["ocr pass", "ocr 9102"], None, {"latest_error": None, "retries": 0}),
        (["leave"], RETURN.format(0), {"latest_error": None, "updated_at": "2024-09-10T08:01:31.000Z"}),
    ],
)
def test_the_page_allows_two_document_retries_and_one_face_retry(
    vendor: FakeVendor, choices: list[str], location: str | None, fields: dict[str, object]
) -> None:
    token = link(vendor)
    for choice in choices:
        response = choose(vendor, token, *choice.split())
    assert response.headers["Location"] == (location or f"?token={token}")
    record = get(vendor, token).json()["result"]
    assert {name: record[name] for name in fields} == fields


def test_an_expired_link_keeps_its_record(vendor: FakeVendor, clock: SecondsClock) -> None:
    token = link(vendor)
    before = vendor.raw_record(token)
    clock.now += 900
    assert choose(vendor, token, "ocr", "pass").status_code == 410
    assert vendor.raw_record(token) == before


def test_the_page_groups_choices_by_meaning_and_marks_errors(vendor: FakeVendor) -> None:
    token = link(vendor)
    first = visit(vendor, token).text
    assert "color-scheme: light dark" in first
    assert first.index("The document is not accepted") < first.index("the document is a photocopy (9102)")
    assert 'class="error"' not in first
    choose(vendor, token, "ocr", "9102")
    assert '<p class="error" role="alert">That did not work (9102)' in visit(vendor, token).text
    choose(vendor, token, "ocr", "pass")
    assert f"the face is another person&#x27;s ({MISMATCH})" in visit(vendor, token).text
    unknown = choose(vendor, token, "face", "nonsense")
    assert (unknown.status_code, '<h1 class="error"' in unknown.text) == (400, True)


def test_a_link_plays_outcomes_joined_with_a_plus(vendor: FakeVendor) -> None:
    token = link(vendor)
    assert visit(vendor, token, "&outcome=9102+expired").status_code == 303
    assert get(vendor, token).json()["result"]["latest_error"] == "9102"
    assert visit(vendor, token).status_code == 410


def test_a_link_with_an_unknown_outcome_names_the_known_ones(vendor: FakeVendor) -> None:
    unknown = visit(vendor, link(vendor), "&outcome=nonsense")
    assert unknown.status_code == 400
    assert '<h1 class="error"' in unknown.text
    assert "<code>verified</code>" in unknown.text
