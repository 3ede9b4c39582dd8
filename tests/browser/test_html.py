"""The HTML checker of the W3C finds no error in the source of any page."""

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from tests.browser.situations import BRIDGE, SANDBOX, TIMEOUT, Shown, Situation

if TYPE_CHECKING:
    from tests.sandbox.sandbox import Sandbox

_ROOT = Path(__file__).parents[2]
_CHECKER = Path(os.environ.get("AXE", _ROOT / ".venv/axe")) / "node_modules/vnu-jar/build/dist/vnu.jar"


def test_the_html_checker_finds_no_error_in_any_page(sandbox: "Sandbox", tmp_path: Path) -> None:
    # Some systems have a `java` that only says how to install Java.
    if subprocess.run(["java", "-version"], capture_output=True, check=False).returncode:
        pytest.skip("the HTML checker needs Java")
    for name, shown in (BRIDGE | SANDBOX).items():
        sandbox.reset()
        with pytest.MonkeyPatch.context() as monkeypatch:
            html = _source(shown, Situation(sandbox, monkeypatch))
        (tmp_path / f"{name}.html").write_text(html, encoding="utf-8")

    checked = subprocess.run(
        ["java", "-jar", _CHECKER, "--errors-only", *tmp_path.glob("*.html")],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    assert (checked.stderr, checked.returncode) == ("", 0)


def _source(shown: Shown, situation: Situation) -> str:
    """The page's source as the server sends it, before a browser has repaired it."""
    method = "POST" if shown.is_tapped else "GET"
    # A client that is not known as a phone gets the page for a desktop.
    headers = {"User-Agent": shown.look.user_agent or "desktop"}
    response = requests.request(method, shown.url(situation), headers=headers, timeout=TIMEOUT)
    assert response.status_code == shown.status
    return response.text
