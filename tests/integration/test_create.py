"""Create without failures: reserve → vendor → commit."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.domain import schedule
from bridge.domain.errors import StillRunning
from bridge.domain.verification import LinkRequest
from bridge.use_cases.create import create
from bridge.vendor.client import Link, Permit, Vendor
from tests.integration.functions import CREATE_BODY, KEY_HEADER, PRINCIPAL, REDIRECT_URL
from tests.integration.harness import World


def test_a_verification_costs_one_vendor_call_and_two_writes(world: World) -> None:
    response = world.functions.api("POST", "/verifications", CREATE_BODY)

    assert response.status == 201
    assert world.aws.calls == [
        "dynamodb.PutItem",
        "dynamodb.UpdateItem",
        "secretsmanager.GetSecretValue",
        "dynamodb.UpdateItem",
    ]
    calls = world.vendor.calls()
    assert (calls["create"], calls["get"]) == (1, 0)


def test_the_lifetime_of_a_link_starts_when_the_vendor_made_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    make = world.deps.vendor.create_link

    def make_slowly(request: LinkRequest, return_url: str, *, permit: Permit) -> Link:
        link = make(request, return_url, permit=permit)
        world.clock.advance(7)
        return link

    monkeypatch.setattr(world.deps.vendor, "create_link", make_slowly)
    document = world.functions.api("POST", "/verifications", CREATE_BODY).json

    assert document["created_at"] == "2026-01-31T08:00:07.000Z"
    assert document["expires_at"] == "2026-01-31T08:15:07.000Z"
    assert world.stored.due()[document["id"]] == world.clock.epoch - 7 + schedule.FIRST_CHECK_SECONDS


def test_the_response_is_the_pending_verification_with_its_link(world: World) -> None:
    body = CREATE_BODY | {"reference": "customer-42", "metadata": {"campaign": "spring"}}

    response = world.functions.api("POST", "/verifications", body)

    document = response.json
    (token,) = world.vendor.tokens()
    assert document["id"].startswith("ver_")
    assert {name: document[name] for name in body} == body
    assert (document["object"], document["status"], document["reason"]) == ("verification", "pending", None)
    assert (document["token"], document["sequence"]) == (token, 1)
    assert document["url"].endswith(f"token={token}")
    assert document["created_at"] == document["updated_at"] == "2026-01-31T08:00:00.000Z"
    assert document["expires_at"] == "2026-01-31T08:15:00.000Z"
    assert document["status_url"].startswith(f"{world.sandbox.api_url}/status/{document['id']}/")
    assert response.headers["cache-control"] == "no-store"


def test_the_vendor_gets_our_return_url_and_not_the_frontends(world: World) -> None:
    world.functions.api("POST", "/verifications", CREATE_BODY)

    (row,), (token,) = world.stored.rows(), world.vendor.tokens()
    reported = json.loads(world.vendor.raw_record(token))["result"]["redirect_url"]
    assert reported == f"{world.sandbox.api_url}/return/{row['id']}/{row['code']}"
    assert row["redirect_url"] == REDIRECT_URL


def test_a_new_verification_is_due_five_minutes_later_and_has_no_ttl(world: World) -> None:
    world.functions.api("POST", "/verifications", CREATE_BODY)

    (row,) = world.stored.rows()
    assert world.stored.due() == {row["id"]: world.clock.epoch + schedule.FIRST_CHECK_SECONDS}
    assert "ttl" not in row
    assert "lease_until" not in row


def test_the_same_key_and_body_are_replayed_without_the_vendor(world: World) -> None:
    first = world.functions.api("POST", "/verifications", CREATE_BODY, headers=KEY_HEADER)
    again = world.functions.api("POST", "/verifications", dict(reversed(CREATE_BODY.items())), headers=KEY_HEADER)

    assert (first.status, again.status) == (201, 201)
    assert again.json == first.json
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert world.vendor.calls()["create"] == 1


def test_a_replay_after_the_end_of_the_link_has_no_link(world: World) -> None:
    first = world.functions.api("POST", "/verifications", CREATE_BODY, headers=KEY_HEADER).json
    world.clock.advance(901)

    again = world.functions.api("POST", "/verifications", CREATE_BODY, headers=KEY_HEADER)

    assert again.status == 201
    assert first.keys() - again.json.keys() == {"url", "token"}


def test_the_same_key_with_another_body_is_422(world: World) -> None:
    world.functions.api("POST", "/verifications", CREATE_BODY, headers=KEY_HEADER)
    before = world.stored.rows()

    response = world.functions.api("POST", "/verifications", CREATE_BODY | {"type": "01"}, headers=KEY_HEADER)

    assert (response.status, response.json["code"]) == (422, "idempotency_key_reused")
    assert world.stored.rows() == before
    assert world.vendor.calls()["create"] == 1


def test_the_same_key_of_another_principal_is_another_verification(world: World) -> None:
    ours = world.functions.api("POST", "/verifications", CREATE_BODY, headers=KEY_HEADER)
    theirs = world.functions.api(
        "POST", "/verifications", CREATE_BODY | {"type": "01"}, headers=KEY_HEADER, principal="mobile"
    )

    assert (ours.status, theirs.status) == (201, 201)
    assert ours.json["id"] != theirs.json["id"]
    assert world.vendor.calls()["create"] == 2


def test_without_a_key_each_request_makes_a_new_verification(world: World) -> None:
    ids = {world.functions.api("POST", "/verifications", CREATE_BODY).json["id"] for _ in range(3)}

    assert ids == {row["id"] for row in world.stored.rows()}
    assert len(ids) == 3


class HeldVendor:
    """A vendor that returns its link only after all other requests have their response."""

    def __init__(self, vendor: Vendor, others: int) -> None:
        self._vendor = vendor
        self._left = others
        self._lock = threading.Lock()
        self._all_responded = threading.Event()

    def create_link(self, request: LinkRequest, return_url: str, *, permit: Permit) -> Link:
        assert self._all_responded.wait(60), "another request waits for the vendor, too"
        return self._vendor.create_link(request, return_url, permit=permit)

    def one_responded(self) -> None:
        with self._lock:
            self._left -= 1
            if not self._left:
                self._all_responded.set()


def test_of_eight_concurrent_requests_with_one_key_seven_get_409(world: World) -> None:
    held = HeldVendor(world.deps.vendor, others=7)
    vars(world.deps)["vendor"] = held
    start = threading.Barrier(8)

    def create_one(_: int) -> str:
        start.wait(60)
        try:
            create(
                world.deps,
                PRINCIPAL,
                LinkRequest(**CREATE_BODY),
                idempotency_key="k",
                base_url="https://api.example.com",
            )
        except StillRunning as refusal:
            held.one_responded()
            return f"wait {refusal.retry_after}"
        return "created"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(create_one, range(8)))

    assert outcomes == ["created", *[f"wait {schedule.LEASE_SECONDS}"] * 7]
    assert world.vendor.calls()["create"] == 1
    assert len(world.stored.rows()) == 1
