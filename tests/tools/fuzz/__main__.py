"""python -m tests.tools.fuzz: runs schemathesis with all its checks against the sandbox. Exits with its exit code.

MAX_EXAMPLES (70) is the most cases per operation and phase, SEED (1) repeats a run, SCHEMATHESIS is the executable.
The fake vendor has no faults and no rate limit, so every 5xx is a defect.

The document is narrowed by rules that no schema can express: the allowed origins, the known countries, the format of a
cursor. The bridge has to accept every case that conforms to it. Half of the ids and codes belong to existing
verifications, one for each path.
"""

import base64
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import requests
import yaml

from bridge.domain.country_codes import ALPHA_3
from tests.sandbox.sandbox import Sandbox

_ROOT = Path(__file__).parents[3]


_ORIGIN = "https://app.example.com"
# A short Idempotency-Key may repeat with another body, which gets a 422. Other valid cases have to be accepted.
_CONFIGURATION = """
[[operations]]
include-name = "POST /verifications"

[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 409, 422]
"""
_UNKNOWN_ID = "ver_aaaaaaaaaaaaaaaaaaaaaaaaaa"
_SEED = os.environ.get("SEED") or "1"


def main() -> int:
    """Runs schemathesis, and returns its exit code."""
    # The functions print logs, but stdout is for the output of schemathesis.
    sys.stdout = sys.stderr
    os.environ |= {"ALLOWED_REDIRECT_ORIGINS": _ORIGIN, "POWERTOOLS_LOG_LEVEL": "CRITICAL", "LOG_LEVEL": "CRITICAL"}
    # Hundreds of calls within seconds would exceed the rate limit, and each 503 would count as a defect.
    os.environ["VENDOR_RATE_LIMIT"] = "1000000"
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        sandbox.vendor.remove_rate_limit()
        document = Path(folder) / "openapi.yaml"
        document.write_text(yaml.safe_dump(with_existing_ids(narrowed(), sandbox)), encoding="utf-8")
        configuration = Path(folder) / "schemathesis.toml"
        configuration.write_text(_CONFIGURATION, encoding="utf-8")
        command = _command(document, configuration, sandbox)
        return subprocess.run(command, check=False, stdout=sys.__stdout__).returncode


def narrowed() -> dict[str, Any]:
    """Returns docs/openapi.yaml, narrowed to this deployment."""
    document: dict[str, Any] = yaml.safe_load((_ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    hosts = r"(https://[A-Za-z0-9][A-Za-z0-9.-]{0,252}|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?"
    pattern = schemas["RedirectUrl"]["pattern"]
    assert hosts in pattern, "the pattern of redirect_url has changed: narrow the new one"
    schemas["RedirectUrl"]["pattern"] = pattern.replace(hosts, _ORIGIN.replace(".", r"\.") + "(:443)?")
    schemas["IdCountry"] = {"enum": sorted(ALPHA_3)}
    # API Gateway's own errors. The sandbox has none, and `default` would allow any status.
    del document["paths"]["/return/{id}/{code}"]["get"]["responses"]["default"]
    _narrow_list(document["paths"]["/verifications"]["get"])
    return document


def _narrow_list(operation: dict[str, Any]) -> None:
    """Lists by time with an odd SEED, else by reference: OpenAPI cannot express that they exclude each other."""
    others = ("reference",) if int(_SEED) % 2 else ("status", "created_after", "created_before")
    operation["parameters"] = [each for each in operation["parameters"] if each["name"] not in others]
    cursor = base64.urlsafe_b64encode(f"2026-01-31T08:00:00.000Z|{_UNKNOWN_ID}".encode()).decode()
    # OpenAPI cannot express that one time is later than another, with the cursor in between, either.
    values = {
        "cursor": [cursor],
        "created_after": ["2026-01-01T00:00:00Z", "2026-01-31T16:00:00+08:00"],
        "created_before": ["2199-12-31T23:59:59Z"],
    }
    for parameter in operation["parameters"]:
        if parameter["name"] in values:
            parameter["schema"] = {"enum": values[parameter["name"]]}


def with_existing_ids(document: dict[str, Any], sandbox: Sandbox) -> dict[str, Any]:
    """Returns the document, whose ids and codes may also be those of existing verifications."""
    known = document["components"]["parameters"]
    for path, operations in document["paths"].items():
        if "{id}" not in path:
            continue
        id, code = _verification(sandbox)
        existing = {"id": id, "code": code}
        parameters = [known[each["$ref"].rpartition("/")[2]] for each in operations["parameters"]]
        operations["parameters"] = [
            {**each, "schema": {"anyOf": [{"enum": [existing[each["name"]]]}, each["schema"]]}} for each in parameters
        ]
    return document


def _verification(sandbox: Sandbox) -> tuple[str, str]:
    """Creates a verification, and returns its id and code."""
    body = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD", "redirect_url": f"{_ORIGIN}/done"}
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    response = requests.post(f"{sandbox.api_url}/verifications", json=body, headers=headers, timeout=30)
    response.raise_for_status()
    # …/status/{id}/{code}
    id, code = response.json()["status_url"].split("/")[-2:]
    return id, code


def _command(document: Path, configuration: Path, sandbox: Sandbox) -> list[str]:
    return [
        os.environ.get("SCHEMATHESIS", "schemathesis"),
        f"--config-file={configuration}",
        "run",
        str(document),
        f"--url={sandbox.api_url}",
        f"--header=Authorization:Bearer {sandbox.api_key}",
        "--checks=all",
        # An HTTP API responds to an unknown method with 404, never with 405.
        "--exclude-checks=unsupported_method",
        f"--max-examples={os.environ.get('MAX_EXAMPLES') or 70}",
        f"--seed={_SEED}",
        "--generation-database=none",
        "--continue-on-failure",
        "--max-redirects=0",
    ]


if __name__ == "__main__":
    sys.exit(main())
