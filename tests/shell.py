"""Scripts, and a shell that runs commands of the pages."""

import subprocess
from collections.abc import Mapping
from pathlib import Path


def write_script(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)


def run(
    *scripts: str, folder: Path, environment: Mapping[str, str], seconds: int, answers: str = "", check: bool = True
) -> "subprocess.CompletedProcess[str]":
    """Runs scripts as one, up to the first command that fails. `answers` is its input.

    Raises:
        AssertionError: it failed, unless `check` is false. The text has its output.
    """
    script = "\n".join(scripts)
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        input=answers,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if check and result.returncode:
        raise AssertionError(f"{script}\nended with {result.returncode}:\n{result.stdout}\n{result.stderr}")
    return result
