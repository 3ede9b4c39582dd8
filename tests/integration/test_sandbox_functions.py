"""The sandbox's functions handle concurrent calls in one process, as Lambda does in several."""

from typing import Any

import pytest
import requests

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
