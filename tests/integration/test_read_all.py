"""`verifications:read_all`: a backend reads by id what its frontends created, and does nothing else to it."""

import hashlib

import pytest

from bridge.dependencies import Dependencies
from bridge.domain.caller import READ, READ_ALL, READ_RESULT, REDACT, SCOPES
from bridge.domain.verification import Verification
from tests.integration.harness import Functions, new, return_path, token_of
from tests.integration.stored_state import StoredState
from tests.integration.test_audit import Trail
from tests.sandbox.sandbox import Sandbox

FRONTEND = "jwt|mia"
BACKEND = "backend"
RESULT = {"expand": "result"}


@pytest.fixture
def theirs(sandbox: Sandbox, deps: Dependencies, functions: Functions) -> Verification:
    """A frontend's verification, whose person has come back."""
    made = new(deps, principal=FRONTEND, reference="customer-42")
    sandbox.vendor.play(token_of(made), "verified")
    functions.browser(return_path(made))
    return made


def test_a_backend_reads_what_a_frontend_created(functions: Functions, theirs: Verification) -> None:
    path = f"/verifications/{theirs.id}"

    read = functions.api("GET", path, principal=BACKEND, scopes=[READ, READ_ALL])

    assert (read.status, read.json["status"]) == (200, "verified")
    assert read.json == functions.api("GET", path, principal=FRONTEND, scopes=[READ]).json


def test_it_reads_all_only_beside_read(functions: Functions, theirs: Verification) -> None:
    answers = [
        functions.api("GET", f"/verifications/{theirs.id}", principal=BACKEND, scopes=scopes)
        for scopes in ([READ_ALL], [READ], [READ, READ_RESULT, REDACT])
    ]
    assert [answer.status for answer in answers] == [403, 404, 404]


def test_a_result_takes_its_own_scope_and_names_the_reader_in_the_audit_trail(
    sandbox: Sandbox, functions: Functions, theirs: Verification
) -> None:
    path = f"/verifications/{theirs.id}"

    refused = functions.api("GET", path, principal=BACKEND, scopes=[READ, READ_ALL], query=RESULT)
    given = functions.api("GET", path, principal=BACKEND, scopes=[READ, READ_ALL, READ_RESULT], query=RESULT)

    assert (refused.status, refused.json["code"]) == (403, "missing_scope")
    assert (given.status, given.json["result"]["is_success"]) == (200, 1)
    (entry,) = Trail(sandbox).of(theirs)
    assert entry["principal_sha256"] == hashlib.sha256(BACKEND.encode()).hexdigest()


def test_it_lists_refreshes_and_redacts_nothing_of_others(
    sandbox: Sandbox, functions: Functions, stored: StoredState, theirs: Verification
) -> None:
    before, calls = stored.rows(), sandbox.vendor.calls()["get"]

    listed = functions.api(
        "GET", "/verifications", principal=BACKEND, scopes=SCOPES, query={"reference": "customer-42"}
    )
    changed = [
        functions.api("POST", f"/verifications/{theirs.id}/{action}", principal=BACKEND, scopes=SCOPES)
        for action in ("refresh", "redact")
    ]

    assert listed.json["data"] == []
    assert [answer.status for answer in changed] == [404, 404]
    assert stored.rows() == before
    assert sandbox.vendor.calls()["get"] == calls


def test_unknown_and_malformed_ids_are_the_same_404(functions: Functions) -> None:
    answers = [
        functions.api("GET", f"/verifications/{id}", principal=BACKEND, scopes=SCOPES)
        for id in ("ver_" + "a" * 26, "ver_x", "é")
    ]
    assert {(answer.status, answer.json["detail"]) for answer in answers} == {(404, "The verification does not exist.")}
