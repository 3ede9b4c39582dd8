"""What sam local needs of this machine: an executable, Docker with an image, an address that containers reach."""

import os
import platform
import re
import shutil
import socket
import subprocess

from .backing import LOOPBACK
from .template import TEMPLATE

ARCHITECTURE = "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"
_RUNTIME = re.compile(r"^\s+Runtime: python(\S+)", re.MULTILINE)


class UnavailableError(OSError):
    """What sam local needs is not there; the message says what."""


def image() -> str:
    """The Lambda image of the template's runtime, for this machine's processor."""
    match = _RUNTIME.search(TEMPLATE.read_text(encoding="utf-8"))
    if match is None:
        raise ValueError("the template names no Python runtime")
    return f"public.ecr.aws/lambda/python:{match[1]}-{ARCHITECTURE}"


def sam() -> str:
    """The sam executable: SAM in the environment, or the path's. Raises UnavailableError."""
    found = shutil.which(os.environ.get("SAM") or "sam")
    if found is None:
        raise UnavailableError("no sam executable; SAM may name one")
    return found


def host_address() -> str:
    """This machine as containers reach it: the bridge's address on Linux, a virtual one on Docker Desktop.

    Raises:
        UnavailableError: Docker does not run, or it has no image and cannot fetch it.
    """
    command = ["docker", "run", "--rm", "--add-host=sandbox-host:host-gateway", "--entrypoint=cat"]
    try:
        hosts = _output([*command, image(), "/etc/hosts"])
    except (FileNotFoundError, subprocess.CalledProcessError) as problem:
        raise UnavailableError(f"Docker or its image {image()} is not there: {problem}") from problem
    return next(line.split()[0] for line in hosts.splitlines() if line.endswith("sandbox-host"))


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def listening_hosts(address: str) -> tuple[str, ...]:
    """Where to listen for containers: Docker Desktop brings them to the loopback itself."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return (LOOPBACK,)
    return (LOOPBACK, address)
