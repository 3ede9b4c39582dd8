"""docs/openapi.yaml with the project's version, and functions/about/openapi.json made from it: `make openapi`."""

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
    """The project's, which pyproject.toml says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


@cache
def document() -> dict[str, Any]:
    """The document as it was written."""
    written: dict[str, Any] = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    return written


def compact(written: dict[str, Any]) -> str:
    """As JSON without spaces, in ASCII, with a newline at its end."""
    return json.dumps(written, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    SOURCE.write_text(_VERSION.sub(f"  version: {version()}", SOURCE.read_text(encoding="utf-8")), encoding="utf-8")
    SERVED.write_text(compact(document()), encoding="ascii")
