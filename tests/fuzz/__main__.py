"""python -m tests.fuzz: schemathesis with all its checks against the running bridge; ends as schemathesis ends.

MAX_EXAMPLES (70) is the most cases for each operation and phase, SEED (1) repeats a run, SCHEMATHESIS
is the executable.
The vendor's stand-in is healthy and takes any number of calls, so nothing excuses a 5xx.

The document is narrowed to what no schema can say, the origins that this deployment allows and which countries there
are: a case that keeps to it then has to be taken.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from bridge.country_codes import ALPHA_3
from tests.sandbox.sandbox import Sandbox

_ROOT = Path(__file__).parents[2]


_ORIGIN = "https://app.example.com"


def main() -> int:
    """Runs it; returns the exit code of schemathesis."""
    # The functions print their logs; only what schemathesis says is asked for here.
    sys.stdout = sys.stderr
    os.environ |= {"ALLOWED_REDIRECT_ORIGINS": _ORIGIN, "POWERTOOLS_LOG_LEVEL": "CRITICAL", "LOG_LEVEL": "CRITICAL"}
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        sandbox.vendor.take_any_number()
        document = Path(folder) / "openapi.yaml"
        document.write_text(yaml.safe_dump(narrowed()), encoding="utf-8")
        return subprocess.run(_command(document, sandbox), check=False, stdout=sys.__stdout__).returncode


def narrowed() -> dict[str, Any]:
    """docs/openapi.yaml for this one deployment."""
    document: dict[str, Any] = yaml.safe_load((_ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    hosts, behind = (
        r"(https://[A-Za-z0-9][A-Za-z0-9.-]{0,252}|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?",
        "(:443)?",
    )
    pattern = schemas["RedirectUrl"]["pattern"]
    assert hosts in pattern, "the pattern of redirect_url is another: narrow that one"
    schemas["RedirectUrl"]["pattern"] = pattern.replace(hosts, _ORIGIN.replace(".", r"\.") + behind)
    schemas["IdCountry"] = {"enum": sorted(ALPHA_3)}
    return document


def _command(document: Path, sandbox: Sandbox) -> list[str]:
    return [
        os.environ.get("SCHEMATHESIS", "schemathesis"),
        "run",
        str(document),
        f"--url={sandbox.api_url}",
        f"--header=Authorization:Bearer {sandbox.api_key}",
        "--checks=all",
        f"--max-examples={os.environ.get('MAX_EXAMPLES') or 70}",
        f"--seed={os.environ.get('SEED') or 1}",
        "--generation-database=none",
        "--continue-on-failure",
        "--max-redirects=0",
    ]


if __name__ == "__main__":
    sys.exit(main())
