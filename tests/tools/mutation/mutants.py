"""Runs mutmut in a copy of the checkout below .mutation/, as it wants the package in a folder called src."""

import json
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .groups import ROOT, Group

WORK = ROOT / ".mutation"
# Survivors that no test can or need find, each with its reason.
SURVIVORS = Path(__file__).with_name("survivors.toml")
_KILLED = ("killed", "timeout", "segfault", "caught by type check")
# It reads the source, in which all mutants stand at once.
_LEFT_OUT = "tests/unit/test_reasons.py::test_every_reason_that_is_written_is_known"
_MUTMUT = str(Path(sys.executable).with_name("mutmut"))


@dataclass(frozen=True, slots=True)
class Score:
    """`unexpected`: survivors without an entry in survivors.toml, each as its name and its mutated line."""

    mutants: int
    unexpected: tuple[str, ...]

    @property
    def killed(self) -> float:
        """The part of the mutants that were killed, or survive for a reason."""
        return 1 - len(self.unexpected) / self.mutants if self.mutants else 0.0


def copy() -> None:
    """The tracked files, with the package where mutmut expects it."""
    shutil.rmtree(WORK, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            target = WORK / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    (WORK / "src").mkdir()
    shutil.move(WORK / "layers/bridge/bridge", WORK / "src/bridge")


def run(name: str, group: Group, *, ending: str = "") -> Score:
    """Mutates the sources of a group. Raises RuntimeError with mutmut's output where it did not get to its end.

    `ending`: runs only the mutants whose number ends in this digit.
    """
    _configure(group)
    shutil.rmtree(WORK / "mutants", ignore_errors=True)
    chosen = [f"*{ending}"] if ending else []
    with (WORK / f"{name}.log").open("w") as log:
        subprocess.run([_MUTMUT, "run", *chosen], cwd=WORK, stdout=log, stderr=log, check=False)
    results = _output("results", "--all", "true")
    states = [line.strip().rpartition(": ")[::2] for line in results.splitlines() if "__mutmut_" in line]
    states = [(mutant, state) for mutant, state in states if mutant.endswith(ending)]
    if not states or any(state == "not checked" for _, state in states):
        raise RuntimeError((WORK / f"{name}.log").read_text(encoding="utf-8")[-3000:])
    survived = [mutant for mutant, state in states if state not in _KILLED]
    listed = tomllib.loads(SURVIVORS.read_text(encoding="utf-8")).get("survivor", [])
    unexpected = tuple(
        f"{mutant}: {line}" for mutant, line in _lines(survived).items() if not _is_listed(mutant, line, listed)
    )
    return Score(len(states), unexpected)


def _configure(group: Group) -> None:
    """Writes mutmut's configuration behind the project's own."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8").replace('"layers/bridge"]', '"src"]')
    copied = sorted(path.name for path in WORK.iterdir() if path.name not in (".git", "mutants"))
    (WORK / "pyproject.toml").write_text(
        f"{project}\n[tool.mutmut]\n"
        f"source_paths = {[f'src/bridge/{source}' for source in group.sources]}\n"
        f"also_copy = {copied}\n"
        f"pytest_add_cli_args_test_selection = {group.selection()}\n"
        f'pytest_add_cli_args = ["-p", "no:cacheprovider", "-q", "--deselect={_LEFT_OUT}"]\n',
        encoding="utf-8",
    )


def _lines(names: list[str]) -> dict[str, str]:
    """The lines that each mutant has in place of others."""
    script = (
        "import json, sys; from mutmut.mutation.diff_apply import get_diff_for_mutant as diff; "
        "print(json.dumps({name: diff(name) for name in sys.argv[1:]}))"
    )
    done = subprocess.run([sys.executable, "-c", script, *names], cwd=WORK, capture_output=True, text=True, check=True)
    diffs: dict[str, str] = json.loads(done.stdout)
    added = {name: [line[1:] for line in diff.splitlines() if line[:1] == "+"][1:] for name, diff in diffs.items()}
    return {name: " ".join(line.strip() for line in lines) for name, lines in added.items()}


def _is_listed(mutant: str, line: str, listed: list[dict[str, Any]]) -> bool:
    """Numbers of mutants change with the code, so survivors are listed by function and line."""
    function = mutant.rpartition("__mutmut_")[0]
    return any(each["function"] == function and each["line"] == line for each in listed)


def _output(*arguments: str) -> str:
    return subprocess.run([_MUTMUT, *arguments], cwd=WORK, capture_output=True, text=True, check=False).stdout
