"""Every documented response can be produced, and every response is documented. `Api.call` checks each of them."""

import re
from typing import Any

import pytest

from bridge.domain.reasons import BY_CODE
from tests import pages
from tests.contract.api import Api, environment, path_ids
from tests.contract.contract import HTML, PROBLEM, Case, cases, gateway_statuses, operations
from tests.contract.scenarios import READ, REDACT, REFRESH, RETURN, SCENARIOS, STATUS, Scenario

SECURED = [name for name, operation in operations().items() if operation.scopes is not None]

# Outcomes of a link, with the documented status and reason (None if there is none).
OUTCOMES: dict[str, tuple[str, str | None]] = {
    "untouched": ("processing", "not_begun"),
    "ocr_passed": ("processing", None),
    "inconsistent": ("processing", "inconsistent_result"),
    "verified": ("verified", None),
    "untouched+expired": ("expired", "not_started"),
    "ocr_passed+expired": ("expired", "abandoned"),
    "9101": ("rejected", "document_covered"),
    "9102": ("rejected", "document_copied"),
    "9103": ("rejected", "document_photographed"),
    "9104": ("rejected", "document_edited"),
    "9107": ("rejected", "document_reflective"),
    "-9108": ("rejected", "document_blurry"),
    "FailedOperation.CompareLowSimilarity": ("rejected", "face_mismatch"),
    "FailedOperation.ActionFaceFar": ("rejected", "face_not_captured"),
    "FailedOperation.SilentDetectFail": ("rejected", "liveness_not_shown"),
    "FailedOperation.CompareSystemError+expired": ("failed", "vendor_error"),
    "unknown_error+expired": ("failed", "vendor_error"),
    "inconsistent+expired": ("failed", "inconsistent_result"),
}


@pytest.mark.parametrize(
    ("case", "scenario"),
    [
        pytest.param(*each, id=str(each[0]), marks=pytest.mark.slow if each[0].code == "still_running" else ())
        for each in SCENARIOS
    ],
)
def test_a_documented_response_can_be_produced(case: Case, scenario: Scenario, api: Api) -> None:
    response = scenario(api)
    kind = response.headers["content-type"].partition(";")[0]
    assert (response.status_code, kind == PROBLEM) == (case.status, bool(case.code)), response.text
    if case.code:
        assert (response.json()["code"], response.json()["type"]) == (case.code, f"urn:ekyc-bridge:problem:{case.code}")
    elif case.status >= 400:
        assert kind == HTML


def test_each_documented_response_of_the_bridge_has_a_scenario() -> None:
    assert {case for case, _ in SCENARIOS} == set(cases())


@pytest.mark.parametrize("name", SECURED)
def test_the_gateway_sends_401_without_a_key_and_403_for_an_unknown_one(name: str, api: Api) -> None:
    assert api.call(name, key="").json() == {"message": "Unauthorized"}
    assert api.call(name, key="ek_" + "x" * 43).json() == {"message": "Forbidden"}


@pytest.mark.parametrize("name", [*SECURED, STATUS, RETURN])
def test_the_gateway_sends_500_if_a_function_fails(name: str, api: Api) -> None:
    with environment(TABLE_NAME=None, ALLOWED_REDIRECT_ORIGINS=None):
        response = api.call(name, json={}, params={"reference": "customer-42"} if name.startswith("list") else None)
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})


@pytest.mark.parametrize("name", operations())
def test_the_gateways_own_responses_are_documented(name: str) -> None:
    statuses = gateway_statuses(operations()[name])
    assert statuses >= {429, 500, 503} | ({401, 403, 404} if name in SECURED else set())
    assert name in SECURED or statuses.isdisjoint({401, 403})


@pytest.mark.parametrize("name", SECURED)
def test_an_operation_needs_exactly_the_documented_scopes(name: str, api: Api) -> None:
    scopes = operations()[name].scopes
    assert scopes
    all_scopes = [f"verifications:{what}" for what in ("write", "read", "read_result", "redact")]
    assert api.call(name, key=api.key(scopes), json={}).status_code != 403
    assert api.call(name, key=api.key([scope for scope in all_scopes if scope not in scopes])).status_code == 403


def test_the_result_needs_both_of_its_scopes(api: Api) -> None:
    id = api.after_return("verified")["id"]
    both = ["verifications:read", "verifications:read_result"]
    statuses = [
        api.call(READ, id=id, params={"expand": "result"}, key=api.key(scopes)).status_code
        for scopes in (both, both[:1], both[1:])
    ]
    assert statuses == [200, 403, 403]


@pytest.mark.parametrize(("outcome", "expected"), OUTCOMES.items(), ids=OUTCOMES)
def test_each_outcome_has_its_documented_status_and_reason(
    outcome: str, expected: tuple[str, str | None], api: Api
) -> None:
    read = api.after_return(outcome)
    reported = _status_and_reason(read)
    assert reported == expected
    assert reported == _status_and_reason(api.call(STATUS, **path_ids(read)).json())
    assert reported == _status_and_reason(api.call(REFRESH, id=read["id"]).json())
    assert ("url" in read, "token" in read) == (reported[0] in ("pending", "processing"),) * 2
    with_result = api.call(READ, id=read["id"], params={"expand": "result"}).json()
    assert with_result == read | {"result": with_result["result"]}
    assert (with_result["result"] is None) == (reported[0] == "processing")


def test_the_outcomes_cover_every_reason_of_a_vendor_record() -> None:
    others = {"document_not_accepted", "vendor_unreachable", "link_not_created", "redacted"}
    assert {reason for _, reason in OUTCOMES.values() if reason} == BY_CODE.keys() - others


def test_development_md_has_the_status_of_each_outcome() -> None:
    section = pages.section("docs/development.md", "The fake vendor")
    rows = [
        [re.findall(r"`(.+?)`", cell) for cell in row.split("|")] for row in re.findall(r"(?m)^\| (`.+) \|$", section)
    ]
    ends = {outcome: (status[0], next(iter(reason), None)) for outcomes, status, reason in rows for outcome in outcomes}
    assert ends.items() <= OUTCOMES.items()
    assert {status for status, _ in ends.values()} == {status for status, _ in OUTCOMES.values()}


@pytest.mark.parametrize("outcome", ["untouched", "verified"])
def test_a_tombstone_is_the_same_from_redact_refresh_and_read(outcome: str, api: Api) -> None:
    id = api.after_return(outcome, reference="customer-42", metadata={"tier": "gold"})["id"]
    tombstone = api.call(REDACT, id=id).json()
    assert _status_and_reason(tombstone) == (("verified", None) if outcome == "verified" else ("expired", "redacted"))
    assert tombstone == api.call(REDACT, id=id).json() == api.call(REFRESH, id=id).json()
    # A caller that may read all also gets the principal.
    read = api.call(READ, id=id, params={"expand": "result"}).json()
    assert read == tombstone | {"principal": read["principal"], "result": None}
    assert api.call("list_verifications", params={"reference": "customer-42"}).json()["data"] == []


def test_a_replayed_create_has_the_idempotent_replayed_header(api: Api) -> None:
    first, second = (api.create(idempotency_key="same") for _ in range(2))
    assert first.json() == second.json()
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert api.vendor.calls()["create"] == 1


def test_if_the_vendor_is_unreachable_the_person_is_redirected_as_processing(api: Api) -> None:
    verification = api.created()
    api.vendor.fault("500", on="get", times=None)
    location = api.call(RETURN, **path_ids(verification)).headers["Location"]
    assert location.endswith(f"?lang=en&verification_id={verification['id']}&status=processing#step-2")


def _status_and_reason(reported: dict[str, Any]) -> tuple[str, str | None]:
    return reported["status"], reported["reason"] and reported["reason"]["code"]
