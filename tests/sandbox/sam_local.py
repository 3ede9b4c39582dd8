"""The bridge in `sam local start-api`: functions in AWS's Lambda image, against the embedded AWS."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import requests

from .backing_services import LOOPBACK, BackingServices, SandboxSettings
from .identity_provider import KEY_SET
from .local_bridge import LocalBridge
from .sam_template import ENDPOINT_VARIABLE, with_endpoint_variable, with_origin
from .sam_tools import ARCHITECTURE, UnavailableError, host_address, listening_hosts, sam
from .template import TEMPLATE
from .webhooks import PrintLine, Webhooks

# The output of `sam build`, unless SAM_TEMPLATE names another file.
BUILT = TEMPLATE.parent / ".aws-sam" / "build" / "template.yaml"
# Seconds. The first start takes long, because it builds an image for the layer.
START_TIMEOUT = 300
STOP_TIMEOUT = 30


class SamLocal(LocalBridge):
    """`sam local start-api` and its services, inside a with block. Workers call handlers in this process.

    Args:
        port: the port of the API.
        workers, webhooks, print_line: see LocalBridge.
        parameters: parameters of the template.

    Raises:
        UnavailableError: sam, Docker or the build is missing.
    """

    def __init__(
        self,
        *,
        port: int,
        workers: bool = True,
        parameters: Mapping[str, str] | None = None,
        webhooks: Webhooks | None = None,
        print_line: PrintLine | None = None,
    ) -> None:
        self._built = Path(os.environ.get("SAM_TEMPLATE") or BUILT)
        if not self._built.is_file():
            raise UnavailableError(f"{self._built} does not exist: run `make build` first")
        self._executable, self._address = sam(), host_address()
        settings = SandboxSettings(parameters=parameters or {}, hosts=listening_hosts(self._address))
        super().__init__(settings, workers=workers, webhooks=webhooks, print_line=print_line)
        self._port = port
        self.api_url = f"http://{LOOPBACK}:{port}"

    def _start(self, exit_stack: ExitStack) -> None:
        super()._start(exit_stack)
        self._start_workers()
        variables = Path(exit_stack.enter_context(tempfile.TemporaryDirectory(prefix="sam-local-"))) / "env-vars.json"
        variables.write_text(json.dumps(variables_inside(self.backing, self._address)), encoding="utf-8")
        process = self._start_sam(variables)
        stopping = threading.Event()
        threading.Thread(target=_relay, args=(process, stopping), daemon=True).start()
        exit_stack.callback(_stop, process, stopping)
        print("Waiting for sam local. Its first start builds an image for the layer.", file=sys.stderr, flush=True)
        self._wait_until_up(process)

    def _start_sam(self, variables: Path) -> subprocess.Popen[bytes]:
        template = with_origin(with_endpoint_variable(self._built), self.frontend.url)
        command = [self._executable, "local", "start-api", "--template", str(template)]
        command += ["--env-vars", str(variables), "--host", LOOPBACK, "--port", str(self._port)]
        command += ["--skip-pull-image", "--warm-containers", "LAZY"]
        command += ["--parameter-overrides", f"Architecture={ARCHITECTURE}"]
        # sam passes its credentials and region to the containers.
        outer = {name: value for name, value in os.environ.items() if not name.startswith("AWS_ENDPOINT_URL")}
        # A new session, because an interrupt from the terminal must not reach sam before this process.
        return subprocess.Popen(
            command,
            env=outer | {"SAM_CLI_TELEMETRY": "0"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _wait_until_up(self, process: subprocess.Popen[bytes]) -> None:
        ends_at = time.monotonic() + START_TIMEOUT
        while time.monotonic() < ends_at:
            if process.poll() is not None:
                raise UnavailableError(f"sam local exited with code {process.returncode}")
            try:
                # sam builds the image before the first response.
                if requests.get(f"{self.api_url}/health", timeout=START_TIMEOUT).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.2)
        raise UnavailableError(f"sam local did not respond within {START_TIMEOUT} s")


def variables_inside(backing: BackingServices, address: str) -> dict[str, dict[str, str]]:
    """Returns the variables of each function for its container, where this machine has another address."""
    known = {name: backing.variables[name] for name in (ENDPOINT_VARIABLE, "EKYC_API_URL")}
    if (issuer := backing.variables["JWT_ISSUER"]).startswith(f"http://{LOOPBACK}:"):
        known["JWKS_URL"] = issuer + KEY_SET
    inside = {name: url.replace(f"//{LOOPBACK}:", f"//{address}:") for name, url in known.items()}
    endpoint = {ENDPOINT_VARIABLE: inside.pop(ENDPOINT_VARIABLE)}
    functions = backing.stack.with_variables(inside).functions
    return {name: function.environment | endpoint for name, function in functions.items()}


def _relay(process: subprocess.Popen[bytes], stopping: threading.Event) -> None:
    """Copies sam's output to stderr until `stopping` is set, because an interrupted sam prints a traceback."""
    assert process.stdout is not None
    for line in process.stdout:
        if not stopping.is_set():
            sys.stderr.write(line.decode(errors="replace"))
            sys.stderr.flush()


def _stop(process: subprocess.Popen[bytes], stopping: threading.Event) -> None:
    stopping.set()
    # sam stops its containers on an interrupt.
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
