"""python -m tests.tools.mutation [--tenth DIGIT] [GROUP … | --changed]: mutates the code with mutmut, lists survivors.

--tenth    runs only the mutants whose number ends in this digit, to estimate the share of killed mutants.
--changed  mutates only the files of domain/, store/ and use_cases/ (and vendor/record.py) that differ from the merge
           base with origin/main, or from HEAD~1 if there is no such branch or HEAD is on it. It fails if less than 96 %
           are killed. Survivors in survivors.toml count as killed, each for a reason.
"""

import argparse
import subprocess
import sys

from . import mutants
from .groups import GROUPS, ROOT, of_files

LEAST_KILLED = 0.96


def main() -> int:
    """Runs the groups one after the other, and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.mutation")
    parser.add_argument("--tenth", choices=list("0123456789"), default="")
    parser.add_argument("--changed", action="store_true")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    options = parser.parse_args()
    chosen = of_files(changed()) if options.changed else {name: GROUPS[name] for name in options.groups or GROUPS}
    if not chosen:
        print("No file of a group has changed.")
        return 0
    mutants.copy()
    failed = False
    for name, group in chosen.items():
        print(f"=== {name}: {', '.join(group.sources)}", flush=True)
        score = mutants.run(name, group, ending=options.tenth)
        print("\n".join(score.unexpected) or "No unexpected survivors")
        print(f"{score.killed:.1%} of {score.mutants} mutants killed", flush=True)
        failed |= options.changed and score.killed < LEAST_KILLED
    return int(failed)


def changed() -> list[str]:
    """Returns the files that differ from the base, committed or not."""
    base, head = _git("merge-base", "HEAD", "origin/main"), _git("rev-parse", "HEAD")
    if not base or base == head:
        base = _git("rev-parse", "--verify", "--quiet", "HEAD~1") or head
    return _git("diff", "--name-only", base).splitlines()


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
