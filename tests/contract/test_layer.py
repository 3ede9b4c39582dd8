"""The layer that `sam build` makes is reproducible, small, and sufficient for every function."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox import template

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers" / "bridge"
MAX_BYTES = 12_000_000

# IAM actions whose API operation has another name.
OPERATIONS = {
    # Without ListBucket, GetObject reports a missing key as AccessDenied.
    "s3:ListBucket": "GetObject",
    "s3:ListBucketVersions": "ListObjectVersions",
    "s3:DeleteObjectVersion": "DeleteObject",
    "sqs:GetQueueAttributes": "GetQueueAttributes",
}
# Actions that Lambda and other services perform with a role's permissions.
SERVICE_ACTIONS = re.compile(
    r"(logs|kms|xray):.*|sqs:(ReceiveMessage|DeleteMessage)"
    r"|dynamodb:(DescribeStream|GetRecords|GetShardIterator|ListStreams)"
)


def _runtime() -> str | None:
    """Returns the interpreter of the functions' version that the build uses."""
    command = ["sh", str(LAYER.parent / "find_python.sh"), "3.13"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() if found.returncode == 0 else None


RUNTIME = _runtime()
pytestmark = pytest.mark.skipif(RUNTIME is None, reason="the layer's bytecode needs Python 3.13")


def _build(into: Path, python: str) -> Path:
    command = ["make", "-s", "-C", str(LAYER), "build-BridgeLayer", f"ARTIFACTS_DIR={into}", f"PYTHON={python}"]
    subprocess.run(command, env={**os.environ, "PYTHON_RUNTIME": RUNTIME or ""}, check=True)
    return into / "python"


def _another_python() -> str:
    """Returns another version of Python with pip if there is one. The bytes must not depend on who builds."""
    for name in ("python3.12", "python3.11", "python3.14"):
        path = shutil.which(name)
        if path and subprocess.run([path, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
            return path
    return sys.executable


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(tmp_path_factory.mktemp("layer"), sys.executable)


def _contents(layer: Path) -> dict[str, tuple[str, int, int]]:
    """Returns the hash, time and permissions of each file."""
    files = [path for path in layer.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(layer)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            int(path.stat().st_mtime),
            path.stat().st_mode,
        )
        for path in files
    }


@pytest.mark.slow
def test_a_build_with_another_python_has_the_same_bytes(layer: Path, tmp_path: Path) -> None:
    again = _build(tmp_path / "elsewhere", _another_python())

    assert _contents(again) == _contents(layer)


@pytest.mark.slow
def test_the_layer_is_small(layer: Path) -> None:
    size = sum(path.stat().st_size for path in layer.rglob("*") if path.is_file())

    assert size <= MAX_BYTES


@pytest.mark.slow
def test_every_module_has_bytecode_that_ignores_timestamps(layer: Path) -> None:
    for source in layer.rglob("*.py"):
        bytecode = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
        # The flags after the magic number say that the file has a hash, which is not checked.
        assert bytecode.read_bytes()[4:8] == (0b01).to_bytes(4, "little"), source


@pytest.mark.slow
def test_the_layer_has_the_licence_of_every_package(layer: Path) -> None:
    for package in layer.glob("*.dist-info"):
        assert [path for path in package.rglob("*") if re.match("LICEN[CS]E", path.name)], package.name


def _functions() -> list[str]:
    return sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))


@pytest.mark.slow
@pytest.mark.parametrize("function", _functions())
def test_every_function_works_with_only_the_layer(function: str, layer: Path) -> None:
    """Imports the function and all modules of bridge, and makes every client."""
    program = """
import importlib, pkgutil, sys
import app, bridge
from bridge.aws import clients
assert bridge.__file__.startswith(sys.argv[1]), bridge.__file__
for module in pkgutil.walk_packages(bridge.__path__, "bridge."):
    importlib.import_module(module.name)
for service in clients.ATTEMPTS:
    clients.client(service)
"""
    path = f"{ROOT / 'functions' / function}{os.pathsep}{layer}"
    environment = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "AWS_DEFAULT_REGION": "ap-southeast-1"}
    environment["PUBLIC_BASE_URL"] = ""
    assert RUNTIME is not None

    ran = subprocess.run(
        [RUNTIME, "-S", "-s", "-W", "error", "-c", program, str(layer)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr


def _operations() -> dict[str, list[str]]:
    operations: dict[str, list[str]] = tomllib.loads((LAYER / "layer.toml").read_text())["operations"]
    return operations


def _statements() -> Iterator[dict[str, Any]]:
    for role in template.read().of_type("AWS::IAM::Role").values():
        # Traces are sent to a daemon, without a client.
        for policy in (each for each in role["Policies"] if "Fn::If" not in each):
            yield from policy["PolicyDocument"]["Statement"]


def test_the_layer_has_every_operation_that_the_roles_allow() -> None:
    actions = {
        action
        for each in _statements()
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }
    for action in sorted(actions):
        if not SERVICE_ACTIONS.fullmatch(action):
            service, _, operation = action.partition(":")
            assert OPERATIONS.get(action, operation) in _operations()[service], f"{action} is not in layer.toml"
