"""Imports point inwards: functions → web, use cases → vendor, store, aws, auth → outbound → domain."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.session import get_session

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


def uses(path: Path) -> set[str]:
    """What a file imports, with the packages of it; `environ` for any way to read the environment."""
    modules = set(imports(path))
    reads_environment = re.search(r"\b(environb?|getenvb?)\b", ast.unparse(ast.parse(path.read_text())))
    return modules | {module.partition(".")[0] for module in modules} | ({"environ"} if reads_environment else set())


def calls(path: Path) -> set[str]:
    """The names of the methods that a file calls."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return {node.func.attr for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}


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


# Who reads the environment, makes AWS clients and sends HTTP requests. The commands in cli/ run on operators' machines.
USERS = {
    "environ": {
        "bridge/settings.py",
        "bridge/cli/doctor.py",  # operators may pass the vendor's credentials in their environment
    },
    "boto3": {
        "bridge/aws/clients.py",
        "bridge/cli/secrets_client.py",  # in the region of the secret
    },
    "requests": {
        "bridge/outbound/deadline.py",
        "bridge/outbound/public_post.py",
        "bridge/outbound/session.py",
        "bridge/vendor/transport.py",
        "bridge/cli/vendor_account.py",  # the doctor compares whole responses, including errors
    },
    "bridge.outbound.session": {
        "bridge/auth/jwks.py",  # it calls identity providers
        "bridge/outbound/public_post.py",  # it calls endpoints of webhooks
        "bridge/vendor/transport.py",
        "bridge/cli/vendor_account.py",  # as above
    },
}


@pytest.mark.parametrize("name", USERS)
def test_only_listed_modules_use(name: str) -> None:
    users = {str(path.relative_to(ROOT)).removeprefix("layers/bridge/") for _, path in packages() if name in uses(path)}
    assert users == USERS[name]


def test_only_store_calls_dynamodb_and_s3() -> None:
    models = [get_session().get_service_model(service) for service in ("dynamodb", "s3")]
    operations = {xform_name(operation) for model in models for operation in model.operation_names}
    for path in (path for name, path in packages() if name != "store"):
        assert not calls(path) & (operations | {"get_paginator", "generate_presigned_url"}), path
