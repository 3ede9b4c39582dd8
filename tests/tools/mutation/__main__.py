"""python -m tests.tools.mutation [rules | store | use_cases …]: mutates these with mutmut, and lists what survived.

It works in a copy below .mutation/, as mutmut wants the package in a folder called src.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
WORK = ROOT / ".mutation"

# What is mutated, and the tests that are to find it out.
GROUPS = {
    "rules": (
        [
            "domain/addresses.py",
            "domain/checks.py",
            "domain/decision.py",
            "domain/redirect_urls.py",
            "domain/schedule.py",
            "domain/webhook_retries.py",
            "domain/webhooks.py",
        ],
        [
            "tests/unit/test_addresses.py",
            "tests/unit/test_decision.py",
            "tests/unit/test_redirect_urls.py",
            "tests/unit/test_schedule.py",
            "tests/unit/test_webhook_retries.py",
            "tests/unit/test_webhooks.py",
        ],
    ),
    "store": (["store"], ["tests/store", "tests/unit/test_rows.py"]),
    "use_cases": (
        ["use_cases"],
        [
            "tests/unit/test_api_keys.py",
            "tests/simulation/test_calls.py",
            "tests/simulation/test_simulation.py::test_what_is_promised_without_faults_holds_to_the_letter",
            "tests/simulation/test_simulation.py::test_every_verification_is_completed_whatever_goes_wrong",
            "tests/simulation/test_simulation.py::test_no_single_fault_at_any_call_loses_a_verification",
            *(
                f"tests/integration/test_{name}.py"
                for name in (
                    "audit",
                    "authorize",
                    "create",
                    "create_crashes",
                    "create_faults",
                    "create_lost_answers",
                    "complete",
                    "complete_evidence",
                    "complete_faults",
                    "deliver",
                    "failures",
                    "finalize",
                    "hostile_urls",
                    "jwt",
                    "observability",
                    "read",
                    "read_result",
                    "redact",
                    "redact_races",
                    "sweep",
                )
            ),
        ],
    ),
}


def copy() -> None:
    """The tracked files, with the package where mutmut looks for it."""
    shutil.rmtree(WORK, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        target = WORK / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    (WORK / "src").mkdir()
    shutil.move(WORK / "layers/bridge/bridge", WORK / "src/bridge")


def configure(sources: list[str], tests: list[str]) -> None:
    """Writes mutmut's configuration behind the project's own."""
    project = (ROOT / "pyproject.toml").read_text().replace('"layers/bridge"]', '"src"]')
    copied = sorted(path.name for path in WORK.iterdir() if path.name not in (".git", "mutants"))
    (WORK / "pyproject.toml").write_text(
        f"{project}\n[tool.mutmut]\n"
        f"source_paths = {[f'src/bridge/{source}' for source in sources]}\n"
        f"also_copy = {copied}\n"
        f"pytest_add_cli_args_test_selection = {tests}\n"
        'pytest_add_cli_args = ["-p", "no:cacheprovider", "-q"]\n'
    )


def main(names: list[str]) -> int:
    """Runs the groups, one after the other; mutmut's own table says what became of each mutant."""
    copy()
    mutmut = str(Path(sys.executable).with_name("mutmut"))
    for name in names or list(GROUPS):
        configure(*GROUPS[name])
        shutil.rmtree(WORK / "mutants", ignore_errors=True)
        print(f"=== {name}", flush=True)
        with (WORK / f"{name}.log").open("w") as log:
            subprocess.run([mutmut, "run"], cwd=WORK, stdout=log, stderr=log, check=False)
        print((WORK / f"{name}.log").read_text().replace("\r", "\n").strip().splitlines()[-2])
        results = subprocess.run([mutmut, "results"], cwd=WORK, capture_output=True, text=True, check=False)
        print(results.stdout, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
