"""Writes the project's version into docs/openapi.yaml, and functions/about/openapi.json from it: `make openapi`."""

import json
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "docs" / "openapi.yaml"
SERVED = ROOT / "functions" / "about" / "openapi.json"
_VERSION = re.compile(r"(?m)^  version: .*$")


def version() -> str:
    """Returns the project's version from pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


@cache
def document() -> dict[str, Any]:
    """Returns docs/openapi.yaml."""
    parsed: dict[str, Any] = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    return parsed


def compact(value: dict[str, Any]) -> str:
    """Returns JSON in ASCII without spaces, with a newline at its end."""
    return json.dumps(value, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    SOURCE.write_text(_VERSION.sub(f"  version: {version()}", SOURCE.read_text(encoding="utf-8")), encoding="utf-8")
    SERVED.write_text(compact(document()), encoding="ascii")
