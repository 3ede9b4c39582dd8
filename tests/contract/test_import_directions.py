"""Imports point inwards: functions → web, use cases → vendor, store, aws, auth → outbound → domain."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BRIDGE = ROOT / "layers/bridge/bridge"

# The packages that each package may import besides itself. A module at the top of `bridge` counts as a package.
ALLOWED = {
    "functions": {"web", "use_cases", "dependencies", "domain", "aws", "observability"},
    "cli": {"vendor", "store", "aws", "auth", "outbound", "domain"},
    "web": {"domain", "observability", "tracing", "settings"},
    "use_cases": {"dependencies", "vendor", "store", "aws", "auth", "outbound", "domain", "observability"},
    "dependencies": {"vendor", "store", "aws", "auth", "outbound", "domain", "settings"},
    # The rate limiter's counters are in DynamoDB, the vendor's credentials in Secrets Manager.
    "vendor": {"store", "aws", "outbound", "domain", "observability", "tracing"},
    "auth": {"outbound", "domain", "observability"},
    "store": {"aws", "domain", "observability"},
    "aws": {"domain", "observability"},
    "outbound": {"domain"},
    "tracing": {"settings"},
    "observability": {"domain"},
    "settings": set(),
    "domain": set(),
}
# Modules of the standard library that do no I/O and read no clock, environment or randomness.
PURE = {
    *("base64", "collections.abc", "contextlib", "datetime", "email.utils", "enum", "hashlib", "hmac"),
    *("ipaddress", "json", "re", "types", "typing", "unicodedata"),
    "urllib.parse",
}


def packages() -> Iterator[tuple[str, Path]]:
    for path in sorted(BRIDGE.rglob("*.py")):
        parts = path.relative_to(BRIDGE).parts
        if parts != ("__init__.py",):
            yield (parts[0] if len(parts) > 1 else path.stem), path
    for path in sorted((ROOT / "functions").glob("*/app.py")):
        yield "functions", path


def imports(path: Path) -> Iterator[str]:
    """Yields the modules that a file imports, also in functions. A name x of the package is `bridge.x`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (
                [f"bridge.{alias.name}" for alias in node.names] if node.module == "bridge" else [str(node.module)]
            )


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_each_package_imports_only_what_is_allowed(package: str) -> None:
    files = [path for name, path in packages() if name == package]
    assert files, f"{package} does not exist: delete its row"
    for path in files:
        used = {name.split(".")[1] for name in imports(path) if name.startswith("bridge.")}
        assert used - {package} <= ALLOWED[package], path


def test_every_package_has_a_rule() -> None:
    assert {name for name, _ in packages()} == set(ALLOWED)


def test_domain_does_no_io_and_never_reads_the_clock() -> None:
    for path in (path for name, path in packages() if name == "domain"):
        others = {name for name in imports(path) if not name.startswith("bridge.domain")}
        assert others <= PURE, path
        assert not re.search(r"\.(now|today|utcnow)\(", path.read_text()), path


# cli/ is excluded: its commands run on operators' machines, with their environment and clients.
@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("os.environ", {"settings.py"}),
        ("import boto3", {"aws/clients.py"}),
        ("import requests", {"vendor/transport.py", "outbound/public_post.py", "outbound/session.py"}),
    ],
)
def test_one_module_reads_the_environment_and_one_makes_clients(text: str, where: set[str]) -> None:
    found = {path for name, path in packages() if name not in ("cli", "functions") and text in path.read_text()}
    assert {str(path.relative_to(BRIDGE)) for path in found} == where
