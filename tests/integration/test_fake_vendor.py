"""The vendor's stand-in, over real sockets."""

import re
import socket
import time
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.sandbox.vendor import FAULTS, OUTCOMES, FakeVendor, UnknownNameError, UnknownTokenError

HEADERS = {"client_id": "bridge", "client_secret": "sk_test"}
BODY = {
    "type": "00",
    "id_country": "MYS",
    "id_type": "ID_CARD",
    "redirect_url": "https://bridge.example/return/1?a=b#top",
}
RETURN = "https://bridge.example/return/1?a=b&is_success={}#top"
COMPARE_FAIL = "FailedOperation.CompareFail"
TIMEOUT = 30


class Clock:
    """Seconds since 1970, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_725_955_291.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vendor(clock: Clock) -> Iterator[FakeVendor]:
    with FakeVendor(client_id="bridge", client_secret="sk_test", clock=clock) as running:
        yield running


def create(vendor: FakeVendor, headers: dict[str, str] = HEADERS, **changes: Any) -> requests.Response:
    address = f"{vendor.url}/api/ekyc/verifications"
    return requests.post(address, json={**BODY, **changes}, headers=headers, timeout=TIMEOUT)


def get(vendor: FakeVendor, token: str, **options: Any) -> requests.Response:
    address = f"{vendor.url}/api/ekyc/verifications/{token}"
    return requests.get(address, **{"headers": HEADERS, "timeout": TIMEOUT, "allow_redirects": False, **options})


def link(vendor: FakeVendor, **changes: Any) -> str:
    return str(create(vendor, **changes).json()["result"]["token"])


def record(vendor: FakeVendor, token: str) -> dict[str, Any]:
    result: dict[str, Any] = get(vendor, token).json()["result"]
    return result


def played(vendor: FakeVendor, outcome: str, **changes: Any) -> dict[str, Any]:
    token = link(vendor, **changes)
    vendor.play(token, outcome)
    return record(vendor, token)


def visit(vendor: FakeVendor, token: str, query: str = "") -> requests.Response:
    address = f"{vendor.url}/verifications?token={token}{query}"
    return requests.get(address, timeout=TIMEOUT, allow_redirects=False)


def choose(vendor: FakeVendor, token: str, step: str, choice: str = "") -> requests.Response:
    form = {"token": token, "step": step, "choice": choice}
    return requests.post(f"{vendor.url}/verifications", data=form, timeout=TIMEOUT, allow_redirects=False)


def admin(vendor: FakeVendor, method: str, path: str, body: object = None) -> requests.Response:
    return requests.request(method, f"{vendor.url}/admin/{path}", json=body, timeout=TIMEOUT)


# The API


def test_a_link_has_a_token_and_the_address_of_the_page(vendor: FakeVendor) -> None:
    answer = create(vendor)
    assert answer.status_code == 200
    assert answer.json()["status"] == 200
    token = answer.json()["result"]["token"]
    assert len(token) == 30
    assert token.isalnum()
    assert token.upper() == token
    assert answer.json() == {
        "status": 200,
        "result": {"url": f"{vendor.url}/verifications?token={token}", "token": token},
    }


def test_a_fresh_record_has_every_field(vendor: FakeVendor) -> None:
    token = link(vendor)
    assert record(vendor, token) == {
        "id": 1,
        "organisation_id": 31,
        "end_user_id": None,
        "type": "00",
        "token": token,
        "url": f"{vendor.url}/verifications?token={token}",
        "redirect_url": BODY["redirect_url"],
        "medias": None,
        "ocr_country": "MYS",
        "ocr_type": "ID_CARD",
        "ocr_success": 0,
        "ocr_result": None,
        "face_id_success": 0,
        "face_id_result": None,
        "is_success": 0,
        "latest_error": None,
        "retries": 0,
        "face_retries": 0,
        "ocr_charged": 0,
        "face_id_charged": 0,
        "expire_at": "2024-09-10T08:16:31.000Z",
        "pruned_at": None,
        "created_at": "2024-09-10T08:01:31.000Z",
        "updated_at": "2024-09-10T08:01:31.000Z",
    }


def test_a_form_is_as_good_as_json(vendor: FakeVendor) -> None:
    address = f"{vendor.url}/api/ekyc/verifications"
    answer = requests.post(address, data=BODY, headers=HEADERS, timeout=TIMEOUT)
    assert record(vendor, answer.json()["result"]["token"])["redirect_url"] == BODY["redirect_url"]


@pytest.mark.parametrize("headers", [{}, {**HEADERS, "client_secret": "wrong"}, {**HEADERS, "client_id": ""}])
def test_wrong_or_missing_credentials_are_an_authentication_error(vendor: FakeVendor, headers: dict[str, str]) -> None:
    answer = create(vendor, headers)
    assert (answer.status_code, answer.json()["message"]) == (401, "authentication error")
    assert get(vendor, "ANY", headers=headers).status_code == 401
    assert vendor.calls() == {"create": 1, "get": 1, "by_token": {"ANY": 1}, "unauthorized": 2}
    assert vendor.tokens() == []


def test_rotated_credentials_replace_the_old_ones_until_the_reset(vendor: FakeVendor) -> None:
    admin(vendor, "POST", "credentials", {"client_id": "new", "client_secret": "sk_new"})
    assert create(vendor).status_code == 401
    assert create(vendor, {"client_id": "new", "client_secret": "sk_new"}).status_code == 200
    vendor.reset()
    assert create(vendor).status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "02"),
        ("type", None),
        ("id_country", "MY"),
        ("id_country", 458),
        ("id_type", "LICENCE"),
        ("redirect_url", "javascript:alert(1)"),
        ("redirect_url", "https://"),
    ],
)
def test_a_broken_field_is_named_in_a_422(vendor: FakeVendor, field: str, value: Any) -> None:
    answer = create(vendor, **{field: value})
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]


def test_an_unknown_token_is_not_found(vendor: FakeVendor) -> None:
    assert get(vendor, "NONE").status_code == 404
    assert visit(vendor, "NONE").status_code == 404
    assert admin(vendor, "GET", "verifications/NONE").status_code == 404
    with pytest.raises(UnknownTokenError):
        vendor.play("NONE", "verified")


def test_the_rate_limit_is_a_sliding_minute(clock: Clock) -> None:
    limited = FakeVendor(client_id="bridge", client_secret="sk_test", clock=clock, rate_limit_per_minute=2)
    with limited as vendor:
        assert [get(vendor, "NONE").status_code for _ in range(3)] == [404, 404, 429]
        assert get(vendor, "NONE").text == "Too many requests, please try again later."
        clock.now += 59.9
        assert get(vendor, "NONE").status_code == 429
        clock.now += 0.1
        assert get(vendor, "NONE").status_code == 404


def test_calls_are_counted_by_kind_and_token(vendor: FakeVendor) -> None:
    token = link(vendor)
    get(vendor, token)
    get(vendor, token)
    expected = {"create": 1, "get": 2, "by_token": {token: 2}, "unauthorized": 0}
    assert vendor.calls() == expected
    assert admin(vendor, "GET", "calls").json() == expected


# Outcomes


def test_get_sends_the_raw_record_of_every_outcome_byte_for_byte(vendor: FakeVendor) -> None:
    token = link(vendor)
    for outcome in OUTCOMES:
        vendor.play(token, outcome)
        assert get(vendor, token).content == vendor.raw_record(token), outcome
    assert admin(vendor, "GET", f"verifications/{token}").content == vendor.raw_record(token)


def test_a_verified_record_has_both_results_with_pictures(vendor: FakeVendor) -> None:
    result = played(vendor, "verified")
    assert (result["ocr_success"], result["face_id_success"], result["is_success"]) == (1, 1, 1)
    assert result["face_id_result"]["Sim"] == 98.33
    for picture in (result["ocr_result"]["Image"], result["face_id_result"]["BestFrameBase64"]):
        assert b64decode(picture).startswith(b"\x89PNG")
    assert result["latest_error"] is None


def test_type_01_needs_no_face(vendor: FakeVendor) -> None:
    result = played(vendor, "verified", type="01")
    assert (result["ocr_success"], result["face_id_success"], result["is_success"]) == (1, 0, 1)
    with pytest.raises(ValueError, match="no face check"):
        played(vendor, COMPARE_FAIL, type="01")


@pytest.mark.parametrize("code", ["9102", "-9102"])
def test_an_ocr_code_uses_up_the_retries_of_ocr(vendor: FakeVendor, code: str) -> None:
    result = played(vendor, code)
    assert (result["ocr_success"], result["is_success"], result["retries"]) == (0, 0, 2)
    assert result["latest_error"] == code
    assert result["ocr_result"]["Warn"] == [int(code)]
    assert played(vendor, f"ocr_retry_left:{code}")["retries"] == 1


@pytest.mark.parametrize("code", [COMPARE_FAIL, "AuthFailure.InvalidAuthorization", "FailedOperation.UnKnown"])
def test_a_face_code_fails_after_ocr_passed(vendor: FakeVendor, code: str) -> None:
    result = played(vendor, code)
    assert (result["ocr_success"], result["face_id_success"], result["is_success"]) == (1, 0, 0)
    assert (result["latest_error"], result["face_retries"]) == (code, 1)
    assert played(vendor, f"face_retry_left:{code}")["face_retries"] == 0


def test_every_documented_code_has_an_outcome() -> None:
    ocr = {"9101", "9102", "9103", "9104", "9107", "9108"}
    assert ocr | {f"-{code}" for code in ocr} <= OUTCOMES.keys()
    named = [name for name in OUTCOMES if "." in name or name.startswith(("Invalid", "Unsupported"))]
    alone = [name for name in named if ":" not in name]
    # 37 about the person, 11 about the machinery.
    assert len(alone) == 48


@pytest.mark.parametrize(
    ("outcome", "fields"),
    [
        ("ocr_passed", {"ocr_success": 1, "face_id_success": 0, "is_success": 0, "latest_error": None}),
        ("inconsistent", {"ocr_success": 1, "face_id_success": 0, "is_success": 1}),
        ("all_checks_no_success", {"ocr_success": 1, "face_id_success": 1, "is_success": 0}),
        ("booleans", {"ocr_success": True, "face_id_success": True, "is_success": True}),
        ("9102+booleans", {"ocr_success": False, "is_success": False, "latest_error": "9102"}),
        ("strings", {"ocr_success": "1", "face_id_success": "1", "is_success": "1"}),
        ("wrong_kinds", {"ocr_success": {}, "face_id_success": [1], "is_success": {"value": 1}}),
        ("empty_lists", {"ocr_result": [], "face_id_result": [], "is_success": 1}),
        ("unknown_fields", {"risk": {"score": 0.25, "signals": ["none", None]}, "is_success": 1}),
        ("unknown_error", {"latest_error": "SomethingNew.Code", "ocr_success": 1, "face_retries": 1}),
        ("9102+expired", {"latest_error": "9102", "expire_at": "2024-09-10T08:00:31.000Z"}),
    ],
)
def test_an_outcome_alters_the_record(vendor: FakeVendor, outcome: str, fields: dict[str, object]) -> None:
    result = played(vendor, outcome)
    reported = {name: result[name] for name in fields}
    assert reported == fields
    # 1 == True in Python, and not in JSON.
    assert [type(value) for value in reported.values()] == [type(value) for value in fields.values()]


def test_odd_shapes_of_the_answer(vendor: FakeVendor) -> None:
    nested = played(vendor, "nested")
    assert nested.keys() == {"is_success", "verification"}
    assert nested["verification"]["ocr_success"] == 1
    assert "is_success" not in played(vendor, "missing_is_success")
    token = link(vendor)
    vendor.play(token, "other_token")
    assert record(vendor, token)["token"] not in vendor.tokens()
    assert 4_500_000 < len(vendor_bytes(vendor, "verified+big_pictures")) < 5_500_000


def vendor_bytes(vendor: FakeVendor, outcome: str) -> bytes:
    token = link(vendor)
    vendor.play(token, outcome)
    return vendor.raw_record(token)


def test_a_later_play_tells_the_truth_again(vendor: FakeVendor) -> None:
    token = link(vendor)
    vendor.play(token, "9102+wrong_kinds")
    vendor.play(token, "verified")
    assert record(vendor, token)["is_success"] == 1


def test_a_refused_combination_alters_nothing(vendor: FakeVendor) -> None:
    token = link(vendor)
    before = vendor.raw_record(token)
    with pytest.raises(UnknownNameError, match="all_checks_no_success"):
        vendor.play(token, "verified+nonsense")
    answer = admin(vendor, "POST", f"verifications/{token}", {"outcome": "verified", "fault": "nonsense"})
    assert answer.status_code == 400
    assert "reset_after" in answer.json()["names"]
    assert vendor.raw_record(token) == before


# The person's page


def test_a_person_passes_both_steps_and_is_sent_back(vendor: FakeVendor) -> None:
    token = link(vendor)
    assert "<h1>Your document</h1>" in visit(vendor, token).text
    onwards = choose(vendor, token, "ocr", "pass")
    assert (onwards.status_code, onwards.headers["Location"]) == (303, f"?token={token}")
    assert "<h1>Your face</h1>" in visit(vendor, token).text
    back = choose(vendor, token, "face", "pass")
    assert (back.status_code, back.headers["Location"]) == (303, RETURN.format(1))
    assert record(vendor, token)["is_success"] == 1
    assert "finished" in visit(vendor, token).text


def test_the_page_works_without_scripts_and_without_other_sites(vendor: FakeVendor) -> None:
    html = visit(vendor, link(vendor)).text
    assert "<script" not in html
    assert "://" not in html
    assert '<html lang="en">' in html
    assert '<label for="choice">' in html


def test_the_page_groups_choices_by_what_they_mean_and_marks_an_error_as_one(vendor: FakeVendor) -> None:
    token = link(vendor)
    first = visit(vendor, token).text
    assert "color-scheme: light dark" in first
    assert first.index("The document is not accepted") < first.index("the document is a photocopy (9102)")
    assert 'class="error"' not in first
    choose(vendor, token, "ocr", "9102")
    assert '<p class="error" role="alert">That did not work (9102)' in visit(vendor, token).text
    choose(vendor, token, "ocr", "pass")
    assert f"the face is another person&#x27;s ({COMPARE_FAIL})" in visit(vendor, token).text
    unknown = choose(vendor, token, "face", "nonsense")
    assert (unknown.status_code, '<h1 class="error"' in unknown.text) == (400, True)


@pytest.mark.parametrize("type", ["00", "01"])
def test_each_ending_that_the_page_offers_is_one(vendor: FakeVendor, type: str) -> None:
    endings = re.findall(r'name="outcome" value="([^"]+)"', visit(vendor, link(vendor, type=type)).text)

    assert len(endings) == {"00": 6, "01": 4}[type]
    assert {visit(vendor, link(vendor, type=type), f"&outcome={name}").status_code for name in endings} == {303}


def test_a_link_joins_outcomes_with_a_plus(vendor: FakeVendor, clock: Clock) -> None:
    token = link(vendor)
    assert visit(vendor, token, "&outcome=9102+expired").status_code == 303
    assert record(vendor, token)["latest_error"] == "9102"
    assert visit(vendor, token).status_code == 410


def test_the_third_failure_at_ocr_ends_the_link(vendor: FakeVendor) -> None:
    token = link(vendor)
    answers = [choose(vendor, token, "ocr", code) for code in ("9101", "9108", "9102")]
    assert [answer.headers["Location"] for answer in answers[:2]] == [f"?token={token}"] * 2
    assert answers[2].headers["Location"] == RETURN.format(0)
    result = record(vendor, token)
    assert (result["retries"], result["latest_error"]) == (2, "9102")
    choose(vendor, token, "ocr", "pass")
    assert record(vendor, token) == result


def test_the_counters_count_retries_not_attempts(vendor: FakeVendor) -> None:
    token = link(vendor)
    choose(vendor, token, "ocr", "9101")
    assert record(vendor, token)["retries"] == 0
    choose(vendor, token, "ocr", "pass")
    assert record(vendor, token)["retries"] == 1
    choose(vendor, token, "face", COMPARE_FAIL)
    assert record(vendor, token)["face_retries"] == 0
    assert "Retries left: 1" in visit(vendor, token).text
    assert choose(vendor, token, "face", COMPARE_FAIL).headers["Location"] == RETURN.format(0)
    assert record(vendor, token)["face_retries"] == 1


def test_a_person_with_type_01_is_done_after_ocr(vendor: FakeVendor) -> None:
    token = link(vendor, type="01")
    assert choose(vendor, token, "ocr", "pass").headers["Location"] == RETURN.format(1)


def test_a_form_sent_twice_is_one_attempt(vendor: FakeVendor) -> None:
    token = link(vendor)
    choose(vendor, token, "ocr", "pass")
    choose(vendor, token, "ocr", "9102")
    assert record(vendor, token)["latest_error"] is None


def test_a_person_walks_back_early_and_nothing_happened(vendor: FakeVendor) -> None:
    token = link(vendor)
    before = vendor.raw_record(token)
    assert choose(vendor, token, "leave").headers["Location"] == RETURN.format(0)
    assert vendor.raw_record(token) == before


def test_an_expired_link_refuses_and_keeps_its_record(vendor: FakeVendor, clock: Clock) -> None:
    token = link(vendor)
    before = vendor.raw_record(token)
    clock.now += 900
    assert visit(vendor, token).status_code == 410
    assert visit(vendor, token, "&outcome=verified").status_code == 410
    assert choose(vendor, token, "ocr", "pass").status_code == 410
    assert vendor.raw_record(token) == before


def test_the_link_plays_an_outcome_at_once(vendor: FakeVendor) -> None:
    token = link(vendor)
    answer = visit(vendor, token, "&outcome=verified&fault=503&times=2&retry_after=7")
    assert (answer.status_code, answer.headers["Location"]) == (303, RETURN.format(1))
    assert get(vendor, token).headers["Retry-After"] == "7"
    assert [get(vendor, token).status_code for _ in range(2)] == [503, 200]
    wrong = visit(vendor, token, "&outcome=nonsense")
    assert wrong.status_code == 400
    assert '<h1 class="error"' in wrong.text
    assert "<code>verified</code>" in wrong.text


def test_the_public_address_is_the_one_in_links() -> None:
    public = "https://ekyc.example"
    with FakeVendor(client_id="bridge", client_secret="sk_test", public_url=public) as vendor:
        assert create(vendor).json()["result"]["url"].startswith(f"{public}/verifications?token=")


# Faults


@pytest.mark.parametrize("name", ["429", "500", "503", "401", "403", "404", "422"])
def test_a_status_fault_strikes_its_number_of_calls(vendor: FakeVendor, name: str) -> None:
    vendor.fault(name, times=2, retry_after=3)
    struck = create(vendor)
    assert (struck.status_code, struck.headers["Retry-After"]) == (int(name), "3")
    assert [create(vendor).status_code for _ in range(2)] == [int(name), 200]


def test_a_fault_strikes_only_what_it_is_for(vendor: FakeVendor) -> None:
    token, other = link(vendor), link(vendor)
    admin(vendor, "POST", "faults", {"fault": "500", "on": "get", "times": None, "token": token})
    statuses = [create(vendor).status_code, get(vendor, other).status_code]
    assert statuses == [200, 200]
    assert [get(vendor, token).status_code for _ in range(3)] == [500] * 3
    admin(vendor, "DELETE", "faults")
    assert get(vendor, token).status_code == 200


@pytest.mark.parametrize(
    ("name", "status", "start"),
    [
        ("502_html", 502, "<!doctype html>"),
        ("html", 200, "<!doctype html>"),
        ("garbage", 200, '{"status": 200, "result": {'),
        ("wrong_kinds", 200, '{"status": 200, "result": []}'),
        ("inner_status", 200, '{"status": 500'),
        ("inner_status:401", 200, '{"status": 401'),
        ("empty", 200, ""),
    ],
)
def test_a_fault_replaces_the_answer(vendor: FakeVendor, name: str, status: int, start: str) -> None:
    token = link(vendor)
    vendor.fault(name)
    answer = get(vendor, token)
    assert answer.status_code == status
    assert answer.text[: max(len(start), 1)] == start


def test_a_redirect_leads_where_the_test_says(vendor: FakeVendor) -> None:
    vendor.fault("redirect", location="http://127.0.0.1:9/trap?x=1")
    answer = get(vendor, "ANY")
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://127.0.0.1:9/trap?x=1")


def test_slow_headers_come_after_the_seconds_with_the_true_answer(vendor: FakeVendor) -> None:
    vendor.fault("slow", seconds=0.3)
    begun = time.monotonic()
    assert create(vendor).status_code == 200
    assert time.monotonic() - begun >= 0.3


def test_a_client_that_gives_up_waiting_has_made_a_link(vendor: FakeVendor) -> None:
    vendor.fault("slow", seconds=60)
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{vendor.url}/api/ekyc/verifications", json=BODY, headers=HEADERS, timeout=0.2)
    gives_up_at = time.monotonic() + TIMEOUT
    # A busy machine may come to read the request only now.
    while not vendor.tokens() and time.monotonic() < gives_up_at:
        time.sleep(0.01)
    assert len(vendor.tokens()) == 1


def test_a_drip_sends_headers_at_once_and_the_body_byte_by_byte(vendor: FakeVendor) -> None:
    token = link(vendor)
    vendor.fault("drip", seconds=0.001)
    answer = get(vendor, token, stream=True)
    assert int(answer.headers["Content-Length"]) == len(vendor.raw_record(token))
    pieces = list(answer.raw.stream(1))
    assert b"".join(pieces) == vendor.raw_record(token)


def test_dripping_headers_keep_every_read_alive_and_the_answer_far(vendor: FakeVendor) -> None:
    vendor.fault("drip_headers", seconds=0.05)
    host, port = vendor.url.removeprefix("http://").split(":")
    fields = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    head = f"GET /api/ekyc/verifications/X HTTP/1.1\r\nHost: x\r\n{fields}\r\n"
    with socket.create_connection((host, int(port)), timeout=TIMEOUT) as connection:
        begun = time.monotonic()
        connection.sendall(head.encode())
        assert b"".join(connection.recv(1) for _ in range(8)) == b"HTTP/1.1"
        assert time.monotonic() - begun >= 7 * 0.05


def test_dripping_headers_end_in_the_true_answer(vendor: FakeVendor) -> None:
    token = link(vendor)
    vendor.fault("drip_headers", seconds=0)
    assert get(vendor, token).content == vendor.raw_record(token)


def test_a_reset_is_a_reset_and_has_no_effect(vendor: FakeVendor) -> None:
    vendor.fault("reset")
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        create(vendor)
    assert vendor.tokens() == []


def test_a_reset_after_the_effect_loses_only_the_answer(vendor: FakeVendor) -> None:
    vendor.fault("reset_after", on="create")
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        create(vendor)
    assert admin(vendor, "GET", "verifications").json()["tokens"] == vendor.tokens() != []


def test_a_truncated_answer_is_shorter_than_it_promised(vendor: FakeVendor) -> None:
    token = link(vendor)
    vendor.fault("truncated")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        get(vendor, token)


def test_a_huge_answer_is_streamed(vendor: FakeVendor) -> None:
    vendor.fault("huge")
    answer = get(vendor, "ANY", stream=True)
    assert sum(len(piece) for piece in answer.iter_content(1 << 20)) > 50_000_000


def test_every_fault_is_listed_when_one_is_unknown(vendor: FakeVendor) -> None:
    for body in ({"fault": "nonsense"}, {"fault": "500:1"}, {}):
        answer = admin(vendor, "POST", "faults", body)
        assert answer.status_code == 400
        assert FAULTS.keys() <= set(answer.json()["names"])


@pytest.mark.parametrize("field", [{"times": 0}, {"seconds": "1"}, {"on": "put"}, {"second": 1}, {"times": True}])
def test_a_mistaken_field_of_a_fault_is_refused(vendor: FakeVendor, field: dict[str, object]) -> None:
    assert admin(vendor, "POST", "faults", {"fault": "500", **field}).status_code == 400
    assert create(vendor).status_code == 200


# The server


def test_a_stop_is_an_outage_and_a_start_remembers(vendor: FakeVendor) -> None:
    token, address = link(vendor), vendor.url
    vendor.stop()
    with pytest.raises(requests.ConnectionError, match="refused"):
        get(vendor, token)
    vendor.start()
    assert vendor.url == address
    assert get(vendor, token).status_code == 200


def test_a_stop_does_not_wait_for_a_slow_answer_and_says_nothing(
    vendor: FakeVendor, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("slow", "drip", "drip_headers"):
        vendor.fault(name, seconds=60)
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(create, vendor) for _ in range(3)]
        while vendor.calls()["create"] < 3:
            time.sleep(0.01)
        begun = time.monotonic()
        vendor.stop()
        errors = [call.exception() for call in waiting]
    assert time.monotonic() - begun < TIMEOUT / 2
    assert all(isinstance(error, requests.RequestException) for error in errors)
    assert capfd.readouterr() == ("", "")


def test_it_listens_on_several_hosts_with_one_port() -> None:
    hosts = ("127.0.0.1", "127.0.0.2")
    with FakeVendor(client_id="bridge", client_secret="sk_test", hosts=hosts) as vendor:
        for host in hosts:
            address = vendor.url.replace("127.0.0.1", host)
            assert requests.get(f"{address}/admin/calls", timeout=TIMEOUT).status_code == 200


def test_it_says_nothing_while_all_is_well(vendor: FakeVendor, capfd: pytest.CaptureFixture[str]) -> None:
    token = link(vendor)
    vendor.fault("reset")
    with pytest.raises(requests.ConnectionError):
        get(vendor, token)
    visit(vendor, token, "&outcome=verified")
    assert capfd.readouterr() == ("", "")


def test_a_reset_by_admin_forgets_everything(vendor: FakeVendor) -> None:
    token = link(vendor)
    vendor.fault("500", times=None)
    assert admin(vendor, "POST", "reset").status_code == 200
    assert get(vendor, token).status_code == 404
    assert vendor.calls()["create"] == 0
