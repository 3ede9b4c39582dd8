"""`verifications:read_all` lets a backend read by id what its frontends created, and nothing else."""

import hashlib

import pytest

from bridge.domain.caller import READ, READ_ALL, READ_RESULT, REDACT, SCOPES
from bridge.domain.verification import Verification
from tests.integration.functions import ApiFunctions
from tests.integration.harness import World

FRONTEND = "jwt|mia"
BACKEND = "backend"
RESULT = {"expand": "result"}


@pytest.fixture
def theirs(world: World) -> Verification:
    """A verification of a frontend, whose person has returned."""
    made = world.new("verified", principal=FRONTEND, reference="customer-42")
    world.returns(made)
    return made


def test_a_backend_reads_what_a_frontend_created(functions: ApiFunctions, theirs: Verification) -> None:
    path = f"/verifications/{theirs.id}"

    read = functions.api("GET", path, principal=BACKEND, scopes=[READ, READ_ALL])

    assert (read.status, read.json["status"]) == (200, "verified")
    own = functions.api("GET", path, principal=FRONTEND, scopes=[READ]).json
    assert read.json == own | {"principal": FRONTEND}


def test_a_person_who_gives_the_id_of_anothers_verification_to_the_backend_is_found_out(
    functions: ApiFunctions, theirs: Verification
) -> None:
    read = functions.api("GET", f"/verifications/{theirs.id}", principal=BACKEND, scopes=[READ, READ_ALL])

    assert read.json["status"] == "verified"
    assert read.json["principal"] != "jwt|mallory"


def test_read_all_works_only_together_with_read(functions: ApiFunctions, theirs: Verification) -> None:
    responses = [
        functions.api("GET", f"/verifications/{theirs.id}", principal=BACKEND, scopes=scopes)
        for scopes in ([READ_ALL], [READ], [READ, READ_RESULT, REDACT])
    ]
    assert [response.status for response in responses] == [403, 404, 404]


def test_a_result_needs_its_own_scope_and_the_reader_is_audited(world: World, theirs: Verification) -> None:
    path = f"/verifications/{theirs.id}"

    refused = world.functions.api("GET", path, principal=BACKEND, scopes=[READ, READ_ALL], query=RESULT)
    given = world.functions.api("GET", path, principal=BACKEND, scopes=[READ, READ_ALL, READ_RESULT], query=RESULT)

    assert (refused.status, refused.json["code"]) == (403, "missing_scope")
    assert (given.status, given.json["result"]["is_success"]) == (200, 1)
    (entry,) = world.stored.audit_entries(theirs.id)
    assert entry["principal_sha256"] == hashlib.sha256(BACKEND.encode()).hexdigest()


def test_read_all_does_not_list_refresh_or_redact(world: World, theirs: Verification) -> None:
    before, calls = world.stored.rows(), world.vendor.calls()["get"]

    listed = world.functions.api(
        "GET", "/verifications", principal=BACKEND, scopes=SCOPES, query={"reference": "customer-42"}
    )
    changed = [
        world.functions.api("POST", f"/verifications/{theirs.id}/{action}", principal=BACKEND, scopes=SCOPES)
        for action in ("refresh", "redact")
    ]

    assert listed.json["data"] == []
    assert [response.status for response in changed] == [404, 404]
    assert world.stored.rows() == before
    assert world.vendor.calls()["get"] == calls


def test_unknown_and_malformed_ids_are_the_same_404(functions: ApiFunctions) -> None:
    responses = [
        functions.api("GET", f"/verifications/{id}", principal=BACKEND, scopes=SCOPES)
        for id in ("ver_" + "a" * 26, "ver_x", "é")
    ]
    assert {(response.status, response.json["detail"]) for response in responses} == {
        (404, "The verification does not exist.")
    }
