"""No canary in a field of the vendor's responses or in a part of a request reaches a log, an error or a redirect."""

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
from tests.integration.functions import CREATE_BODY, Response, http_event
from tests.integration.harness import World, new, no_limit, return_path, token_of
from tests.integration.leaks import Output, leaked, leaked_in, reported_by
from tests.integration.raw_server import RawServer, whole
from tests.marks import slow_except
from tests.sandbox.access_tokens import token
from tests.sandbox.events import queue_event, queue_message
from tests.sandbox.functions import FunctionError

CANARY = "canary of a person"
# A record with known and unknown fields.
FULL = "verified+unknown_fields"

Put = Callable[..., RawServer]


@pytest.fixture
def put(deps: Dependencies) -> Iterator[Put]:
    """Replaces the fake vendor by a server that always sends these bytes."""
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
    """Returns the path to each value that is no object and no list."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return [path for key, each in pairs for path in leaves(each, (*at, key))]
    return [at]


def at(record: Any, path: tuple[Any, ...]) -> Any:
    return at(record[path[0]], path[1:]) if path else record


def planted(record: Any, path: tuple[Any, ...], canary: str = CANARY) -> Any:
    """Returns the record with a canary as the value at `path`."""
    changed = copy.deepcopy(record)
    at(changed, path[:-1])[path[-1]] = canary
    return changed


def call_everything(world: World, output: Output, verification: Verification) -> None:
    """Makes every request that may call the vendor, and adds errors, redirects and results to the output."""
    due = queue_event("DueQueue", [queue_message(json.dumps({"id": verification.id}))])
    for call in (
        lambda: world.returns(verification),
        lambda: world.refresh(verification),
        lambda: world.sandbox.invoke("FinalizeFunction", due),
        lambda: world.functions.browser(f"/status/{verification.id}/{verification.code}"),
        lambda: world.functions.api("GET", f"/verifications/{verification.id}"),
        lambda: sweep(world.deps, has_time=lambda: True),
    ):
        world.clock.advance(6)
        response: Any = call()
        if not isinstance(response, Response) or response.status >= 300:
            output.errors += f"{response.text}{response.headers}" if isinstance(response, Response) else str(response)


@pytest.mark.slow
def test_no_field_of_the_vendors_record_leaks(world: World, output: Output, put: Put) -> None:
    verification = world.new(FULL, redirect_url="http://localhost:5173/")
    record = json.loads(world.vendor.raw_record(token_of(verification)))
    places = leaves(record)
    assert len(places) > 40
    canaries = {path: f"{CANARY} {number:03}" for number, path in enumerate(places)}

    for path, canary in canaries.items():
        put(json.dumps(planted(record, path, canary)).encode())
        other = created_with_link_of(world, verification)
        call_everything(world, output, other)

    assert leaked(output, canaries.values()) == []


def created_with_link_of(world: World, verification: Verification) -> Verification:
    vendor, link = world.deps.vendor, Link(str(verification.url), token_of(verification))
    vars(world.deps)["vendor"] = SimpleNamespace(create_link=lambda *_, **__: link)
    made = world.new(redirect_url="http://localhost:5173/")
    vars(world.deps)["vendor"] = vendor
    return made


STATUSES = [f"{code} {CANARY}" for code in (200, 201, 301, 400, 401, 403, 404, 408, 409, 418, 422, 429, 500, 503, 599)]
QUICK_STATUSES = slow_except(f"422 {CANARY}", of=STATUSES)
BODIES = {
    "an error that quotes the person": b'{"status": 422, "error": "canary of a person", "canary of a person": []}',
    "an inner error": b'{"status": 500, "message": "canary of a person"}',
    "an inner status that is no number": b'{"status": "canary of a person", "result": {}}',
    "no object": b'["canary of a person"]',
    "no JSON": b'{"result": {"name": "canary of a person',
    "a page": b"<html>canary of a person</html>",
    "no UTF-8": b'\xff\xfe"canary of a person"',
    "a result of another type": b'{"status": 200, "result": "canary of a person"}',
    "a link of another type": b'{"status": 200, "result": {"token": "canary of a person", "url": ""}}',
    "a duplicate key": b'{"result": {"token": "a", "token": "canary of a person"}}',
    "deep": b'{"result":' + b"[" * 3000 + b'"canary of a person"' + b"]" * 3000 + b"}",
}


@pytest.mark.parametrize("status", QUICK_STATUSES)
def test_no_vendor_body_leaks_with_any_status(world: World, output: Output, put: Put, status: str) -> None:
    verification = world.new(redirect_url="http://localhost:5173/")

    for body in BODIES.values():
        put(body, status)
        created = world.functions.api("POST", "/verifications", CREATE_BODY)
        assert created.status in (502, 503, 504, 400, 422), (status, created.text)
        output.errors += created.text + str(created.headers)
        call_everything(world, output, verification)

    assert leaked(output, [CANARY, token_of(verification), str(verification.code)]) == []


QUICK_LINES = [f"retry-after: {CANARY}\r\n", f"content-encoding: {CANARY}\r\n"]
HEADER_LINES = [
    *QUICK_LINES, f"set-cookie: {CANARY}\r\n", f"set cookie={CANARY}\r\n", f"{CANARY}\r\n", f": {CANARY}\r\n",
    f"x-name : {CANARY}\r\n", f"x-a: b\r\n {CANARY}\r\n", f"transfer-encoding: {CANARY}\r\n",
    f"location: https://{CANARY}/\r\n",
]  # fmt: skip


@pytest.mark.parametrize("lines", slow_except(*QUICK_LINES, of=HEADER_LINES))
def test_no_vendor_header_leaks(world: World, output: Output, put: Put, lines: str) -> None:
    verification = world.new(redirect_url="http://localhost:5173/")

    for status in ("200 OK", "302 Found", "500 No"):
        put(BODIES["an inner error"], status, lines)
        created = world.functions.api("POST", "/verifications", CREATE_BODY)
        output.errors += created.text + str(created.headers)
        call_everything(world, output, verification)

    assert leaked(output, [CANARY, token_of(verification), str(verification.code)]) == []


@pytest.mark.parametrize("status", QUICK_STATUSES)
@pytest.mark.parametrize("kind", BODIES)
def test_no_exception_or_cause_quotes_a_vendor_body(deps: Dependencies, put: Put, status: str, kind: str) -> None:
    verification = new(deps)
    put(BODIES[kind], status)

    def fetch_and_parse() -> None:
        result = deps.vendor.fetch(token_of(verification), retry=False, permit=no_limit).result
        requested = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD"}
        vendor_record.parse(result, token=token_of(verification), verification_id=verification.id, **requested)

    with pytest.raises(BridgeError) as raised:
        fetch_and_parse()

    assert leaked_in(reported_by(raised.value), [CANARY, token_of(verification), "sk_"]) == []


def test_no_part_of_a_request_leaks(world: World, output: Output) -> None:
    made = world.new()
    names = [
        "accept", "cookie", "forwarded", "from", "origin", "proxy-authorization", "referer", "user-agent", "via",
        "x-amzn-trace-id", "x-api-key", "x-forwarded-for", "x-real-ip", "x-request-id", "x-unknown",
    ]  # fmt: skip
    headers = {name: f"{CANARY} in {name}" for name in names}
    jwt = token(sub=CANARY)
    key = "ek_" + "c" * 43

    for authorization in (f"Bearer {jwt}", f"Bearer {key}", f"Basic {CANARY}", f"Bearer {world.sandbox.api_key}"):
        sent = headers | {"authorization": authorization, "cookie": f"session={CANARY}"}
        event = http_event("GET", f"/verifications/{made.id}", {"a": CANARY}, sent)
        event["identitySource"] = [authorization]
        output.errors += str(world.sandbox.invoke("AuthorizeFunction", event))
    for method, path in (("GET", "/verifications"), ("POST", "/verifications"), ("GET", f"/verifications/{CANARY}")):
        # Not added to the output: a response may repeat the caller's field names, a log may not.
        world.functions.api(method, path, {CANARY: CANARY}, headers=headers, query={CANARY: CANARY})
    for path in (
        f"/return/{CANARY}/{CANARY}",
        f"/status/{made.id}/{CANARY}",
        f"/done/{made.id}/{CANARY}",
        return_path(made),
    ):
        response = world.functions.browser(path, {"is_success": CANARY})
        output.errors += response.text + str(response.headers)

    assert leaked(output, [CANARY, jwt, jwt.split(".")[2], key, world.sandbox.api_key]) == []


@pytest.mark.parametrize("outcome", [FULL, "9102", "expired", "inconsistent", "verified+wrong_kinds"])
def test_a_redirect_has_only_an_id_and_a_status(world: World, outcome: str) -> None:
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
    texts = {str(at(record, path))[:60] for path in leaves(record)}
    canaries = {CANARY, str(verification.code), *(text for text in texts if len(text) > 8)}
    assert leaked_in(reported, canaries) == []


def test_a_message_has_only_an_id_and_a_time(world: World) -> None:
    made = [world.new(reference=CANARY, metadata={"note": CANARY}) for _ in range(3)]
    world.clock.advance(3600)
    sweep(world.deps, has_time=lambda: True)

    options = {"QueueUrl": world.deps.settings.due_queue_url, "MaxNumberOfMessages": 10}
    messages = world.sandbox.client("sqs").receive_message(**options, MessageAttributeNames=["All"])["Messages"]

    # A message that fails becomes a dead letter unchanged.
    assert sorted(message["Body"] for message in messages) == sorted(
        json.dumps({"id": each.id, "due_at": world.clock.epoch + schedule.RESEND_SECONDS}) for each in made
    )
    assert not [message for message in messages if message.get("MessageAttributes")]


def test_an_unexpected_error_fails_the_invocation_without_its_text(world: World) -> None:
    verification = world.new()
    # No version of the bridge writes this value.
    world.stored.set(verification.id, "created_at", CANARY)

    for path in (None, return_path(verification)):
        with pytest.raises(FunctionError) as raised:
            world.functions.browser(path) if path else world.functions.api("GET", f"/verifications/{verification.id}")
        cause = raised.value.__cause__
        assert cause is not None
        assert cause.__cause__ is None
        assert cause.__suppress_context__
        assert CANARY not in str(cause)
