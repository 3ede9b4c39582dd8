"""docs/openapi.yaml, and functions/about/openapi.json made from it: `python -m tests.contract.openapi`."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "docs" / "openapi.yaml"
SERVED = ROOT / "functions" / "about" / "openapi.json"


@cache
def document() -> dict[str, Any]:
    """The document as it was written."""
    written: dict[str, Any] = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    return written


def compact(written: dict[str, Any]) -> str:
    """As JSON without spaces, in ASCII, with a newline at its end."""
    return json.dumps(written, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    SERVED.write_text(compact(document()), encoding="ascii")
