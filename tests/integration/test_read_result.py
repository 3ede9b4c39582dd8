"""The vendor's record, for those who may see it: all its fields, and links to its pictures."""

import base64
import json
from typing import Any

import pytest
import requests

from bridge.dependencies import Dependencies
from bridge.domain.verification import Verification
from bridge.vendor import pictures
from tests.integration.harness import Aws, Functions, new, return_path, token_of
from tests.integration.stored_state import StoredState
from tests.sandbox.sandbox import Sandbox

TIMEOUT = 30


@pytest.mark.parametrize("outcome", ["verified", "verified+big_pictures", "verified+nested", "9102"])
def test_the_result_has_all_of_the_vendors_fields_and_links_to_its_pictures(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, outcome: str
) -> None:
    verification = completed(sandbox, deps, functions, outcome)

    result = functions.api("GET", f"/verifications/{verification.id}", query={"expand": "result"}).json["result"]

    reported = json.loads(sandbox.vendor.raw_record(token_of(verification)))["result"]
    pictures = replaced(reported, result)
    assert len(pictures) == (1 if outcome == "9102" else 3)
    for encoded, link in pictures:
        answer = requests.get(link, timeout=TIMEOUT)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert answer.content == base64.b64decode(encoded)


def completed(sandbox: Sandbox, deps: Dependencies, functions: Functions, outcome: str) -> Verification:
    """One whose person came back with that outcome."""
    verification = new(deps)
    sandbox.vendor.play(token_of(verification), outcome)
    functions.browser(return_path(verification))
    return verification


def replaced(reported: Any, shown: Any) -> list[tuple[str, str]]:
    """What was told and what is shown in its place; all else must be equal."""
    if isinstance(reported, dict):
        assert reported.keys() == shown.keys()
        return [pair for name in reported for pair in replaced(reported[name], shown[name])]
    if isinstance(reported, list):
        assert len(reported) == len(shown)
        return [pair for one, other in zip(reported, shown, strict=True) for pair in replaced(one, other)]
    return [] if reported == shown else [(reported, shown)]


def test_the_result_of_one_of_whom_nothing_is_known_is_null(deps: Dependencies, functions: Functions) -> None:
    verification = new(deps)

    answer = functions.api("GET", f"/verifications/{verification.id}", query={"expand": "result"})

    assert (answer.status, answer.json["result"]) == (200, None)
    wrong = functions.api("GET", f"/verifications/{verification.id}", query={"expand": "all"})
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (400, "query:expand")


def test_a_result_without_pictures_needs_no_evidence(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, aws: Aws
) -> None:
    verification = completed(sandbox, deps, functions, "expired")
    aws.forget()

    answer = functions.api("GET", f"/verifications/{verification.id}", query={"expand": "result"})

    assert answer.json["result"] == json.loads(sandbox.vendor.raw_record(token_of(verification)))["result"]
    assert aws.calls == ["dynamodb.GetItem", "dynamodb.GetItem", "dynamodb.PutItem"]


@pytest.mark.parametrize("outcome", ["verified", "9102"])
def test_once_the_evidence_has_expired_the_fields_stay_and_the_pictures_are_null(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState, aws: Aws, outcome: str
) -> None:
    verification = completed(sandbox, deps, functions, outcome)
    stored.expire(verification.id)
    aws.forget()

    answer = functions.api("GET", f"/verifications/{verification.id}", query={"expand": "result"})

    assert answer.status == 200
    reported = json.loads(sandbox.vendor.raw_record(token_of(verification)))["result"]
    pairs = replaced(reported, answer.json["result"])
    assert [shown for _, shown in pairs] == [None] * (3 if outcome == "verified" else 1)
    # Who reads is written down first, and nothing is put into the bucket again.
    assert aws.calls == ["dynamodb.GetItem", "dynamodb.GetItem", "dynamodb.PutItem", "s3.GetObject"]


def test_once_the_evidence_has_expired_a_record_that_stood_there_as_a_whole_is_null(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, stored: StoredState
) -> None:
    verification = completed(sandbox, deps, functions, "verified")
    whole = pictures.without_pictures({"many": list(range(100_000))})
    deps.results.put(verification.id, stored.row(verification.id)["evidence"]["sha256"], whole, deps.now())
    stored.expire(verification.id)

    answer = functions.api("GET", f"/verifications/{verification.id}", query={"expand": "result"})

    assert (answer.status, answer.json["result"]) == (200, None)


def test_evidence_that_may_not_be_read_is_an_error(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, aws: Aws
) -> None:
    verification = completed(sandbox, deps, functions, "verified")

    aws.deny("s3.GetObject", "AccessDenied")
    answer = functions.api("GET", f"/verifications/{verification.id}", query={"expand": "result"})

    assert (answer.status, answer.json["code"]) == (503, "storage_unavailable")
