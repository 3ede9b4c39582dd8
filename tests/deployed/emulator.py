"""MiniStack, the AWS emulator, as a process on this machine."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config

from tests.pages import ROOT
from tests.sandbox.certificates import Authority

REGION = "ap-southeast-1"
ACCOUNT = "123456789012"
# With these, the emulator treats the caller as the account's root.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
# The names under which AWS serves HTTP APIs.
API_HOSTS = f"execute-api.{REGION}.amazonaws.com"

_PYTHON = ROOT / ".venv/ministack/bin/python"
_LAUNCHER = Path(__file__).with_name("launcher.py")
_READY_SECONDS = 60


class Emulator:
    """An emulator that enforces IAM and uses TLS. `unchanged` leaves out the workarounds; `receiver` is the port of the
    endpoints for functions (internet.py)."""

    def __init__(self, folder: Path, authority: Authority, *, receiver: int = 0, unchanged: bool = False) -> None:
        self.folder = folder
        self._authority = authority
        self._options = ["--unchanged"] if unchanged else [str(receiver)]
        self._port = _free_port()
        self.url = f"https://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "emulator.log").open("wb") as log:
            self._process = subprocess.Popen(
                [_PYTHON, _LAUNCHER, self.folder, *self._options],
                env=self._environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                start_new_session=True,
            )
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Kills also its children, the functions. A normal end would wait for open connections.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def settings(self) -> dict[str, str]:
        """Returns environment variables with which AWS's tools call the emulator as the account's root."""
        return {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CA_BUNDLE": str(self._authority.bundle),
        }

    def client(self, service: str) -> Any:
        """Returns boto3's client of a service, with the permissions of the account's root."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            verify=str(self._authority.bundle),
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 2}),
        )

    def log(self) -> str:
        """Returns the emulator's log, for the message of a failed test."""
        return (self.folder / "emulator.log").read_text(encoding="utf-8", errors="replace")

    def _environment(self) -> dict[str, str]:
        # Functions inherit this environment, and on AWS they would get no other variables.
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {
            **inherited,
            **CREDENTIALS,
            "TMPDIR": str(self.folder),
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self._port),
            "IOT_MTLS_ENABLED": "false",
            "LOG_LEVEL": "WARNING",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            # HTTP APIs are served under {id}.execute-api.<this>.
            "MINISTACK_HOST": API_HOSTS.removeprefix("execute-api."),
            "USE_SSL": "1",
            "MINISTACK_SSL_CERT": str(self._authority.certificate),
            "MINISTACK_SSL_KEY": str(self._authority.key),
            "AWS_CA_BUNDLE": str(self._authority.bundle),
        }

    def _wait(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"the emulator did not start:\n{self.log()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
