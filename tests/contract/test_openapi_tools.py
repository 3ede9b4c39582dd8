"""Public tools accept docs/openapi.yaml: Redocly's linter and page, and the types of openapi-typescript."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import OUTER_ENVIRONMENT
from tests.contract.commands import Shell
from tests.contract.openapi import ROOT, SOURCE, document

# `make` installs the tools here.
TOOLS = Path(os.environ.get("OPENAPI_TOOLS", ROOT / ".venv/openapi-tools"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not ((TOOLS / ".done").exists() and shutil.which("node")),
        reason="needs Node and the npm packages that `make check` installs",
    ),
]
# Uses the types. The compiler fails if a line after @ts-expect-error is no error.
CALLER = """
import type { components, operations } from "./api";

type Schemas = components["schemas"];
type Read = operations["read_verification"]["responses"][200]["content"]["application/json"];

export function message(verification: Schemas["Verification"] | Schemas["Status"] | Read): string {
  switch (verification.status) {
    case "pending":
    case "verified":
      // @ts-expect-error there is no reason
      return verification.reason.message;
    case "processing":
      // @ts-expect-error it may be null
      return verification.reason.message;
    case "expired":
      // @ts-expect-error a reason of another status
      if (verification.reason.code === "document_blurry") return "";
      return verification.reason.message;
    case "rejected":
    case "failed":
      return verification.reason.message;
  }
}

export const least: Schemas["LinkRequest"] = {
  type: "00", id_country: "MYS", id_type: "ID_CARD",
};
// @ts-expect-error id_type is required
export const less: Schemas["LinkRequest"] = { type: "00", id_country: "MYS" };
export const nothing: null = ({} as Schemas["RedactedVerification"]).redirect_url;
"""


def run(tool: str, *arguments: str, folder: Path) -> str:
    """Runs a tool in a folder without a configuration. Returns stdout."""
    done = subprocess.run(
        [str(TOOLS / "node_modules/.bin" / tool), *arguments],
        cwd=folder,
        env=OUTER_ENVIRONMENT | {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_recommended_rules_of_redocly_find_nothing(tmp_path: Path) -> None:
    found = json.loads(run("redocly", "lint", str(SOURCE), "--extends=recommended", "--format=json", folder=tmp_path))

    assert [(problem["ruleId"], problem["message"]) for problem in found["problems"]] == []
    assert found["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}


def test_the_types_compile_and_distinguish_the_statuses(tmp_path: Path) -> None:
    run("openapi-typescript", str(SOURCE), "--output", "api.ts", folder=tmp_path)
    (tmp_path / "caller.ts").write_text(CALLER, encoding="utf-8")

    run("tsc", "--strict", "--noEmit", "--target", "es2022", "--moduleResolution", "bundler", "--module", "esnext",
        "caller.ts", folder=tmp_path)  # fmt: skip


def test_the_api_page_has_the_document_and_loads_nothing(tmp_path: Path) -> None:
    Shell(tmp_path, {"OPENAPI_TOOLS": str(TOOLS)}).run("make docs")

    page = (tmp_path / "build/api.html").read_text(encoding="utf-8")
    embedded = page.partition("const __redoc_definition = ")[2]
    assert json.JSONDecoder().raw_decode(embedded)[0] == document()
    shown_without_scripts = page.partition('<div id="redoc">')[2].partition('<script type="module">')[0]
    assert document()["info"]["summary"] in shown_without_scripts
    assert not re.search(r"<(script|img|iframe)\b[^>]* src=|<link\b", page.replace(embedded, ""))
