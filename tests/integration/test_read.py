"""Only the owner can read a verification, by id and in lists."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bridge.domain.caller import READ, READ_RESULT, REDACT, SCOPES, WRITE
from bridge.domain.verification import timestamp
from bridge.web.create_body import (
    MAX_METADATA_KEY_LENGTH,
    MAX_METADATA_KEYS,
    MAX_METADATA_VALUE_LENGTH,
    MAX_REFERENCE_LENGTH,
)
from bridge.web.list_query import MAX_LIMIT
from tests.integration.functions import ApiFunctions
from tests.integration.harness import World


def without_request_id(text: str) -> dict[str, Any]:
    problem: dict[str, Any] = json.loads(text)
    assert problem.pop("request_id")
    return problem


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "{}"), ("GET", "{}?result"), ("POST", "{}/refresh"), ("POST", "{}/redact")],
)
def test_unknown_malformed_and_foreign_ids_get_the_same_404(world: World, method: str, path: str) -> None:
    theirs = world.new(principal="mobile")
    before = world.stored.rows()
    route, _, expand = path.partition("?")
    query = {"expand": expand} if expand else {}

    ids = [theirs.id, "ver_" + "a" * 26, "ver_x", "VER_", theirs.id.upper(), "é", "a b", "%00", "x" * 500]
    responses = [world.functions.api(method, f"/verifications/{route.format(id)}", query=query) for id in ids]

    assert {response.status for response in responses} == {404}
    assert len({json.dumps(without_request_id(response.text)) for response in responses}) == 1
    assert world.stored.rows() == before
    assert world.vendor.calls()["get"] == 0


@pytest.mark.parametrize("path", ["/verifications/{}", "/verifications/{}/refresh"])
def test_a_malformed_id_costs_no_call(world: World, path: str) -> None:
    for id in ("ver_x", "VER_", "ver_" + "A" * 26, "é"):
        assert world.functions.api("POST" if "refresh" in path else "GET", path.format(id)).status == 404
        assert world.functions.browser(f"/status/{id}/code").status == 404
        assert world.functions.browser(f"/return/{id}/code").status == 404
    assert world.aws.calls == []


def test_the_public_status_has_four_fields_and_costs_one_read(world: World) -> None:
    verification = world.new(reference="r", metadata={"a": "b"})
    world.aws.reset()

    response = world.functions.browser(f"/status/{verification.id}/{verification.code}")

    assert response.status == 200
    assert response.json.keys() == {"id", "status", "reason", "updated_at"}
    assert (response.json["id"], response.json["status"]) == (verification.id, "pending")
    assert world.aws.calls == ["dynamodb.GetItem"]
    for path in (f"{verification.id}/{verification.code}x", f"{verification.id}/x", f"ver_{'a' * 26}/x"):
        assert world.functions.browser(f"/status/{path}").status == 404


def test_a_read_costs_one_read_and_no_vendor_call(world: World) -> None:
    verification = world.new()
    world.aws.reset()

    document = world.read(verification)

    assert world.aws.calls == ["dynamodb.GetItem"]
    assert world.vendor.calls()["get"] == 0
    assert (document["url"], document["token"]) == (verification.url, verification.token)


@pytest.mark.parametrize(
    ("method", "path", "query", "scope"),
    [
        ("GET", "/verifications/{id}", {}, READ),
        ("GET", "/verifications", {"reference": "r"}, READ),
        ("POST", "/verifications/{id}/refresh", {}, READ),
        ("POST", "/verifications/{id}/redact", {}, REDACT),
        ("POST", "/verifications", {}, WRITE),
        ("GET", "/verifications/{id}", {"expand": "result"}, READ_RESULT),
    ],
)
def test_each_route_requires_its_scope(world: World, method: str, path: str, query: Any, scope: str) -> None:
    verification = world.new()
    before = world.stored.rows()
    world.aws.reset()
    others = [other for other in SCOPES if other != scope]

    response = world.functions.api(method, path.format(id=verification.id), query=query, scopes=others)

    assert (response.status, response.json["code"]) == (403, "missing_scope")
    assert scope in response.json["detail"]
    assert world.aws.calls == []
    assert world.stored.rows() == before


def test_a_list_by_reference_is_paged_newest_first_for_one_principal(world: World) -> None:
    ours = []
    for _ in range(5):
        ours.append(world.new(reference="r").id)
        world.clock.advance(1)
    world.new(reference="other")
    world.new()
    world.new(reference="r", principal="mobile")

    seen, query, sizes = [], {"reference": "r", "limit": "2"}, []
    while True:
        page = world.functions.api("GET", "/verifications", query=query).json
        seen += [document["id"] for document in page["data"]]
        sizes.append(len(page["data"]))
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert seen == ours[::-1]
    assert max(sizes) == 2


@pytest.mark.parametrize("character", ["a", '"', "漢", "😀"])
def test_a_page_of_the_longest_verifications_fits_into_a_response_of_lambda(world: World, character: str) -> None:
    key, value = character * (MAX_METADATA_KEY_LENGTH - 2), character * MAX_METADATA_VALUE_LENGTH
    world.new(
        reference=character * MAX_REFERENCE_LENGTH, metadata={f"{n:02}{key}": value for n in range(MAX_METADATA_KEYS)}
    )
    world.clock.advance(1)

    listed = world.functions.api("GET", "/verifications", query={"limit": str(MAX_LIMIT)})

    # Lambda's runtime writes the response once more as JSON.
    size = len(json.dumps(listed.text, ensure_ascii=False).encode())
    assert listed.json["data"][0]["reference"] == character * MAX_REFERENCE_LENGTH
    assert size * MAX_LIMIT < 6_000_000


def test_a_bad_query_lists_all_its_errors(functions: ApiFunctions) -> None:
    # tests/unit/test_queries.py covers each error.
    response = functions.api("GET", "/verifications", query={"limit": "x", "cursor": "x", "sort": "x"})

    assert response.status == 400
    pointers = [fault["pointer"] for fault in response.json["errors"]]
    assert pointers == ["query:cursor", "query:limit", "query:sort"]


def test_a_list_by_time_and_status_has_only_the_principals_verifications(world: World) -> None:
    early = world.new()
    world.clock.advance(3600)
    world.new("verified", principal="mobile")
    verified, pending = world.new("verified"), world.new()
    world.returns(verified)
    world.clock.advance(1)

    def found(**query: str) -> list[str]:
        query["created_after"] = timestamp(early.created_at + timedelta(seconds=1))
        return [each["id"] for each in world.functions.api("GET", "/verifications", query=query).json["data"]]

    assert set(found()) == {verified.id, pending.id}
    assert found(status="verified") == [verified.id]
    assert found(status="expired") == []


def test_a_cursor_of_another_principal_reveals_none_of_its_verifications(world: World) -> None:
    for principal in ("mobile", "web", "mobile", "mobile"):
        world.new(reference="r", principal=principal)
        world.clock.advance(1)
    query = {"reference": "r", "limit": "2"}
    query["cursor"] = world.functions.api("GET", "/verifications", principal="mobile", query=query).json["next_cursor"]

    response = world.functions.api("GET", "/verifications", query=query)

    assert response.status == 200
    theirs = world.functions.api("GET", "/verifications", principal="mobile", query={"reference": "r"}).json["data"]
    assert not {document["id"] for document in response.json["data"]} & {document["id"] for document in theirs}


@pytest.mark.parametrize(
    ("outcome", "status", "retry_after"),
    [
        (None, "pending", "10"),
        ("ocr_passed", "processing", "3"),
        ("9102", "rejected", None),
        ("verified", "verified", None),
    ],
)
def test_the_public_status_has_retry_after_until_it_is_final(
    world: World, outcome: str | None, status: str, retry_after: str | None
) -> None:
    verification = world.new()
    if outcome:
        world.play(verification, outcome)
        world.returns(verification)

    response = world.functions.browser(f"/status/{verification.id}/{verification.code}")

    assert (response.status, response.json["status"], response.headers.get("retry-after")) == (200, status, retry_after)
