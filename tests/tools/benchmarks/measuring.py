"""Measures the processor time, the elapsed time and the memory of one process at a time."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.stack import read

from . import upstream
from .artifacts import CASES, ROOT, Artifact

_PROCESS = Path(__file__).with_name("process.py")

# Measured invocations in one process, and invocations whose instructions are counted.
WARM_CALLS = 300
_COUNTED_CALLS = 20


@dataclass(frozen=True, slots=True)
class Cold:
    """The measures of a process that starts, imports, creates its clients, handles one event and ends."""

    cpu_ms: float
    wall_ms: float
    peak_mb: float


@contextlib.contextmanager
def served() -> Iterator[str]:
    """Runs the services that the handlers call in another process, and yields their URL."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'layers' / 'bridge'}{os.pathsep}{ROOT}"}
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.tools.benchmarks.upstream"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()


@dataclass(frozen=True, slots=True)
class Bench:
    """Runs the functions with `python`. They call the services at `url`."""

    python: str
    url: str

    def cold(self, artifact: Artifact, case: str) -> Cold:
        began = time.perf_counter()
        process = subprocess.Popen(
            self._command(case, 1),
            env=self._environment(artifact, case),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        with process.stderr:
            printed = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{case} failed: {printed}")
        return Cold((used.ru_utime + used.ru_stime) * 1000, wall * 1000, int(printed.split()[-1]) / 1024)

    def warm(self, artifact: Artifact, case: str, calls: int = WARM_CALLS) -> float:
        """Returns the processor milliseconds of one invocation, from `calls` invocations after a first one."""
        done = subprocess.run(
            self._command(case, calls),
            env=self._environment(artifact, case),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=True,
        )
        return float(done.stderr.split()[-1]) / 1000

    def instructions(self, artifact: Artifact, case: str) -> tuple[float, float] | None:
        """Returns the millions of instructions of a cold start and of a warm invocation, or None without valgrind."""
        once = self._count(artifact, case, 1)
        more = self._count(artifact, case, _COUNTED_CALLS)
        return (once, (more - once) / _COUNTED_CALLS) if once and more else None

    def _count(self, artifact: Artifact, case: str, calls: int) -> float | None:
        if not shutil.which("valgrind"):
            return None
        counter = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
        environment = {**self._environment(artifact, case), "PYTHONHASHSEED": "0"}
        command = [*counter, *self._command(case, calls)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
        return int(found[1].replace(",", "")) / 1e6 if found and not done.returncode else None

    def _command(self, case: str, calls: int) -> list[str]:
        _, event, status = CASES[case]
        path = upstream.EVENTS / f"{event}.json"
        # Without site-packages, so that only the artifact is importable.
        return [self.python, "-S", "-s", str(_PROCESS), str(path), status, str(calls)]

    def _environment(self, artifact: Artifact, case: str) -> dict[str, str]:
        _, stack = read({"EkycApiUrl": self.url, "AllowedRedirectOrigins": upstream.ORIGIN})
        name, _, _ = CASES[case]
        (declared,) = [each.environment for each in stack.functions.values() if each.code.name == name]
        return declared | {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{artifact.functions[name]}{os.pathsep}{artifact.layer}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_DEFAULT_REGION": "ap-southeast-1",
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_ENDPOINT_URL": self.url,
            "DUE_QUEUE_URL": f"{self.url}/due",
        }
