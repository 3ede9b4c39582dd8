"""One Chromium for all tests of this folder.

CHROMIUM is its executable (`make` looks for one), AXE the folder into which `make` installs axe-core. Playwright is
imported here alone, because `make test` collects this folder without having installed it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.browsing import Visitor
from tests.browser.situations import Situation

if TYPE_CHECKING:
    from tests.sandbox.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
_AXE = Path(os.environ.get("AXE", ROOT / ".venv/axe")) / "node_modules/axe-core/axe.min.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Visitor]:
    """Ends with the folder: while Playwright runs, no other test could start an event loop."""
    executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not (os.access(executable, os.X_OK) and _AXE.exists()):
        pytest.fail(f"Chromium ({executable}) or axe-core ({_AXE}) is not here: use `make test-browser`", pytrace=False)
    from playwright.sync_api import sync_playwright

    # To draw what nobody looks at, the machine's processor would play the GPU.
    options: dict[str, Any] = {"executable_path": executable, "args": ["--disable-gpu"]}
    with sync_playwright() as playwright, playwright.chromium.launch(**options) as browser:
        yield Visitor(browser, _AXE.read_text(encoding="utf-8"))


@pytest.fixture
def visitor(chromium: Visitor, sandbox: "Sandbox") -> Iterator[Visitor]:
    yield chromium
    chromium.leave()


@pytest.fixture
def situation(sandbox: "Sandbox", monkeypatch: pytest.MonkeyPatch) -> Situation:
    return Situation(sandbox, monkeypatch)
