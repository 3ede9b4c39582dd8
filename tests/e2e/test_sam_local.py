"""The bridge in `sam local start-api`, against the sandbox's AWS and fake vendor."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.conftest import OUTER_ENVIRONMENT
from tests.sandbox.sam_tools import UnavailableError, host_address, sam
from tests.sandbox.template import TEMPLATE

pytestmark = pytest.mark.sam_local

# Seconds. sam builds an image before a function's first response.
TIMEOUT = 120


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Builds and starts the bridge, yields its READY line, and checks that an interrupt ends it without a traceback."""
    try:
        executable = sam()
        host_address()
    except UnavailableError as reason:
        pytest.skip(f"NOT TESTED under sam local: {reason}")
    built = _build(executable, tmp_path_factory.mktemp("build"))
    # A separate process, because this one may run a sandbox.
    variables = {"PORT": str(_free_port()), "SAM_TEMPLATE": str(built), "PYTHONUNBUFFERED": "1"}
    stderr = built.with_name("stderr")
    out = stderr.open("w", encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sandbox", "sam-local"],
        cwd=TEMPLATE.parent,
        env=OUTER_ENVIRONMENT | variables,
        stdout=subprocess.PIPE,
        stderr=out,
        text=True,
    )
    with out, process:
        assert process.stdout is not None
        word, _, values = process.stdout.readline().partition(" ")
        try:
            assert word == "READY", stderr.read_text(encoding="utf-8")
            yield json.loads(values)
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0
    assert "Traceback" not in stderr.read_text(encoding="utf-8")


def _build(executable: str, directory: Path) -> Path:
    command = [executable, "build", "--template", str(TEMPLATE), "--build-dir", str(directory)]
    # The Python of these tests builds the layer, as in the Makefile.
    environment = OUTER_ENVIRONMENT | {"SAM_CLI_TELEMETRY": "0", "PYTHON": sys.executable}
    built = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return directory / "template.yaml"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_person_who_passes_and_returns_is_verified(ready: dict[str, str]) -> None:
    key = {"Authorization": f"Bearer {ready['api_key']}"}
    redirect_url = "http://localhost:5173/welcome"
    body = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD", "redirect_url": redirect_url}

    response = requests.post(f"{ready['api_url']}/verifications", headers=key, json=body, timeout=TIMEOUT)
    assert response.status_code == 201, response.text
    created = response.json()
    page = requests.get(f"{created['url']}&outcome=verified", timeout=TIMEOUT, allow_redirects=False)
    returned = requests.get(page.headers["location"], timeout=TIMEOUT, allow_redirects=False)
    read = requests.get(f"{ready['api_url']}/verifications/{created['id']}", headers=key, timeout=TIMEOUT)

    assert returned.status_code == 303
    assert returned.headers["location"].startswith("http://localhost:5173/welcome?")
    assert "status=verified" in returned.headers["location"]
    assert read.json()["status"] == "verified"


def test_demo_frontend_creates_with_its_access_token(ready: dict[str, str]) -> None:
    origin, url = {"Origin": ready["frontend_url"]}, f"{ready['api_url']}/verifications"
    token = requests.get(f"{ready['frontend_url']}/token", timeout=TIMEOUT).json()["access_token"]
    body = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD", "redirect_url": ready["demo_url"]}
    headers = origin | {"Authorization": f"Bearer {token}"}

    preflight = requests.options(url, headers=origin, timeout=TIMEOUT)
    created = requests.post(url, headers=headers, json=body, timeout=TIMEOUT)

    assert created.status_code == 201, created.text
    for response in (preflight, created):
        assert response.headers["access-control-allow-origin"] == ready["frontend_url"]
    assert "authorization" in preflight.headers["access-control-allow-headers"]


@pytest.mark.parametrize(("headers", "status"), [({}, 401), ({"Authorization": "Bearer ek_unknown"}, 403)])
def test_missing_key_is_401_and_unknown_key_403(ready: dict[str, str], headers: dict[str, str], status: int) -> None:
    url = f"{ready['api_url']}/verifications/ver_x"
    assert requests.get(url, headers=headers, timeout=TIMEOUT).status_code == status
