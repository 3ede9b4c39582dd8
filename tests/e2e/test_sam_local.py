"""The bridge in AWS's own emulator, `sam local start-api`, against the sandbox's AWS and vendor."""

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

# Seconds. A function's first answer takes as long as its image takes to be built.
TIMEOUT = 120


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the READY line says, of a build of what is in the checkout now. An interrupt ends it without a traceback."""
    try:
        executable = sam()
        host_address()
    except UnavailableError as reason:
        pytest.skip(f"NOT TESTED under sam local: {reason}")
    built = _build(executable, tmp_path_factory.mktemp("build"))
    # A process of its own, because this one may have a sandbox in it.
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
        word, _, said = process.stdout.readline().partition(" ")
        try:
            assert word == "READY", stderr.read_text(encoding="utf-8")
            yield json.loads(said)
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0
    assert "Traceback" not in stderr.read_text(encoding="utf-8")


def _build(executable: str, directory: Path) -> Path:
    command = [executable, "build", "--template", str(TEMPLATE), "--build-dir", str(directory)]
    # What makes the layer is the Python of these tests, as in the Makefile.
    environment = OUTER_ENVIRONMENT | {"SAM_CLI_TELEMETRY": "0", "PYTHON": sys.executable}
    built = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return directory / "template.yaml"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_verification_goes_from_link_to_final_record(front: dict[str, str]) -> None:
    key = {"Authorization": f"Bearer {front['api_key']}"}
    redirect_url = "http://localhost:5173/welcome"
    wanted = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD", "redirect_url": redirect_url}

    made = requests.post(f"{front['api_url']}/verifications", headers=key, json=wanted, timeout=TIMEOUT)
    assert made.status_code == 201, made.text
    created = made.json()
    page = requests.get(f"{created['url']}&outcome=verified", timeout=TIMEOUT, allow_redirects=False)
    returned = requests.get(page.headers["location"], timeout=TIMEOUT, allow_redirects=False)
    read = requests.get(f"{front['api_url']}/verifications/{created['id']}", headers=key, timeout=TIMEOUT)

    assert returned.status_code == 303
    assert returned.headers["location"].startswith("http://localhost:5173/welcome?")
    assert "status=verified" in returned.headers["location"]
    assert read.json()["status"] == "verified"


def test_the_demo_frontend_may_create_with_its_access_token(front: dict[str, str]) -> None:
    origin, url = {"Origin": front["frontend_url"]}, f"{front['api_url']}/verifications"
    token = requests.get(f"{front['frontend_url']}/token", timeout=TIMEOUT).json()["access_token"]
    wanted = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD", "redirect_url": front["demo_url"]}
    headers = origin | {"Authorization": f"Bearer {token}"}

    preflight = requests.options(url, headers=origin, timeout=TIMEOUT)
    created = requests.post(url, headers=headers, json=wanted, timeout=TIMEOUT)

    assert created.status_code == 201, created.text
    for response in (preflight, created):
        assert response.headers["access-control-allow-origin"] == front["frontend_url"]
    assert "authorization" in preflight.headers["access-control-allow-headers"]


@pytest.mark.parametrize(("headers", "status"), [({}, 401), ({"Authorization": "Bearer ek_unknown"}, 403)])
def test_without_a_valid_key_it_is_401_or_403(front: dict[str, str], headers: dict[str, str], status: int) -> None:
    url = f"{front['api_url']}/verifications/ver_x"
    assert requests.get(url, headers=headers, timeout=TIMEOUT).status_code == status
