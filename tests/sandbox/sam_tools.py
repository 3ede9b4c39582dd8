"""What sam local needs: an executable, Docker with an image, and an address that containers reach."""

import os
import platform
import re
import shutil
import socket
import subprocess

from .backing_services import LOOPBACK
from .template import TEMPLATE

ARCHITECTURE = "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"
_RUNTIME = re.compile(r"^\s+Runtime: python(\S+)", re.MULTILINE)


class UnavailableError(OSError):
    """Something that sam local needs is missing. The message says what."""


def image() -> str:
    """Returns the Lambda image of the template's runtime for this machine's processor."""
    match = _RUNTIME.search(TEMPLATE.read_text(encoding="utf-8"))
    if match is None:
        raise ValueError("the template names no Python runtime")
    return f"public.ecr.aws/lambda/python:{match[1]}-{ARCHITECTURE}"


def sam() -> str:
    """Returns the sam executable that SAM names, or the one on PATH. Raises UnavailableError."""
    found = shutil.which(os.environ.get("SAM") or "sam")
    if found is None:
        raise UnavailableError("sam was not found: install the SAM CLI, or set SAM to its path")
    return found


def host_address() -> str:
    """Returns this machine's address for containers: that of Docker's bridge on Linux, a virtual one on Docker Desktop.

    Raises:
        UnavailableError: Docker does not run, or cannot fetch the image.
    """
    command = ["docker", "run", "--rm", "--add-host=sandbox-host:host-gateway", "--entrypoint=cat"]
    try:
        hosts = _output([*command, image(), "/etc/hosts"])
    except (FileNotFoundError, subprocess.CalledProcessError) as problem:
        raise UnavailableError(f"Docker does not run, or has no image {image()}: {problem}") from problem
    return next(line.split()[0] for line in hosts.splitlines() if line.endswith("sandbox-host"))


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def listening_hosts(address: str) -> tuple[str, ...]:
    """Returns the addresses to listen on. Docker Desktop connects its containers to the loopback address."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return (LOOPBACK,)
    return (LOOPBACK, address)
