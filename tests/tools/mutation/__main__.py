"""python -m tests.tools.mutation [--tenth DIGIT] [GROUP … | --changed]: mutates the code with mutmut, lists survivors.

--tenth    runs only the mutants whose number ends in this digit, to estimate the share of killed mutants.
--changed  mutates only the functions of domain/, store/ and use_cases/ (and vendor/record.py) whose code differs from
           the merge base with origin/main, or from HEAD~1 if there is no such branch or HEAD is on it. It fails if less
           than 96 % are killed. Survivors in survivors.toml count as killed, each for a reason.
"""

import argparse
import sys
from dataclasses import replace

from . import changed, mutants
from .groups import GROUPS

LEAST_KILLED = 0.96


def main() -> int:
    """Runs the groups one after the other, and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.mutation")
    parser.add_argument("--tenth", choices=list("0123456789"), default="")
    parser.add_argument("--changed", action="store_true")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    options = parser.parse_args()
    if options.changed:
        chosen = changed.groups()
    else:
        pattern = f"*{options.tenth}"
        chosen = {name: replace(GROUPS[name], mutants=(pattern,)) for name in options.groups or GROUPS}
    if not chosen:
        print("No function of a group has changed.")
        return 0
    mutants.copy()
    failed = False
    for name, group in chosen.items():
        print(f"=== {name}: {', '.join(group.sources)}", flush=True)
        score = mutants.run(name, group)
        print("\n".join(score.unexpected) or "No unexpected survivors")
        print(f"{score.killed:.1%} of {score.mutants} mutants killed", flush=True)
        failed |= options.changed and score.killed < LEAST_KILLED
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
