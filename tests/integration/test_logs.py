"""No log, metric or error contains personal data, a token, a url, a code or a secret."""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from bridge.use_cases.sweep import sweep
from tests.integration.functions import CREATE_BODY, ApiFunctions, http_event
from tests.integration.harness import World
from tests.integration.leaks import Output, encodings, leaked
from tests.sandbox.events import queue_event, queue_message

REFERENCE, METADATA, QUERY, KEY = "canary-reference", "canary-metadata", "canary-query", "canary-idempotency-key"
PLANTED = CREATE_BODY | {
    "reference": REFERENCE,
    "metadata": {"note": METADATA},
    "redirect_url": f"http://localhost:5173/?canary={QUERY}",
}
# The second create is a replay of the first.
STEPS = (
    *("create", "create", "authorize", "return", "wrong return", "status", "finalize", "refresh"),
    *("read", "read result", "list", "sweep", "redact"),
)


class Planted:
    """A verification full of canaries, and the steps that handle it."""

    def __init__(self, world: World, outcome: str) -> None:
        self._world = world
        created = world.functions.api("POST", "/verifications", PLANTED).json
        world.vendor.play(created["token"], outcome)
        self._id, self._code = created["id"], created["status_url"].rpartition("/")[2]
        self.canaries = [REFERENCE, METADATA, QUERY, KEY, created["token"], created["url"], self._code]
        self.canaries += [*self._secrets(), *self._personal(created["token"])]

    def do(self, step: str) -> Any:
        functions = self._world.functions
        match step:
            case "create":
                return functions.api("POST", "/verifications", PLANTED, headers={"Idempotency-Key": KEY})
            case "authorize":
                for key in (self._world.sandbox.api_key, self._world.sandbox.api_key + "x"):
                    headers = {"authorization": f"Bearer {key}"}
                    event = http_event("GET", f"/verifications/{self._id}", headers=headers)
                    self._world.sandbox.invoke("AuthorizeFunction", event)
            case "return" | "wrong return" | "status":
                route = "status" if step == "status" else "return"
                code = f"{self._code}x" if step == "wrong return" else self._code
                return functions.browser(f"/{route}/{self._id}/{code}", {"canary": QUERY})
            case "finalize":
                bodies = [json.dumps({"id": self._id}), json.dumps({"name": METADATA}), METADATA]
                messages = [queue_message(body, id=str(number)) for number, body in enumerate(bodies)]
                self._world.sandbox.invoke("FinalizeFunction", queue_event("DueQueue", messages))
            case "refresh" | "redact":
                return functions.api("POST", f"/verifications/{self._id}/{step}")
            case "read" | "read result":
                query = {"expand": "result"} if step == "read result" else {}
                return functions.api("GET", f"/verifications/{self._id}", query=query)
            case "list":
                return functions.api("GET", "/verifications", query={"reference": REFERENCE})
            case "sweep":
                sweep(self._world.deps, has_time=lambda: True)
            case _:
                raise ValueError(step)
        return None

    def _secrets(self) -> list[str]:
        arn = self._world.deps.settings.ekyc_credentials_secret_arn
        text = self._world.sandbox.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
        return [self._world.sandbox.api_key, *json.loads(text).values()]

    def _personal(self, token: str) -> list[str]:
        """Returns the document's fields, and the beginnings of its picture."""
        ocr = json.loads(self._world.vendor.raw_record(token))["result"]["ocr_result"] or {}
        pictures = [ocr["Image"][:60], ocr["Image"][60:120]] if ocr else []
        return [ocr[name] for name in ("ID", "Name", "Address", "Birthday") if name in ocr] + pictures


def test_a_canary_is_found_in_any_form() -> None:
    canary = 'LOT 12, "JALAN" 3/4'
    reported = [
        canary,
        quote(canary, safe=""),
        json.dumps({"a": canary}),
        json.dumps(json.dumps({"a": canary})),
        base64.b64encode(b"1:" + canary.encode() + b"!").decode(),
    ]
    assert [any(form in text for form in encodings(canary)) for text in reported] == [True] * len(reported)


@pytest.mark.parametrize("outcome", ["verified+big_pictures", "9102", "inconsistent", "verified+wrong_kinds"])
def test_no_step_logs_personal_data(world: World, output: Output, outcome: str) -> None:
    planted = Planted(world, outcome)

    for step in STEPS:
        planted.do(step)
        world.clock.advance(6)

    assert leaked(output, planted.canaries) == []


@pytest.mark.parametrize(
    "fault", ["500", "401", "404", "429", "reset", "truncated", "html", "garbage", "redirect", "inner_status:422"]
)
def test_vendor_failures_log_and_return_no_personal_data(world: World, output: Output, fault: str) -> None:
    planted = Planted(world, "verified")
    world.vendor.fault(fault, times=None)

    for step in ("create", "return", "finalize", "refresh"):
        output.errors += getattr(planted.do(step), "text", "")
        world.clock.advance(31)

    assert leaked(output, planted.canaries) == []


@pytest.mark.parametrize("call", ["PutItem", "UpdateItem", "GetItem", "Query", "s3.PutObject", "s3.GetObject"])
def test_aws_failures_log_and_return_no_personal_data(world: World, output: Output, call: str) -> None:
    planted = Planted(world, "verified")
    call = call if "." in call else f"dynamodb.{call}"

    for step in ("create", "return", "refresh", "read", "list", "return", "read result", "redact"):
        world.aws.refuse(call)
        response = planted.do(step)
        output.errors += response.text if response.status >= 500 else ""
        world.clock.advance(6)

    assert leaked(output, planted.canaries) == []
    # Not every step makes this call, so some faults were not met.
    assert call in world.aws.calls
    world.aws.reset()


def test_bad_input_is_neither_logged_nor_returned(functions: ApiFunctions, output: Output) -> None:
    functions.api("POST", "/verifications", PLANTED)
    canaries = ["canary-in-a-value", "canary-in-a-scheme", KEY]
    body = PLANTED | {"type": canaries[0], "redirect_url": f"{canaries[1]}://x", "metadata": {"a": {"b": canaries[0]}}}

    output.errors = functions.api("POST", "/verifications", body, headers={"Idempotency-Key": f"{KEY}\n"}).text
    output.errors += functions.api("POST", "/verifications", f'{{"type": "{canaries[0]}').text
    output.errors += functions.api("GET", "/verifications", query={"reference": "", "cursor": canaries[0]}).text

    assert output.errors.count("invalid_request") >= 3
    assert leaked(output, canaries) == []
