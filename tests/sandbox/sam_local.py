"""The same front by `sam local start-api`: functions in AWS's own Lambda image, against the embedded AWS."""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from .backing import LOOPBACK, Backing, Choices
from .functions import Functions
from .sam_template import ENDPOINT_VARIABLE, with_endpoint_variable
from .sam_tools import ARCHITECTURE, UnavailableError, host_address, listening_hosts, sam
from .template import TEMPLATE
from .workers import Workers

# What `sam build` has written; SAM_TEMPLATE may name another.
BUILT = TEMPLATE.parent / ".aws-sam" / "build" / "template.yaml"
# Seconds. The first start builds an image for the layer.
START_TIMEOUT = 300
STOP_TIMEOUT = 30


class SamLocal:
    """`sam local start-api` with what it needs, inside a with block; workers call handlers in this process.

    Args:
        port: of the front.
        workers: False leaves the schedule and the queue to sweep_now() and drain_queue().
        parameters: of the template.

    Raises:
        UnavailableError: something that it needs is not there.
    """

    def __init__(
        self,
        *,
        port: int,
        workers: bool = True,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        self._port = port
        self._built = Path(os.environ.get("SAM_TEMPLATE") or BUILT)
        self._has_workers = workers
        self._parameters = parameters or {}

    @property
    def api_url(self) -> str:
        """Of the front, without a slash at the end."""
        return f"http://{LOOPBACK}:{self._port}"

    def ready(self) -> dict[str, str]:
        """The members of the READY line."""
        return {
            "api_url": self.api_url,
            "api_key": self.backing.api_key,
            "ekyc_api_url": self.backing.ekyc_api_url,
            "aws_endpoint_url": self.backing.aws.url,
        }

    def __enter__(self) -> Self:
        if not self._built.is_file():
            raise UnavailableError(f"{self._built} is not there: run `sam build` first")
        executable, address = sam(), host_address()
        with ExitStack() as going_up:
            self.backing = Backing(self.api_url, Choices(parameters=self._parameters, hosts=listening_hosts(address)))
            going_up.callback(self.backing.stop)
            self._start_workers()
            going_up.callback(self._workers.stop)
            directory = going_up.enter_context(tempfile.TemporaryDirectory(prefix="sam-local-"))
            process = self._start_sam(executable, self._write_variables(Path(directory), address))
            going_up.callback(_end, process)
            self._wait_until_up(process)
            self._down = going_up.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._down.close()

    def sweep_now(self) -> None:
        """Runs what the schedule runs. Raises FunctionError."""
        self._workers.run_schedules()

    def drain_queue(self) -> int:
        """Passes all messages on to their functions; returns their number."""
        return self._workers.drain_queues()

    def _start_workers(self) -> None:
        stack = self.backing.stack
        functions = Functions(stack.functions, stack.layers)
        self._workers = Workers(stack, functions.invoke, self.backing.client("sqs"))
        if self._has_workers:
            self._workers.start()

    def _write_variables(self, directory: Path, address: str) -> Path:
        """The file for --env-vars."""
        path = directory / "env-vars.json"
        path.write_text(json.dumps(variables_inside(self.backing, address)), encoding="utf-8")
        return path

    def _start_sam(self, executable: str, variables: Path) -> subprocess.Popen[bytes]:
        command = [executable, "local", "start-api", "--template", str(with_endpoint_variable(self._built))]
        command += ["--env-vars", str(variables), "--host", LOOPBACK, "--port", str(self._port)]
        command += ["--skip-pull-image", "--warm-containers", "LAZY"]
        command += ["--parameter-overrides", f"Architecture={ARCHITECTURE}"]
        # A group of its own: an interrupt from the terminal must not reach sam before us.
        return subprocess.Popen(command, env=self._environment(), stdout=2, start_new_session=True)

    def _environment(self) -> dict[str, str]:
        """Of sam, which hands its credentials and region on to the containers."""
        outer = {name: value for name, value in os.environ.items() if not name.startswith("AWS_ENDPOINT_URL")}
        return outer | {"SAM_CLI_TELEMETRY": "0"}

    def _wait_until_up(self, process: subprocess.Popen[bytes]) -> None:
        ends_at = time.monotonic() + START_TIMEOUT
        while time.monotonic() < ends_at:
            if process.poll() is not None:
                raise UnavailableError(f"sam local ended with code {process.returncode}")
            try:
                # The first response takes as long as its image takes to be built.
                if requests.get(f"{self.api_url}/health", timeout=START_TIMEOUT).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.2)
        raise UnavailableError(f"sam local did not respond within {START_TIMEOUT} s")


def variables_inside(backing: Backing, address: str) -> dict[str, dict[str, str]]:
    """The variables by function, as containers need them: there, this machine has another address."""
    known = {name: backing.variables[name] for name in (ENDPOINT_VARIABLE, "EKYC_API_URL")}
    inside = {name: url.replace(f"//{LOOPBACK}:", f"//{address}:") for name, url in known.items()}
    endpoint = {ENDPOINT_VARIABLE: inside.pop(ENDPOINT_VARIABLE)}
    functions = backing.stack.with_variables(inside).functions
    return {name: function.environment | endpoint for name, function in functions.items()}


def _end(process: subprocess.Popen[bytes]) -> None:
    # On an interrupt sam takes its containers down.
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
