"""One Chromium for all tests of this folder.

CHROMIUM is its executable (`make` looks for one). PAGE_TOOLS is the folder into which `make` installs axe-core and the
HTML checker. Only this module imports Playwright, because `make test` collects this folder without it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.page_cases import Scenario
from tests.browser.tabs import Tabs

if TYPE_CHECKING:
    from tests.sandbox.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
_AXE = Path(os.environ.get("PAGE_TOOLS", ROOT / ".venv/page-tools")) / "node_modules/axe-core/axe.min.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Tabs]:
    """Ends with the folder, because no other test can start an event loop while Playwright runs."""
    executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not (os.access(executable, os.X_OK) and _AXE.exists()):
        pytest.fail(f"Chromium ({executable}) or axe-core ({_AXE}) is missing: use `make test-browser`", pytrace=False)
    from playwright.sync_api import sync_playwright

    # Otherwise the processor emulates a GPU.
    options: dict[str, Any] = {"executable_path": executable, "args": ["--disable-gpu"]}
    with sync_playwright() as playwright, playwright.chromium.launch(**options) as browser:
        yield Tabs(browser, _AXE.read_text(encoding="utf-8"))


@pytest.fixture
def tabs(chromium: Tabs, sandbox: "Sandbox") -> Iterator[Tabs]:
    yield chromium
    chromium.close()


@pytest.fixture
def scenario(sandbox: "Sandbox", monkeypatch: pytest.MonkeyPatch) -> Scenario:
    return Scenario(sandbox, monkeypatch)
