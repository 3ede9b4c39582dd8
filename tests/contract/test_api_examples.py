"""The Python and JavaScript examples of docs/api.md run unchanged, in order."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import pages
from tests.conftest import OUTER_ENVIRONMENT
from tests.contract.api import environment
from tests.contract.contract import operations
from tests.sandbox.sandbox import Sandbox

# Code before the examples. It prints each response on stderr, and ends the script at the first error.
PREAMBLES = {
    "python": """
import sys, requests
_send = requests.Session.send
def _reported(*arguments, **options):
    response = _send(*arguments, **options)
    print(response.request.method, response.url, response.status_code, file=sys.stderr)
    response.raise_for_status()
    return response
requests.Session.send = _reported
""",
    "javascript": """
const send = globalThis.fetch;
globalThis.fetch = async (url, options) => {
  const response = await send(url, options);
  console.error(options.method ?? "GET", url, response.status);
  if (response.status >= 400) throw new Error(await response.text());
  return response;
};
""",
}


def _examples(language: str) -> str:
    """Joins the examples to one script. Those that redact come last."""
    found = pages.code(pages.read("docs/api.md"), language)
    return "\n".join([PREAMBLES[language], *sorted(found, key=lambda text: "/redact" in text)])


def _python(folder: Path) -> list[str]:
    (folder / "examples.py").write_text(_examples("python"), encoding="utf-8")
    return [sys.executable, "examples.py"]


def _javascript(folder: Path) -> list[str]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    (folder / "examples.mjs").write_text(_examples("javascript"), encoding="utf-8")
    return [node, "examples.mjs"]


@pytest.mark.parametrize("prepare", [_python, _javascript], ids=["python", "javascript"])
def test_the_examples_call_every_operation_and_succeed(
    prepare: Callable[[Path], list[str]], sandbox: Sandbox, tmp_path: Path
) -> None:
    variables = {"API_URL": sandbox.api_url, "API_KEY": sandbox.api_key}
    with environment(ALLOWED_REDIRECT_ORIGINS="https://app.example.com"):
        done = subprocess.run(
            prepare(tmp_path),
            cwd=tmp_path,
            env=OUTER_ENVIRONMENT | variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    for operation in operations().values():
        path = re.sub(r"\{\w+\}", "[^/?]+", operation.path)
        expected = next(status for status in operation.responses if int(status) < 400)
        called = rf"(?m)^{operation.method.upper()} {re.escape(sandbox.api_url)}{path}(\?\S*)? {expected}$"
        assert re.search(called, done.stderr), f"{operation.id} is not called\n{done.stderr}"
    assert "verification_id=ver_" in done.stdout
