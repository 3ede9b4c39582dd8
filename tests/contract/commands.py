"""The commands that the pages show: each block, and a shell that runs some of them one after the other."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "SECURITY.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))

# Seconds for all blocks of one shell.
TIMEOUT = 600

_BLOCK = re.compile(r"^( *)```(console|sh|shell|bash)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block, as it stands on its page but for the indentation of a list."""

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line} {self.text.splitlines()[0]}"


def blocks() -> list[Block]:
    found = []
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            found.append(Block(page, text.count("\n", 0, match.start()) + 1, textwrap.dedent(match[3])))
    return found


class Shell:
    """Runs blocks in a folder and an environment of its own; `make` finds the checkout and an environment there.

    The one thing that differs from a reader's shell: a response of 400 or more fails a curl.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder = folder
        tools = folder / "bin"
        tools.mkdir()
        _script(tools / "curl", f'exec "{shutil.which("curl")}" --fail-with-body "$@"')
        # The Python that runs the tests has what `make` would install.
        _script(folder / "venv" / "bin" / "python", f'exec "{sys.executable}" "$@"')
        (folder / "venv" / ".sandbox").touch()
        (folder / "venv" / ".dev").touch()
        for path in ROOT.iterdir():
            if not path.name.startswith("."):
                (folder / path.name).symlink_to(path)
        found_on = os.pathsep.join([str(tools), os.environ["PATH"]])
        self._environment = {"PATH": found_on, "HOME": str(folder), "MAKEFLAGS": f"VENV={folder / 'venv'}", **variables}

    def put_on_path(self, executable: str, *options: str) -> None:
        """Under its own name, and with options before those of the commands."""
        _script(self._folder / "bin" / Path(executable).name, f'exec {shlex.join([executable, *options])} "$@"')

    def run(self, *scripts: str) -> str:
        """What they print on stdout, run as one script that ends with the first command that fails."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(scripts)],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def _script(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)
