"""No personal data, token, url, code or secret stands in a log, a metric or an error."""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from bridge.dependencies import Dependencies
from bridge.use_cases.sweep import sweep
from tests.integration.harness import WANTED, Aws, Clock, Functions, http_event
from tests.integration.leaks import Said, forms, found
from tests.sandbox.functions import FunctionError
from tests.sandbox.sandbox import Sandbox

REFERENCE, METADATA, QUERY, KEY = "canary-reference", "canary-metadata", "canary-query", "canary-idempotency-key"
PLANTED = WANTED | {
    "reference": REFERENCE,
    "metadata": {"note": METADATA},
    "redirect_url": f"http://localhost:5173/?canary={QUERY}",
}


@pytest.fixture
def secrets(sandbox: Sandbox, deps: Dependencies) -> list[str]:
    """What only this deployment knows."""
    client = sandbox.client("secretsmanager")
    text = client.get_secret_value(SecretId=deps.settings.ekyc_credentials_secret_arn)["SecretString"]
    return [sandbox.api_key, *json.loads(text).values()]


Step = Callable[[str, str], object]


def steps(sandbox: Sandbox, functions: Functions, deps: Dependencies) -> dict[str, Step]:
    """Everything that can be done with a verification, by its id and code."""

    def finalize(id: str, code: str) -> Any:
        bodies = [json.dumps({"id": id}), json.dumps({"name": METADATA}), METADATA]
        records = [{"messageId": str(i), "body": body, "eventSource": "aws:sqs"} for i, body in enumerate(bodies)]
        return sandbox.invoke("FinalizeFunction", {"Records": records})

    def authorize(id: str, code: str) -> Any:
        event = http_event("GET", f"/verifications/{id}")
        for key in (sandbox.api_key, sandbox.api_key + "x"):
            sandbox.invoke("AuthorizeFunction", event | {"headers": {"authorization": f"Bearer {key}"}})

    return {
        "create": lambda it, code: functions.api("POST", "/verifications", PLANTED, headers={"Idempotency-Key": KEY}),
        "authorize": authorize,
        "return": lambda it, code: functions.browser(f"/return/{it}/{code}", {"canary": QUERY}),
        "wrong return": lambda it, code: functions.browser(f"/return/{it}/{code}x"),
        "status": lambda it, code: functions.browser(f"/status/{it}/{code}"),
        "finalize": finalize,
        "refresh": lambda it, code: functions.api("POST", f"/verifications/{it}/refresh"),
        "read": lambda it, code: functions.api("GET", f"/verifications/{it}"),
        "read result": lambda it, code: functions.api("GET", f"/verifications/{it}", query={"expand": "result"}),
        "list": lambda it, code: functions.api("GET", "/verifications", query={"reference": REFERENCE}),
        "sweep": lambda it, code: sweep(deps, has_time=lambda: True),
        "redact": lambda it, code: functions.api("POST", f"/verifications/{it}/redact"),
    }


def canaries(sandbox: Sandbox, created: dict[str, Any], secrets: list[str]) -> list[str]:
    """Everything that nothing may say; long pictures by their beginnings."""
    raw = json.loads(sandbox.vendor.raw_record(created["token"]))["result"]
    ocr = raw["ocr_result"] or {}
    personal = [ocr[name] for name in ("ID", "Name", "Address", "Birthday") if name in ocr]
    pictures = [ocr["Image"][:60], ocr["Image"][60:120]] if ocr else []
    planted = [REFERENCE, METADATA, QUERY, KEY, created["token"], created["url"]]
    return [*planted, created["status_url"].rpartition("/")[2], *secrets, *personal, *pictures]


def test_a_canary_is_known_in_any_form() -> None:
    canary = 'LOT 12, "JALAN" 3/4'
    reported = [
        canary,
        quote(canary, safe=""),
        json.dumps({"a": canary}),
        json.dumps(json.dumps({"a": canary})),
        base64.b64encode(b"1:" + canary.encode() + b"!").decode(),
    ]
    assert [any(form in text for form in forms(canary)) for text in reported] == [True] * len(reported)


@pytest.mark.parametrize("outcome", ["verified+big_pictures", "9102", "inconsistent", "verified+wrong_kinds"])
def test_nothing_is_said_of_the_person_while_all_goes_well(
    sandbox: Sandbox,
    deps: Dependencies,
    functions: Functions,
    clock: Clock,
    said: Said,
    secrets: list[str],
    outcome: str,
) -> None:
    do = steps(sandbox, functions, deps)
    created = functions.api("POST", "/verifications", PLANTED, headers={"Idempotency-Key": KEY}).json
    code = created["status_url"].rpartition("/")[2]
    sandbox.vendor.play(created["token"], outcome)
    sought = canaries(sandbox, created, secrets)

    for step in do.values():
        step(created["id"], code)
        clock.advance(6)

    assert found(said, sought) == []


@pytest.mark.parametrize(
    "fault", ["500", "401", "404", "429", "reset", "truncated", "html", "garbage", "redirect", "inner_status:422"]
)
def test_nothing_is_said_while_the_vendor_fails(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, clock: Clock, said: Said, secrets: list[str], fault: str
) -> None:
    do = steps(sandbox, functions, deps)
    created = functions.api("POST", "/verifications", PLANTED).json
    sandbox.vendor.play(created["token"], "verified")
    sought = canaries(sandbox, created, secrets)
    sandbox.vendor.fault(fault, times=None)

    for name in ("create", "return", "finalize", "refresh"):
        answer = do[name](created["id"], created["status_url"].rpartition("/")[2])
        said.errors += getattr(answer, "text", "")
        clock.advance(31)

    assert found(said, sought) == []


@pytest.mark.parametrize(
    "call",
    ["dynamodb.PutItem", "dynamodb.UpdateItem", "dynamodb.GetItem", "dynamodb.Query", "s3.PutObject", "s3.GetObject"],
)
def test_nothing_is_said_while_a_part_of_aws_fails(
    sandbox: Sandbox,
    deps: Dependencies,
    functions: Functions,
    clock: Clock,
    aws: Aws,
    said: Said,
    secrets: list[str],
    call: str,
) -> None:
    do = steps(sandbox, functions, deps)
    created = functions.api("POST", "/verifications", PLANTED).json
    sandbox.vendor.play(created["token"], "verified")
    sought = canaries(sandbox, created, secrets)

    for name in ("create", "return", "refresh", "read", "list", "return", "read result", "redact"):
        aws.refuse(call)
        answer: Any = do[name](created["id"], created["status_url"].rpartition("/")[2])
        said.errors += answer.text if answer.status >= 500 else ""
        clock.advance(6)

    assert found(said, sought) == []
    # Not every step makes this call, so some of the faults met none.
    assert call in aws.calls
    aws.forget()


@pytest.mark.parametrize("method", ["create_link", "fetch"])
def test_the_text_of_an_unknown_error_is_not_said(
    sandbox: Sandbox, deps: Dependencies, functions: Functions, said: Said, method: str
) -> None:
    created = functions.api("POST", "/verifications", PLANTED).json
    vars(deps)["vendor"] = Telling()
    path = f"/return/{created['id']}/{created['status_url'].rpartition('/')[2]}"
    calls = {
        "create_link": lambda: functions.api("POST", "/verifications", PLANTED),
        "fetch": lambda: functions.browser(path),
    }

    with pytest.raises(FunctionError) as failure:
        calls[method]()

    assert found(said, ["canary-of-an-unknown-error"]) == []
    # Lambda's runtime logs what comes out of the handler, with its cause unless that is suppressed.
    cause = failure.value.__cause__
    assert cause is not None
    assert (str(cause), cause.__cause__, cause.__suppress_context__) == ("KeyError", None, True)


class Telling:
    """A vendor whose errors tell everything."""

    def create_link(self, *args: Any, **how: Any) -> None:
        raise KeyError("canary-of-an-unknown-error")

    def fetch(self, *args: Any, **how: Any) -> None:
        raise KeyError("canary-of-an-unknown-error")


def test_bad_input_is_not_said_again(functions: Functions, said: Said) -> None:
    functions.api("POST", "/verifications", PLANTED)
    sought = ["canary-in-a-value", "canary-in-a-scheme", KEY]
    body = PLANTED | {"type": sought[0], "redirect_url": f"{sought[1]}://x", "metadata": {"a": {"b": sought[0]}}}

    said.errors = functions.api("POST", "/verifications", body, headers={"Idempotency-Key": f"{KEY}\n"}).text
    said.errors += functions.api("POST", "/verifications", f'{{"type": "{sought[0]}').text
    said.errors += functions.api("GET", "/verifications", query={"reference": "", "cursor": sought[0]}).text

    assert said.errors.count("invalid_request") >= 3
    assert found(said, sought) == []
