"""Canaries in every field of the vendor's responses and in every part of a request: none of them leaks."""

import copy
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.dependencies import Dependencies
from bridge.domain import schedule
from bridge.domain.errors import BridgeError
from bridge.domain.verification import Verification
from bridge.use_cases.sweep import sweep
from bridge.vendor import record as vendor_record
from bridge.vendor.client import Link, Vendor
from tests.integration.harness import (
    WANTED,
    Response,
    World,
    free,
    http_event,
    new,
    return_path,
    token_of,
)
from tests.integration.leaks import Said, found, found_in, reported_by
from tests.integration.raw_server import RawServer, whole
from tests.marks import slow_but
from tests.sandbox.functions import FunctionError
from tests.unit.tokens import token

CANARY = "canary of a person"
# A record with all that there can be: what is known, what is new, and what failed.
FULL = "verified+unknown_fields"

Put = Callable[..., RawServer]


@pytest.fixture
def put(deps: Dependencies) -> Iterator[Put]:
    """Replaces the fake vendor by one that responds to everything with these bytes."""
    running: list[RawServer] = []

    def put(body: bytes, status: str = "200 OK", more: str = "") -> RawServer:
        running.append(RawServer(whole(body, status, more)).__enter__())
        vendor = deps.vendor
        vars(deps)["vendor"] = Vendor(running[-1].url, vendor._transport._credentials, sleep=lambda _: None)
        return running[-1]

    yield put
    for server in running:
        server.__exit__(None, None, None)


def leaves(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to each value that is no object and no list."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return [way for key, each in pairs for way in leaves(each, (*at, key))]
    return [at]


def at(record: Any, way: tuple[Any, ...]) -> Any:
    return at(record[way[0]], way[1:]) if way else record


def planted(record: Any, way: tuple[Any, ...], canary: str = CANARY) -> Any:
    """The record with a canary in that place."""
    spoilt = copy.deepcopy(record)
    at(spoilt, way[:-1])[way[-1]] = canary
    return spoilt


def call_everything(world: World, said: Said, verification: Verification) -> None:
    """All that leads to a call of the vendor; responses and results go into what was said."""
    records = [{"messageId": "1", "body": json.dumps({"id": verification.id}), "eventSource": "aws:sqs"}]
    for call in (
        lambda: world.returns(verification),
        lambda: world.refresh(verification),
        lambda: world.sandbox.invoke("FinalizeFunction", {"Records": records}),
        lambda: world.functions.browser(f"/status/{verification.id}/{verification.code}"),
        lambda: world.functions.api("GET", f"/verifications/{verification.id}"),
        lambda: sweep(world.deps, has_time=lambda: True),
    ):
        world.clock.advance(6)
        response: Any = call()
        if not isinstance(response, Response) or response.status >= 300:
            said.errors += f"{response.text}{response.headers}" if isinstance(response, Response) else str(response)


@pytest.mark.slow
def test_no_field_of_the_vendors_record_leaks(world: World, said: Said, put: Put) -> None:
    verification = world.new(FULL, redirect_url="http://localhost:5173/")
    record = json.loads(world.vendor.raw_record(token_of(verification)))
    places = leaves(record)
    assert len(places) > 40
    canaries = {way: f"{CANARY} {number:03}" for number, way in enumerate(places)}

    for way, canary in canaries.items():
        put(json.dumps(planted(record, way, canary)).encode())
        other = with_the_link_of(world, verification)
        call_everything(world, said, other)

    assert found(said, canaries.values()) == []


def with_the_link_of(world: World, verification: Verification) -> Verification:
    vendor, link = world.deps.vendor, Link(str(verification.url), token_of(verification))
    vars(world.deps)["vendor"] = SimpleNamespace(create_link=lambda *_, **__: link)
    made = world.new(redirect_url="http://localhost:5173/")
    vars(world.deps)["vendor"] = vendor
    return made


STATUSES = [f"{code} {CANARY}" for code in (200, 201, 301, 400, 401, 403, 404, 408, 409, 418, 422, 429, 500, 503, 599)]
QUICK_STATUSES = slow_but(f"422 {CANARY}", of=STATUSES)
BODIES = {
    "an error that quotes": b'{"status": 422, "error": "canary of a person", "canary of a person": []}',
    "an inner error": b'{"status": 500, "message": "canary of a person"}',
    "an inner status that is none": b'{"status": "canary of a person", "result": {}}',
    "no object": b'["canary of a person"]',
    "no JSON": b'{"result": {"name": "canary of a person',
    "a page": b"<html>canary of a person</html>",
    "no UTF-8": b'\xff\xfe"canary of a person"',
    "a result of another kind": b'{"status": 200, "result": "canary of a person"}',
    "a link of another kind": b'{"status": 200, "result": {"token": "canary of a person", "url": ""}}',
    "a key given twice": b'{"result": {"token": "a", "token": "canary of a person"}}',
    "deep": b'{"result":' + b"[" * 3000 + b'"canary of a person"' + b"]" * 3000 + b"}",
}


@pytest.mark.parametrize("status", QUICK_STATUSES)
def test_no_body_of_the_vendors_leaks_with_any_status(world: World, said: Said, put: Put, status: str) -> None:
    verification = world.new(redirect_url="http://localhost:5173/")

    for body in BODIES.values():
        put(body, status)
        created = world.functions.api("POST", "/verifications", WANTED)
        assert created.status in (502, 503, 504, 400, 422), (status, created.text)
        said.errors += created.text + str(created.headers)
        call_everything(world, said, verification)

    assert found(said, [CANARY, token_of(verification), str(verification.code)]) == []


QUICK_LINES = [f"retry-after: {CANARY}\r\n", f"content-encoding: {CANARY}\r\n"]
HEADER_LINES = [
    *QUICK_LINES, f"set-cookie: {CANARY}\r\n", f"set cookie={CANARY}\r\n", f"{CANARY}\r\n", f": {CANARY}\r\n",
    f"x-name : {CANARY}\r\n", f"x-a: b\r\n {CANARY}\r\n", f"transfer-encoding: {CANARY}\r\n",
    f"location: https://{CANARY}/\r\n",
]  # fmt: skip


@pytest.mark.parametrize("lines", slow_but(*QUICK_LINES, of=HEADER_LINES))
def test_no_header_of_the_vendors_leaks(world: World, said: Said, put: Put, lines: str) -> None:
    verification = world.new(redirect_url="http://localhost:5173/")

    for status in ("200 OK", "302 Found", "500 No"):
        put(BODIES["an inner error"], status, lines)
        created = world.functions.api("POST", "/verifications", WANTED)
        said.errors += created.text + str(created.headers)
        call_everything(world, said, verification)

    assert found(said, [CANARY, token_of(verification), str(verification.code)]) == []


@pytest.mark.parametrize("status", QUICK_STATUSES)
@pytest.mark.parametrize("kind", BODIES)
def test_no_body_of_the_vendors_stands_in_an_exception_or_its_causes(
    deps: Dependencies, put: Put, status: str, kind: str
) -> None:
    verification = new(deps)
    put(BODIES[kind], status)

    def fetch_and_parse() -> None:
        result = deps.vendor.fetch(token_of(verification), retry=False, permit=free).result
        asked = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD"}
        vendor_record.parse(result, token=token_of(verification), verification_id=verification.id, **asked)

    with pytest.raises(BridgeError) as raised:
        fetch_and_parse()

    assert found_in(reported_by(raised.value), [CANARY, token_of(verification), "sk_"]) == []


def test_no_part_of_a_request_leaks(world: World, said: Said) -> None:
    made = world.new()
    names = [
        "accept", "cookie", "forwarded", "from", "origin", "proxy-authorization", "referer", "user-agent", "via",
        "x-amzn-trace-id", "x-api-key", "x-forwarded-for", "x-real-ip", "x-request-id", "x-unknown",
    ]  # fmt: skip
    headers = {name: f"{CANARY} in {name}" for name in names}
    jwt = token(sub=CANARY)
    key = "ek_" + "c" * 43

    for authorization in (f"Bearer {jwt}", f"Bearer {key}", f"Basic {CANARY}", f"Bearer {world.sandbox.api_key}"):
        event = http_event("GET", f"/verifications/{made.id}", {"a": CANARY}) | {"type": "REQUEST"}
        event["headers"] = headers | {"authorization": authorization}
        event["cookies"] = [f"session={CANARY}"]
        event["identitySource"] = [authorization]
        said.errors += str(world.sandbox.invoke("AuthorizeFunction", event))
    for method, path in (("GET", "/verifications"), ("POST", "/verifications"), ("GET", f"/verifications/{CANARY}")):
        # The response may name a field as the caller named it; a log may not.
        world.functions.api(method, path, {CANARY: CANARY}, headers=headers, query={CANARY: CANARY})
    for path in (
        f"/return/{CANARY}/{CANARY}",
        f"/status/{made.id}/{CANARY}",
        f"/done/{made.id}/{CANARY}",
        return_path(made),
    ):
        response = world.functions.browser(path, {"is_success": CANARY})
        said.errors += response.text + str(response.headers)

    assert found(said, [CANARY, jwt, jwt.split(".")[2], key, world.sandbox.api_key]) == []


@pytest.mark.parametrize("outcome", [FULL, "9102", "expired", "inconsistent", "verified+wrong_kinds"])
def test_a_redirect_carries_an_id_and_a_status_and_nothing_else(world: World, outcome: str) -> None:
    verification = world.new(
        outcome, redirect_url="http://localhost:5173/", reference=CANARY, metadata={"note": CANARY}
    )

    response = world.functions.browser(return_path(verification), {"is_success": CANARY, "token": CANARY})

    assert response.status == 303
    status = response.headers["location"].rpartition("=")[2]
    expected = f"http://localhost:5173/?verification_id={verification.id}&status={status}"
    assert response.headers["location"] == expected
    reported = response.text + str(response.headers)
    record = json.loads(world.vendor.raw_record(token_of(verification)))
    texts = {str(at(record, way))[:60] for way in leaves(record)}
    sought = {CANARY, str(verification.code), *(text for text in texts if len(text) > 8)}
    assert found_in(reported, sought) == []


def test_a_message_holds_an_id_and_a_time_and_nothing_else(world: World) -> None:
    made = [world.new(reference=CANARY, metadata={"note": CANARY}) for _ in range(3)]
    world.clock.advance(3600)
    sweep(world.deps, has_time=lambda: True)

    asked = {"QueueUrl": world.deps.settings.due_queue_url, "MaxNumberOfMessages": 10}
    messages = world.sandbox.client("sqs").receive_message(**asked, MessageAttributeNames=["All"])["Messages"]

    # What fails goes to the dead letters as it is.
    assert sorted(message["Body"] for message in messages) == sorted(
        json.dumps({"id": each.id, "due_at": world.clock.epoch + schedule.RESEND_SECONDS}) for each in made
    )
    assert not [message for message in messages if message.get("MessageAttributes")]


def test_an_unforeseen_error_ends_the_invocation_without_its_text(world: World) -> None:
    verification = world.new()
    # What no version of the bridge would write.
    world.stored.set(verification.id, "created_at", CANARY)

    for path in (None, return_path(verification)):
        with pytest.raises(FunctionError) as raised:
            world.functions.browser(path) if path else world.functions.api("GET", f"/verifications/{verification.id}")
        cause = raised.value.__cause__
        assert cause is not None
        assert cause.__cause__ is None
        assert cause.__suppress_context__
        assert CANARY not in str(cause)
