"""`make doctor` reports each difference between the vendor and the bridge's assumptions, and no response values."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bridge.cli import doctor
from bridge.cli.vendor_account import Response, VendorAccount, credentials_from
from bridge.cli.vendor_assumptions import header_differences
from bridge.vendor.credentials import are_usable
from tests.sandbox.sandbox import Sandbox
from tests.sandbox.vendor import FakeVendor, api
from tests.sandbox.vendor import responses as bodies
from tests.sandbox.vendor.fault_queue import On
from tests.sandbox.vendor.state import State

CLIENT_ID, CLIENT_SECRET = "client-of-the-doctor", "sk_secret-of-the-doctor"


@dataclass
class Report:
    code: int
    out: str
    err: str

    @property
    def differences(self) -> list[str]:
        return [line.removeprefix("differs  ") for line in self.out.splitlines() if line.startswith("differs ")]


Run = Callable[..., Report]


@pytest.fixture
def vendor() -> Iterator[FakeVendor]:
    with FakeVendor(client_id=CLIENT_ID, client_secret=CLIENT_SECRET) as vendor:
        yield vendor


@pytest.fixture
def run(vendor: FakeVendor, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command with the credentials in the environment, and checks that it prints no secret."""

    def run(*arguments: str, **variables: str) -> Report:
        known = {"EKYC_API_URL": vendor.url, "EKYC_CLIENT_ID": CLIENT_ID, "EKYC_CLIENT_SECRET": CLIENT_SECRET}
        code = doctor.main(arguments, known | variables)
        printed = capsys.readouterr()
        for secret in (CLIENT_ID, CLIENT_SECRET, vendor.url, "token=", "sk_", *vendor.tokens()):
            assert secret not in printed.out + printed.err
        return Report(code, printed.out, printed.err)

    return run


def test_a_vendor_that_matches_its_documentation_has_no_differences(vendor: FakeVendor, run: Run) -> None:
    report = run()

    assert (report.code, report.differences) == (0, [])
    assert "Nothing differs" in report.out
    assert "wrong token: HTTP 404, application/json, {message: string, status: integer}" in report.out
    assert "wrong credentials: HTTP 401, application/json, {message: string, status: integer}" in report.out


def test_one_link_is_made_and_nobody_opens_it(vendor: FakeVendor, run: Run) -> None:
    run()

    (token,) = vendor.tokens()
    record = json.loads(vendor.raw_record(token))["result"]
    assert record["updated_at"] == record["created_at"]
    assert vendor.calls()["create"] == 1


def test_the_credentials_of_a_stack_are_read_from_its_secret(sandbox: Sandbox, run: Run) -> None:
    arn = sandbox.stack.resources["EkycCredentialsSecret"]

    report = run("--secret", arn, EKYC_API_URL=sandbox.vendor.url, EKYC_CLIENT_ID="", EKYC_CLIENT_SECRET="")

    assert (report.code, report.differences) == (0, [])


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"is_success": True}, "is_success is boolean, not integer"),
        ({"retries": "0"}, "retries is string, not integer"),
        ({"latest_error": {"code": "9102"}}, "latest_error is object, not null"),
        ({"ocr_result": []}, "ocr_result is list, not null"),
        ({"expire_at": "10/09/2024 08:16"}, "expire_at is string, not timestamp"),
        ({"ocr_success": None}, "ocr_success is null, not integer"),
        ({"ocr_success": {}}, "the bridge cannot read the record: ocr_success is not a flag"),
        ({"risk": {"score": 0.5}}, "risk is unknown (object)"),
        ({"900101-14-5555": 1}, "(a name that is not shown) is unknown (integer)"),
        ({"redirect_url": "https://example.com/"}, "redirect_url is not the redirect_url that was sent"),
        ({"ocr_country": "SGP"}, "ocr_country is not the id_country that was sent"),
        (
            {"ocr_country": "SGP"},
            "ocr_country contradicts the request or the record itself, so the record decides nothing",
        ),
        ({"type": "01"}, "type contradicts the request or the record itself, so the record decides nothing"),
        ({"ocr_type": "id_card"}, "ocr_type is not the id_type that was sent"),
        ({"token": "ANOTHER"}, "token contradicts the request or the record itself, so the record decides nothing"),
        ({"token": None}, "token contradicts the request or the record itself, so the record decides nothing"),
        (
            {"url": "https://vendor.example?token=ANOTHER"},
            "url contradicts the request or the record itself, so the record decides nothing",
        ),
        ({"retries": 1}, "the record reads as if the person had begun"),
    ],
)
def test_a_field_that_differs_is_reported_by_its_type(
    run: Run, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], difference: str
) -> None:
    original = State.raw_record

    def changed(state: State, token: str) -> bytes:
        body = json.loads(original(state, token))
        return json.dumps({**body, "result": body["result"] | change}).encode()

    monkeypatch.setattr(State, "raw_record", changed)

    report = run()

    assert report.code == 1
    assert f"GET: {difference}" in report.differences


def test_a_field_that_is_missing_is_reported(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(State, "raw_record", lambda state, token: b'{"status": 200, "result": {"medias": null}}')

    differences = run().differences

    assert "GET: is_success is missing" in differences
    assert "GET: token is missing" in differences
    assert "GET: face_retries is missing" not in differences


def test_another_lifetime_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    with FakeVendor(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, link_lifetime=1800) as vendor:
        variables = {"EKYC_API_URL": vendor.url, "EKYC_CLIENT_ID": CLIENT_ID, "EKYC_CLIENT_SECRET": CLIENT_SECRET}
        code = doctor.main([], variables)

    assert code == 1
    assert "differs  GET: the lifetime of the link is 1800 s, not 900 s" in capsys.readouterr().out


def test_errors_that_the_bridge_would_misclassify_are_reported(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    responses = {401: lambda: bodies.error(400), 404: lambda: bodies.json_response(bodies.envelope(None))}
    monkeypatch.setattr(api, "error", lambda status: responses[status]())

    report = run()

    assert report.code == 1
    assert report.differences == [
        "wrong token: the bridge takes the response for success, not for VendorRejected",
        "wrong credentials: the bridge takes the response for VendorRejected, not for VendorCredentials",
    ]
    assert "wrong token: HTTP 200, application/json, {result: null, status: integer}" in report.out


@pytest.mark.parametrize(
    ("fault", "on", "differences"),
    [
        ("wrong_kinds", "create", {"POST: url is missing or not a URL"}),
        ("wrong_kinds", "get", {"GET: result is list, not object"}),
        (
            "422",
            "create",
            {"POST: the bridge takes the response for VendorRejected", "POST: result is missing, not object"},
        ),
        ("html", "get", {"GET: the Content-Type is not application/json"}),
        ("redirect", "get", {"GET: the bridge takes the response for VendorMalformed"}),
        ("404", "get", {"GET: the bridge takes the response for VendorRejected"}),
    ],
)
def test_a_malformed_response_is_reported(
    vendor: FakeVendor, run: Run, fault: str, on: On, differences: set[str]
) -> None:
    vendor.fault(fault, on=on)

    report = run()

    assert report.code == 1
    assert differences <= set(report.differences)


@pytest.mark.parametrize(("fault", "on"), [("500", "create"), ("429", "create"), ("401", "create"), ("503", "get")])
def test_an_unavailable_vendor_is_exit_code_2(vendor: FakeVendor, run: Run, fault: str, on: On) -> None:
    vendor.fault(fault, on=on)

    report = run()

    assert report.code == 2
    assert f"HTTP {fault}" in report.err


def test_a_rate_limited_call_is_no_difference(vendor: FakeVendor, run: Run) -> None:
    vendor.fault("slow", on="get", seconds=0)
    vendor.fault("429", on="get")

    report = run()

    assert (report.code, report.differences) == (2, [])
    assert "wrong token: HTTP 429" in report.err


def test_a_compressed_body_is_reported() -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert list(header_differences(headers)) == ["the body is compressed, although only identity was accepted"]


@pytest.mark.parametrize("on", ["create", "get"])
def test_an_unreachable_vendor_is_exit_code_2(vendor: FakeVendor, run: Run, on: On) -> None:
    vendor.fault("reset", on=on)

    assert run().code == 2


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"EKYC_CLIENT_SECRET": ""}, "EKYC_CLIENT_ID and EKYC_CLIENT_SECRET must hold"),
        ({"EKYC_CLIENT_ID": "a\nb"}, "EKYC_CLIENT_ID and EKYC_CLIENT_SECRET must hold"),
        ({"EKYC_API_URL": "http://service.example.com"}, "must begin with https://"),
    ],
)
def test_nothing_is_sent_without_credentials_or_without_tls(
    vendor: FakeVendor, run: Run, variables: dict[str, str], problem: str
) -> None:
    report = run(**variables)

    assert (report.code, vendor.calls()["create"]) == (2, 0)
    assert problem in report.err


def test_credentials_that_the_bridge_sends_are_sent() -> None:
    credentials = {"client_id": "bridge", "client_secret": "sk with spaces"}
    assert are_usable(credentials)
    assert credentials_from({f"EKYC_{name.upper()}": value for name, value in credentials.items()}, None) == credentials


def test_a_url_that_the_bridge_does_not_take_is_reported(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    link = {"url": "https://vendor.example/a b", "token": "4KK6FYHV"}
    created = Response(200, {}, json.dumps({"status": 200, "result": link}).encode())
    monkeypatch.setattr(VendorAccount, "create", lambda self: created)

    assert "POST: url is missing or not a URL" in run().differences


def test_a_secret_that_cannot_be_read_is_reported(sandbox: Sandbox, run: Run) -> None:
    report = run("--secret", "arn:aws:secretsmanager:ap-southeast-1:123456789012:secret:none")

    assert report.code == 2
    assert "the secret cannot be read (ResourceNotFoundException)" in report.err
