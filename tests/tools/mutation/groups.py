"""The groups of source files to mutate, and the tests that run against their mutants."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "layers/bridge/bridge"


@dataclass(frozen=True, slots=True)
class Group:
    """`sources` are files of the package. `tests` are arguments for pytest, whose paths may have wildcards. `mutants`
    are patterns for the names of the mutants to run."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    mutants: tuple[str, ...] = ("*",)

    def selection(self) -> list[str]:
        """Returns the tests without wildcards. Raises ValueError if one does not exist."""
        found: list[str] = []
        for each in self.tests:
            file, mark, rest = each.partition("::")
            paths = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(file))
            if not paths or (rest and f"def {rest}(" not in (ROOT / file).read_text(encoding="utf-8")):
                raise ValueError(f"there is no test {each}")
            found += [path + mark + rest for path in paths]
        return found


def _files(folder: str, but: Collection[str] = ()) -> tuple[str, ...]:
    names = (path.name for path in sorted((PACKAGE / folder).glob("*.py")))
    return tuple(f"{folder}/{name}" for name in names if name != "__init__.py" and name not in but)


# Simulations of the whole flow, with and without faults.
_FLOWS = (
    "tests/simulation/test_calls.py",
    "tests/simulation/test_simulation.py::test_stricter_bounds_hold_without_faults",
    "tests/simulation/test_simulation.py::test_every_verification_completes_under_faults",
    "tests/simulation/test_simulation.py::test_no_single_fault_at_any_call_loses_a_verification",
)
_USE_CASES = (
    "audit",
    "authorize",
    "create",
    "deliver",
    "expected",
    "failures",
    "hostile",
    "jwt",
    "locale",
    "observability",
    "publish",
    "read",
    "redact",
    "start",
)
_CHECKS = ("checks.py", "links.py", "schedule.py")
# Modules that store data outside of a verification's row.
_OTHER_STORES = ("audit_trail.py", "endpoints.py", "evidence.py", "expected.py", "results.py")
_COMPLETION = tuple(f"tests/integration/test_{name}*.py" for name in ("complete", "finalize", "return", "sweep"))

GROUPS = {
    "domain": Group(
        _files("domain", but=_CHECKS),
        ("tests/unit", "tests/integration/test_create_bad_input.py", "tests/integration/test_deliver*.py"),
    ),
    # The tests of the use cases cover most of when to check again.
    "checks": Group(
        tuple(f"domain/{name}" for name in _CHECKS),
        (
            "tests/unit/test_schedule.py",
            "tests/unit/test_links.py",
            "tests/integration/test_start*.py",
            *_FLOWS,
            *_COMPLETION,
        ),
    ),
    "vendor": Group(("vendor/record.py",), ("tests/unit/test_vendor_record*.py",)),
    "store": Group(
        _files("store", but=_OTHER_STORES),
        (
            "tests/store",
            "tests/unit/test_incomplete_responses.py",
            "tests/unit/test_rows.py",
            "tests/integration/test_events.py",
            "tests/integration/test_publish.py",
            "tests/integration/test_return.py",
            "tests/integration/test_start*.py",
            "tests/integration/test_complete_faults.py",
            "tests/integration/test_failures.py",
        ),
    ),
    "other_stores": Group(
        tuple(f"store/{name}" for name in _OTHER_STORES),
        (
            "tests/unit/test_incomplete_responses.py",
            *(
                f"tests/integration/test_{name}*.py"
                for name in ("audit", "check_evidence", "complete_evidence", "deliver")
            ),
            *(f"tests/integration/test_{name}*.py" for name in ("expected", "read_result", "redact")),
        ),
    ),
    "use_cases": Group(
        _files("use_cases"),
        (
            "tests/unit/test_api_keys.py",
            *_FLOWS,
            *_COMPLETION,
            *(f"tests/integration/test_{name}*.py" for name in _USE_CASES),
        ),
    ),
}
