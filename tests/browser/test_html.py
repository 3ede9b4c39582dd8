"""The W3C's HTML checker finds no error in the source of any page."""

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from tests.browser.page_cases import BRIDGE_PAGES, SANDBOX_PAGES, TIMEOUT, PageCase, Scenario

if TYPE_CHECKING:
    from tests.sandbox.sandbox import Sandbox

_ROOT = Path(__file__).parents[2]
_CHECKER = Path(os.environ.get("PAGE_TOOLS", _ROOT / ".venv/page-tools")) / "node_modules/vnu-jar/build/dist/vnu.jar"


def test_html_checker_finds_no_error_in_any_page(sandbox: "Sandbox", tmp_path: Path) -> None:
    # Some systems have a `java` that only prints how to install Java.
    if subprocess.run(["java", "-version"], capture_output=True, check=False).returncode:
        pytest.skip("the HTML checker needs Java")
    for name, case in (BRIDGE_PAGES | SANDBOX_PAGES).items():
        sandbox.reset()
        with pytest.MonkeyPatch.context() as monkeypatch:
            html = _source(case, Scenario(sandbox, monkeypatch))
        (tmp_path / f"{name}.html").write_text(html, encoding="utf-8")

    checked = subprocess.run(
        ["java", "-jar", _CHECKER, "--errors-only", *tmp_path.glob("*.html")],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    assert (checked.stderr, checked.returncode) == ("", 0)


def _source(case: PageCase, scenario: Scenario) -> str:
    """Returns the page's source as the server sends it, before a browser repairs it."""
    method = "POST" if case.is_tapped else "GET"
    # An unknown client gets the page for a desktop.
    headers = {"User-Agent": case.device.user_agent or "desktop"}
    response = requests.request(method, case.url(scenario), headers=headers, timeout=TIMEOUT)
    assert response.status_code == case.status
    return response.text
