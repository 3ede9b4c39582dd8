"""The pages' commands for `make run`, run in two shells."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests import pages
from tests.conftest import OUTER_ENVIRONMENT
from tests.contract.commands import Shell, run_by

# The frontends that the pages' examples name, as docs/api.md says to allow them.
ORIGINS = dict(
    re.findall(r'`(ALLOWED_REDIRECT_ORIGINS)="(.+)" make run`', pages.section("docs/api.md", "The examples"))
)


@pytest.fixture
def local(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Shell, Path]]:
    """Starts `make run` by a page's block.

    Yields the `export` lines that it prints, a shell for another terminal, and the file of its stderr.
    """
    shell = Shell(tmp_path, {})
    command = run_by(*request.param)[0]
    # A make below another one prints "Entering directory", for example below `make test`.
    outer = {name: value for name, value in OUTER_ENVIRONMENT.items() if name != "MAKELEVEL"}
    variables = outer | ORIGINS | {"PORT": "0", "MAKEFLAGS": f"VENV={tmp_path / 'venv'}"}
    printed = tmp_path / "stderr"
    with (
        printed.open("w") as stderr,
        subprocess.Popen(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=stderr,
            # Its own process group, because Ctrl-C in a terminal reaches the whole group.
            start_new_session=True,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        ready = process.stdout.readline()
        try:
            assert ready.startswith("READY {"), printed.read_text(encoding="utf-8")
            lines = printed.read_text(encoding="utf-8").splitlines()
            yield "\n".join(line for line in lines if line.startswith("export ")), shell, printed
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
    # An interrupt of `make` ends it with the signal.
    assert process.returncode in (-signal.SIGINT, 128 + signal.SIGINT)
    assert "Traceback" not in printed.read_text(encoding="utf-8")


def _click_through(url: str, outcome: str) -> requests.Response:
    """Follows the link and all redirects. Returns the last page."""
    return requests.get(f"{url}&outcome={outcome}", timeout=20)


@pytest.mark.slow
@pytest.mark.parametrize("local", [("local", "README.md")], indirect=True)
def test_the_commands_work_in_another_terminal(local: tuple[str, Shell, Path]) -> None:
    exports, shell, stderr = local
    _, tried = run_by("local", "README.md")

    created = json.loads(shell.run(exports, tried))
    assert created["status"] == "pending"
    ended = _click_through(created["url"], "verified")
    assert (ended.status_code, "<h1>Back at the frontend: verified</h1>" in ended.text) == (200, True)
    # Wait now, because the page's commands make the receiver slow.
    _wait_for(f"webhook verification.verified {created['id']} -> sandbox, attempt 1: 204", stderr)

    reported = run_by("local", "docs/development.md")
    printed = shell.run(exports, *reported)
    frontend = shell.run(exports, 'echo "$FRONTEND_URL"').strip()
    assert f"303 {frontend}/done?" in printed
    assert "status=rejected" in printed
    assert printed.index("webhooks get: 503") < printed.index("webhooks get: slow") < printed.index("get: 204")
    assert f"\nGET /return/{created['id']}/… -> 303\n" in stderr.read_text(encoding="utf-8")

    slow, fast = run_by("slow-vendor", "docs/development.md")
    shell.run(exports, slow)
    second = json.loads(shell.run(exports, tried))
    began = time.monotonic()
    returned = _click_through(second["url"], "verified")
    seconds = time.monotonic() - began
    shell.run(exports, fast)
    assert "<h1>Back at the frontend: processing</h1>" in returned.text
    assert seconds > 5

    # The block that redacts runs last.
    page = sorted(run_by("local", "docs/api.md"), key=lambda text: '/redact"' in text)
    printed = shell.run(exports, *page)
    assert "HTTP/1.1 303" in printed
    assert '"status":"verified"' in printed.replace(" ", "")


def _wait_for(text: str, path: Path) -> None:
    for _ in range(300):
        if text in path.read_text(encoding="utf-8"):
            return
        time.sleep(0.1)
    raise AssertionError(f"{text} is not in\n{path.read_text(encoding='utf-8')}")


@pytest.mark.slow
@pytest.mark.parametrize("local", [("own-receiver", "docs/development.md")], indirect=True)
def test_webhooks_go_to_the_receiver_that_the_page_names(local: tuple[str, Shell, Path]) -> None:
    exports, shell, stderr = local
    _, tried = run_by("local", "README.md")

    created = json.loads(shell.run(exports, tried))

    # A program may listen on that port, so any result of the attempt is accepted.
    _wait_for(f"webhook verification.created {created['id']} -> localhost-9000, attempt 1: ", stderr)
