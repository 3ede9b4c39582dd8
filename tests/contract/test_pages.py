"""The tests, files, targets and links that the pages mention exist. Some pages have complete lists."""

import json
import re
from pathlib import Path

import pytest

from tests import pages
from tests.pages import ROOT
from tests.sandbox import template

PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
TESTS = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
}
TARGETS = set(re.findall(r"(?m)^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8")))
PARAMETERS = {name: str(declared["Default"]) for name, declared in template.source()["Parameters"].items()}


def mentions(pattern: str) -> list[tuple[str, str]]:
    """Returns the page and the name of each match of the pattern."""
    found = {(page.name, name) for page in PAGES for name in re.findall(pattern, page.read_text(encoding="utf-8"))}
    return sorted(found)


@pytest.mark.parametrize(("page", "name"), mentions(r"`(test_\w+)`"))
def test_a_test_that_a_page_mentions_exists(page: str, name: str) -> None:
    assert name in TESTS


@pytest.mark.parametrize(("page", "path"), mentions(r"`((?:tests|layers|functions|docs|events)/[\w/.-]+)`"))
def test_a_file_that_a_page_mentions_exists(page: str, path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("page", "target"), mentions(r"`make ([a-z-]+)[`\s]"))
def test_a_make_target_that_a_page_mentions_exists(page: str, target: str) -> None:
    assert target in TARGETS


def test_links_between_pages_have_existing_targets() -> None:
    broken = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", text):
            path = (page.parent / target).resolve() if target else page
            if not path.exists() or (anchor and anchor not in anchors(path)):
                broken.append((page.name, target, anchor))
    assert broken == []


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"(?m)^#+ (.+)$", path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_threat_has_a_measure_and_a_test() -> None:
    threats = re.split(r"(?m)^- ", pages.section("docs/security.md", "Threats"))[1:]
    assert len(threats) > 20
    for threat in threats:
        shown = re.search(r"^\*\*.+?\*\*\s+\S.+\sTests?:\s(.+)", threat, re.DOTALL)
        assert shown, threat
        assert re.search(r"`(test_\w+|tests/[\w/]+\.py|make \w+)`", shown[1]), threat


def test_configuration_md_has_every_parameter_with_its_default() -> None:
    rows = re.findall(r"(?m)^\| `([A-Z]\w+)` \| (.+?) \| .+ \|$", pages.read("docs/configuration.md"))
    assert {name: "" if default == "none" else default.strip("`") for name, default in rows} == PARAMETERS


def test_architecture_md_has_every_module_of_the_package() -> None:
    listed = set()
    for section in re.split(r"(?m)^##+ ", pages.section("docs/architecture.md", "The package")):
        folder = "".join(re.findall(r"\A`(\w+/)`:", section))
        listed |= {folder + name for name in re.findall(r"(?m)^\| `([\w/]+)` \|", section)}
    package = ROOT / "layers/bridge/bridge"
    modules = {str(path.relative_to(package).with_suffix("")) for path in package.rglob("*.py")}
    assert listed == {module for module in modules if not module.endswith("__init__")}


def test_architecture_md_has_every_attribute_of_a_verification() -> None:
    section = pages.section("docs/architecture.md", "The table")
    listed = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"(?m)^\| (`.+?) \|", section))))
    rows = (ROOT / "layers/bridge/bridge/store/rows.py").read_text(encoding="utf-8")
    read = set(re.findall(r'\brow(?:\.get\(|\[)"(\w+)"', rows))
    # Some attributes are for the table only.
    stored = set()
    for path in (ROOT / "tests/store/records").glob("v*.json"):
        stored |= {name for item in json.loads(path.read_text(encoding="utf-8")).values() for name in item}
    assert listed == read | stored


def test_operations_md_has_every_log_message() -> None:
    rows = " ".join(re.findall(r"(?m)^\| (`.+?) \|", pages.section("docs/operations.md", "Logs")))
    call = r'(?:logger\.\w+|\breport|\bcount|record_failure|_set_aside)\(\s*(?:deps, webhook, )?"(\w+)"'
    sources = (ROOT / "layers/bridge/bridge").rglob("*.py")
    written = {name for path in sources for name in re.findall(call, path.read_text(encoding="utf-8"))}
    assert set(re.findall(r"`(\w+)`", rows)) == written


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_a_page_has_no_long_line(page: Path) -> None:
    # The fault matrix is generated, and wider.
    text = re.sub(r"(?s)<!-- fault matrix -->.*<!-- end", "", page.read_text(encoding="utf-8"))
    assert [line for line in text.splitlines() if len(line) > 120] == []
