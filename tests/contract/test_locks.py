"""Every environment is installed from lock files with versions and hashes."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.tools.advisories.__main__ import locks, report

ROOT = Path(__file__).parents[2]
MAKEFILES = [ROOT / "Makefile", *sorted(ROOT.glob("layers/*/Makefile"))]
_PACKAGE = re.compile(r"(?m)^(?P<name>[A-Za-z0-9._-]+)(?:\[[a-z0-9,-]+\])?==(?P<version>[^\s;\\]+)")


def test_the_audit_knows_every_lock_file_of_the_makefile() -> None:
    text = MAKEFILES[0].read_text()
    written = {name.replace("$(LOCKS)", "tests/requirements") for name in re.findall(r"--output-file (\S+)", text)}

    assert written == {str(lock.relative_to(ROOT)) for lock in locks()}


@pytest.mark.parametrize("lock", locks(), ids=lambda lock: f"{lock.parent.name}/{lock.name}")
def test_every_entry_of_a_lock_file_has_a_version_and_hashes(lock: Path) -> None:
    entries = lock.read_text().replace("\\\n", " ").splitlines()
    entries = [entry for entry in entries if entry.strip() and not entry.startswith("#")]

    assert entries
    for entry in entries:
        assert _PACKAGE.match(entry), entry
        assert re.findall(r"--hash=sha256:[0-9a-f]{64}(?=\s|$)", entry), entry


@pytest.mark.parametrize("folder", ["policies", "receivers", "requirements/page_tools", "requirements/openapi"])
def test_every_npm_package_has_a_version_and_a_hash(folder: str) -> None:
    wanted = json.loads((ROOT / "tests" / folder / "package.json").read_text())["dependencies"]
    packages = json.loads((ROOT / "tests" / folder / "package-lock.json").read_text())["packages"]
    locked = {name.removeprefix("node_modules/"): package for name, package in packages.items() if name}
    assert {name: locked[name]["version"] for name in wanted} == wanted
    assert all(package["integrity"].startswith("sha512-") for package in locked.values())


def test_nothing_is_installed_without_its_hashes() -> None:
    installs = [
        line
        for makefile in MAKEFILES
        for line in makefile.read_text().replace("\\\n", " ").splitlines()
        if re.search(r"\bpip\b.* install\b", line) and " uv" not in line
    ]

    # The Makefile and each layer have one recipe that installs.
    assert len(installs) >= 2
    assert [line for line in installs if "--require-hashes" not in line] == []
    assert '"--require-hashes"' in (ROOT / "layers/bridge/build_layer.py").read_text()


@pytest.mark.parametrize(
    ("name", "vulns", "code"), [("sound", [], 0), ("broken", [{"id": "CVE-1", "fix_versions": []}], 1)]
)
def test_a_known_vulnerability_fails_the_audit(name: str, vulns: list[dict[str, Any]], code: int) -> None:
    text, exit_code = report([{"name": name, "version": "1", "vulns": vulns}])

    assert exit_code == code
    assert ("CVE-1" in text) == bool(vulns)


def test_an_audit_without_data_is_skipped_and_an_incomplete_one_fails() -> None:
    sound, unknown = {"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "unreachable"}

    assert report([unknown])[0].startswith("LEFT OUT: nothing was audited.")
    assert report([unknown])[1] == 0
    assert report([sound, unknown]) == ("NOT AUDITED: b: unreachable\n1 packages were looked up, 0 are vulnerable.", 1)
    assert report([])[1] == 1


def test_the_tests_use_the_locked_versions_of_the_functions() -> None:
    def versions(lock: Path) -> dict[str, str]:
        return {match["name"].lower(): match["version"] for match in _PACKAGE.finditer(lock.read_text())}

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    deployed, tested = versions(locks()[0]), versions(ROOT / "tests/requirements/dev.txt")
    assert {re.split(r"[=\[]", wanted)[0] for wanted in project["dependencies"]} <= deployed.keys()
    assert {name: version for name, version in deployed.items() if tested.get(name) != version} == {}
