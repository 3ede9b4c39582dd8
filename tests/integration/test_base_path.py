"""`PublicBaseUrl` with a path, such as https://app.example.com/ekyc, for an API mapping of a shared domain.

API Gateway matches routes without the mapping's path, but rawPath includes it.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import segno

from bridge import dependencies
from tests.integration.samples import CODE, ID, MAILED_ID, event, seed
from tests.integration.stored_state import StoredState
from tests.sandbox import functions
from tests.sandbox.sandbox import Sandbox

BASE_URL = "https://app.example.com/ekyc"

Call = Callable[..., Any]


@pytest.fixture
def call(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """call(sample, path="/ekyc") invokes a function with a sample event as it arrives through a mapping."""
    monkeypatch.setenv("PUBLIC_BASE_URL", BASE_URL)
    dependencies.dependencies.cache_clear()
    seed(sandbox.vendor, sandbox.client("secretsmanager"), is_completed=False)
    stack = sandbox.stack
    started = functions.Functions(stack.functions, stack.layers)
    folders = {function.code.name: name for name, function in stack.functions.items()}

    def invoke(sample: str, path: str = "/ekyc") -> Any:
        mapped = event(sample)
        mapped["rawPath"] = mapped["requestContext"]["http"]["path"] = path + mapped["rawPath"]
        return started.invoke(folders[sample.partition("/")[0]], mapped)

    yield invoke
    dependencies.dependencies.cache_clear()


@pytest.mark.parametrize(
    ("sample", "status"),
    [
        ("about/health", 200),
        ("about/openapi", 200),
        ("redirect/done", 200),
        ("redirect/return", 303),
        ("redirect/start", 303),
        ("redirect/start_page", 200),
        ("redirect/status", 200),
        ("verifications/list", 200),
        ("verifications/read", 200),
        ("verifications/refresh", 200),
        ("verifications/redact", 200),
    ],
)
def test_a_route_behind_a_mapping_with_a_path_is_found(call: Call, sample: str, status: int) -> None:
    assert call(sample)["statusCode"] == status


def test_the_urls_of_a_new_verification_have_the_path(sandbox: Sandbox, call: Call) -> None:
    made = json.loads(call("verifications/create")["body"])

    record = json.loads(sandbox.vendor.raw_record(made["token"]))["result"]
    assert made["status_url"].startswith(f"{BASE_URL}/status/{made['id']}/")
    assert record["redirect_url"].startswith(f"{BASE_URL}/return/{made['id']}/")


def test_an_unknown_return_url_gets_a_page(call: Call) -> None:
    response = call("redirect/return_unknown")

    assert (response["statusCode"], response["headers"]["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_the_default_url_of_the_api_still_works(call: Call) -> None:
    assert json.loads(call("redirect/status", path="")["body"])["id"] == ID


def test_button_and_qr_code_of_a_start_page_have_the_path(call: Call) -> None:
    start_url = f"{BASE_URL}/start/{MAILED_ID}/{CODE}"
    # The sample's browser runs on a desktop, so the page has a QR code.
    desktop = call("redirect/start_page")["body"]

    assert re.findall('<form method="post" action="(.*?)">', desktop) == [start_url]
    assert re.findall('data-status="(.*?)"', desktop) == [f"{BASE_URL}/status/{MAILED_ID}/{CODE}"]
    code = segno.make(start_url, error="m", micro=False).svg_inline(border=4, light="#fff", lineclass=None)
    (drawn,) = re.findall('<path stroke="#000" d="(.*?)"', code)
    assert f'd="{drawn}"' in desktop


def test_a_tap_makes_a_link_that_returns_to_the_path(sandbox: Sandbox, call: Call) -> None:
    _, _, token = call("redirect/start")["headers"]["Location"].partition("?token=")

    record = json.loads(sandbox.vendor.raw_record(token))["result"]
    assert record["redirect_url"] == f"{BASE_URL}/return/{MAILED_ID}/{CODE}"


def test_a_tap_during_another_tap_redirects_to_the_path(sandbox: Sandbox, stored: StoredState, call: Call) -> None:
    stored.set(MAILED_ID, "lease_until", 4_000_000_000)
    assert call("redirect/start")["headers"]["Location"] == f"{BASE_URL}/start/{MAILED_ID}/{CODE}"
