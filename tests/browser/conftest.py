"""One Chromium for all tests of this folder; a context of its own for each look at a page.

CHROMIUM is its executable (`make` looks for one), AXE the folder into which `make` installs axe-core. Playwright is
imported here alone, because `make test` collects this folder without having installed it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.browsing import Visitor
from tests.browser.situations import Situation

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.sandbox.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
_AXE = Path(os.environ.get("AXE", ROOT / ".venv/axe")) / "node_modules/axe-core/axe.min.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium() -> "Iterator[Browser]":
    """Ends with the folder: while Playwright runs, no other test could start an event loop."""
    executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not (os.access(executable, os.X_OK) and _AXE.exists()):
        pytest.fail(f"Chromium ({executable}) or axe-core ({_AXE}) is not here: use `make test-browser`", pytrace=False)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=executable) as browser:
        yield browser


@pytest.fixture(scope="package")
def axe() -> str:
    """The script of axe-core."""
    return _AXE.read_text(encoding="utf-8")


@pytest.fixture
def visitor(chromium: "Browser", axe: str) -> Iterator[Visitor]:
    visitor = Visitor(chromium, axe)
    yield visitor
    visitor.close()


@pytest.fixture
def situation(sandbox: "Sandbox", monkeypatch: pytest.MonkeyPatch) -> Situation:
    return Situation(sandbox, monkeypatch)
