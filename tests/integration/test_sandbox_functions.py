"""The sandbox's functions handle concurrent calls in one process, as Lambda does in several."""

import io
import json
from typing import Any

import pytest
import requests

from bridge.domain.errors import StorageUnavailable
from bridge.observability import logger
from bridge.store import reading
from tests.integration.functions import CREATE_BODY
from tests.sandbox.sandbox import Sandbox

TIMEOUT = 60
PHONE, DESKTOP = {"User-Agent": "Android Mobile"}, {"User-Agent": "X11; Linux"}


def test_concurrent_requests_get_the_page_of_their_own_device(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, body = {"Authorization": f"Bearer {sandbox.api_key}"}, CREATE_BODY | {"link": "on_open"}
    created = requests.post(f"{sandbox.api_url}/verifications", json=body, headers=headers, timeout=TIMEOUT).json()
    pages, read = [], reading.get

    def show(device: dict[str, str]) -> None:
        pages.append(requests.get(created["start_url"], headers=device, timeout=TIMEOUT).text)

    def read_after_the_phone(*arguments: Any) -> Any:
        monkeypatch.setattr(reading, "get", read)
        show(PHONE)
        return read(*arguments)

    monkeypatch.setattr(reading, "get", read_after_the_phone)
    show(DESKTOP)

    assert ["<svg" in page for page in pages] == [False, True]


def test_a_log_line_names_its_own_request_although_another_comes_meanwhile(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)

    def fail_after_another_call(*_: Any) -> Any:
        requests.get(f"{sandbox.api_url}/health", timeout=TIMEOUT)
        raise StorageUnavailable("GetItem", "InternalServerError")

    monkeypatch.setattr(reading, "get", fail_after_another_call)
    headers, url = {"Authorization": f"Bearer {sandbox.api_key}"}, f"{sandbox.api_url}/verifications/ver_{'a' * 26}"
    problem = requests.get(url, headers=headers, timeout=TIMEOUT).json()

    (line,) = (json.loads(line) for line in log.getvalue().splitlines() if "request_failed" in line)
    assert (line["correlation_id"], line["function_name"]) == (
        problem["request_id"],
        "ekyc-bridge-VerificationsFunction",
    )
