"""What is mutated, and the tests that are to fail then."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGE = "layers/bridge/bridge/"


@dataclass(frozen=True, slots=True)
class Group:
    """`sources`: files and folders of the package. `tests`: arguments for pytest, whose files may have wildcards."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]

    def selection(self) -> list[str]:
        """The tests, each of which is there. Raises ValueError for one that is not."""
        found: list[str] = []
        for each in self.tests:
            file, mark, rest = each.partition("::")
            paths = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(file))
            if not paths or (rest and f"def {rest}(" not in (ROOT / file).read_text(encoding="utf-8")):
                raise ValueError(f"there is no test {each}")
            found += [path + mark + rest for path in paths]
        return found


_SIMULATION = "tests/simulation/test_simulation.py::test_"
_USE_CASES = ("audit", "authorize", "complete", "create", "failures", "finalize", "hostile", "jwt", "observability",
              "read", "redact", "return", "sweep")  # fmt: skip
GROUPS = {
    "domain": Group(
        ("domain",),
        tuple(
            f"tests/unit/test_{name}.py"
            for name in (
                "decision",
                "link_request",
                "redirect_urls",
                "schedule",
                "vendor_record",
                "verification",
                "rows",
            )
        ),
    ),
    "vendor": Group(("vendor/record.py",), ("tests/unit/test_vendor_record.py",)),
    "store": Group(("store",), ("tests/store", "tests/unit/test_rows.py")),
    "use_cases": Group(
        ("use_cases",),
        (
            "tests/unit/test_api_keys.py",
            "tests/simulation/test_calls.py",
            f"{_SIMULATION}without_faults_the_stricter_bounds_hold",
            f"{_SIMULATION}every_verification_is_completed_whatever_goes_wrong",
            f"{_SIMULATION}no_single_fault_at_any_call_loses_a_verification",
            *(f"tests/integration/test_{name}*.py" for name in _USE_CASES),
        ),
    ),
}


def of_files(files: list[str]) -> dict[str, Group]:
    """The groups that these files of the checkout belong to, with only those files as sources."""
    names = [name.removeprefix(PACKAGE) for name in files if name.startswith(PACKAGE) and name.endswith(".py")]
    chosen: dict[str, Group] = {}
    for group, each in GROUPS.items():
        mine = tuple(name for name in names if name in each.sources or name.partition("/")[0] in each.sources)
        mine = tuple(name for name in mine if not name.endswith("__init__.py") and (ROOT / PACKAGE / name).exists())
        if mine:
            chosen[group] = Group(mine, each.tests)
    return chosen
