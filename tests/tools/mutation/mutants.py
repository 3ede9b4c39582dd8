"""Runs mutmut in a copy of the checkout in .mutation/, because it requires the package in a folder named src."""

import json
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from .groups import ROOT, Group

WORK = ROOT / ".mutation"
# Survivors that no test can kill, or needs to kill, each with its reason.
SURVIVORS = Path(__file__).with_name("survivors.toml")
_KILLED = ("killed", "timeout", "segfault", "caught by type check")
# This test reads the source, which has all mutants at once.
_DESELECTED = "tests/unit/test_reasons.py::test_every_reason_code_in_the_source_is_known"
_MUTMUT = str(Path(sys.executable).with_name("mutmut"))


@dataclass(frozen=True, slots=True)
class Score:
    """A group's score. `unexpected` has the name and mutated line of survivors that are not in survivors.toml."""

    mutants: int
    unexpected: tuple[str, ...]

    @property
    def killed(self) -> float:
        """The share of mutants that were killed, or survive for a reason."""
        return 1 - len(self.unexpected) / self.mutants if self.mutants else 1.0


def copy() -> None:
    """Copies the tracked files, and moves the package to where mutmut expects it."""
    shutil.rmtree(WORK, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            target = WORK / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    (WORK / "src").mkdir()
    shutil.move(WORK / "layers/bridge/bridge", WORK / "src/bridge")


def run(name: str, group: Group) -> Score:
    """Mutates a group, and runs its mutants. Raises RuntimeError with mutmut's output if it does not finish."""
    _configure(group)
    shutil.rmtree(WORK / "mutants", ignore_errors=True)
    with (WORK / f"{name}.log").open("w") as log:
        subprocess.run([_MUTMUT, "run", *group.mutants], cwd=WORK, stdout=log, stderr=log, check=False)
    results = _output("results", "--all", "true")
    every = [line.strip().rpartition(": ")[::2] for line in results.splitlines() if "__mutmut_" in line]
    states = [(mutant, state) for mutant, state in every if any(fnmatch(mutant, each) for each in group.mutants)]
    if not every or any(state == "not checked" for _, state in states):
        raise RuntimeError((WORK / f"{name}.log").read_text(encoding="utf-8")[-3000:])
    survived = [mutant for mutant, state in states if state not in _KILLED]
    listed = tomllib.loads(SURVIVORS.read_text(encoding="utf-8")).get("survivor", [])
    unexpected = tuple(
        f"{mutant}: {line}" for mutant, line in _lines(survived).items() if not _is_listed(mutant, line, listed)
    )
    return Score(len(states), unexpected)


def _configure(group: Group) -> None:
    """Appends mutmut's configuration to the project's pyproject.toml."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8").replace('"layers/bridge"]', '"src"]')
    copied = sorted(path.name for path in WORK.iterdir() if path.name not in (".git", "mutants"))
    (WORK / "pyproject.toml").write_text(
        f"{project}\n[tool.mutmut]\n"
        f"source_paths = {[f'src/bridge/{source}' for source in group.sources]}\n"
        f"also_copy = {copied}\n"
        f"pytest_add_cli_args_test_selection = {group.selection()}\n"
        f'pytest_add_cli_args = ["-p", "no:cacheprovider", "-q", "--deselect={_DESELECTED}"]\n',
        encoding="utf-8",
    )


def _lines(names: list[str]) -> dict[str, str]:
    """Returns the changed lines of each mutant."""
    script = (
        "import json, sys; from mutmut.mutation.diff_apply import get_diff_for_mutant as diff; "
        "print(json.dumps({name: diff(name) for name in sys.argv[1:]}))"
    )
    done = subprocess.run([sys.executable, "-c", script, *names], cwd=WORK, capture_output=True, text=True, check=True)
    diffs: dict[str, str] = json.loads(done.stdout)
    added = {name: [line[1:] for line in diff.splitlines() if line[:1] == "+"][1:] for name, diff in diffs.items()}
    return {name: " ".join(line.strip() for line in lines) for name, lines in added.items()}


def _is_listed(mutant: str, line: str, listed: list[dict[str, Any]]) -> bool:
    """Returns whether survivors.toml lists the mutant by function and line, because numbers change with the code."""
    function = mutant.rpartition("__mutmut_")[0]
    return any(each["function"] == function and each["line"] == line for each in listed)


def _output(*arguments: str) -> str:
    return subprocess.run([_MUTMUT, *arguments], cwd=WORK, capture_output=True, text=True, check=False).stdout
