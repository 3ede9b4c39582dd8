"""The command blocks of README and docs/: what runs each of them, and a shell that runs them."""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import pages, shell
from tests.pages import ROOT
from tests.sandbox.sandbox import Sandbox

PAGES = ("README.md", "SECURITY.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))

# Seconds for all blocks of one shell.
TIMEOUT = 600

# Which test runs a block. The key is the page and the beginning of the block's text.
# "gate" and "deployed" are what .ci/run calls; the others are tests of this folder.
RUN_BY = {
    ("README.md", "make demo"): "gate",
    ("README.md", "make run"): "local",
    ("README.md", 'curl -sS "$API_URL/verifications"'): "local",
    ("README.md", "sam build"): "deployed",
    ("README.md", "export AWS_DEFAULT_REGION"): "aws",
    ("README.md", ': "${EKYC_CLIENT_ID:?}"'): "aws",
    ("README.md", "API_KEY=$(make -s api-key"): "api-key",
    ("README.md", 'curl -sS "$ApiUrl/health"'): "deployed",
    ("docs/api.md", ""): "local",
    ("docs/development.md", "make run WEBHOOK_URL="): "own-receiver",
    ("docs/development.md", 'curl -sS "$API_URL/verifications"'): "local",
    ("docs/development.md", 'curl -sS -X PUT "$FRONTEND_URL/hook"'): "local",
    ("docs/development.md", "# Open the link"): "local",
    ("docs/development.md", 'curl -sS "$EKYC_API_URL/admin/faults"'): "slow-vendor",
    ("docs/development.md", 'curl -sS -X DELETE "$EKYC_API_URL/admin/faults"'): "slow-vendor",
    ("docs/operations.md", "KEYS=$(aws secretsmanager get-secret-value"): "aws-revoke",
    ("docs/operations.md", "VALUE=$(aws secretsmanager get-secret-value"): "aws-restore-secret",
    ("docs/operations.md", "make doctor\n"): "doctor",
    ("docs/operations.md", "make doctor SECRET="): "doctor",
    ("docs/operations.md", "make check-evidence"): "check-evidence",
    ("docs/operations.md", "aws dynamodb query"): "aws",
    ("docs/operations.md", "aws dynamodb scan"): "aws-find",
    ("docs/operations.md", "aws dynamodb get-item"): "aws-act",
    ("docs/operations.md", "aws dynamodb restore-table"): "aws-restore",
    ("docs/operations.md", "keys() {"): "aws-compare",
    ("docs/operations.md", "aws s3api delete-bucket-policy"): "aws-delete",
    ("docs/operations.md", "aws sqs start-message-move-task"): "aws-sqs",
    ("docs/operations.md", "QUERY=$(aws logs start-query"): "aws-logs",
    ("docs/reliability.md", "make simulate"): "gate",
    ("docs/reliability.md", "SEED=7"): "simulation",
    ("docs/webhooks.md", ""): "webhooks",
}

# The body of a create.
WANTED = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD", "redirect_url": "http://localhost:5173/done"}


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page, without the indentation of a list."""

    page: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.text.splitlines()[0]}"


def blocks() -> list[Block]:
    """All command blocks of all pages."""
    return [
        Block(page, text) for page in PAGES for text in pages.code(pages.read(page), "console", "sh", "shell", "bash")
    ]


def keys_of(block: Block) -> list[tuple[str, str]]:
    """The keys of RUN_BY that match the block."""
    return [key for key in RUN_BY if block.page == key[0] and block.text.startswith(key[1])]


def run_by(runner: str, page: str) -> list[str]:
    """The text of each block of the page that this runner runs."""
    return [block.text for block in blocks() if block.page == page and RUN_BY[keys_of(block)[0]] == runner]


class Shell:
    """Runs blocks in a folder with links to the checkout, and with an installed virtual environment.

    It differs from a reader's shell in one point: curl fails if the status of the response is 400 or more.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder = folder
        tools = folder / "bin"
        tools.mkdir()
        shell.write_script(tools / "curl", f'exec "{shutil.which("curl")}" --fail-with-body "$@"')
        # The Python that runs the tests has the packages that `make` would install.
        shell.write_script(folder / "venv" / "bin" / "python", f'exec "{sys.executable}" "$@"')
        (folder / "venv" / ".sandbox").touch()
        (folder / "venv" / ".dev").touch()
        for path in ROOT.iterdir():
            if not path.name.startswith("."):
                (folder / path.name).symlink_to(path)
        found_on = os.pathsep.join([str(tools), os.environ["PATH"]])
        self._environment = {"PATH": found_on, "HOME": str(folder), "MAKEFLAGS": f"VENV={folder / 'venv'}", **variables}

    def put_on_path(self, executable: str, *options: str) -> None:
        """Adds an executable to PATH. Each call gets these options first."""
        command = shlex.join([executable, *options])
        shell.write_script(self._folder / "bin" / Path(executable).name, f'exec {command} "$@"')

    def run(self, *scripts: str) -> str:
        """Runs the scripts as one, up to the first command that fails. Returns what they print on stdout."""
        done = shell.run(*scripts, folder=self._folder, environment=self._environment, seconds=TIMEOUT)
        return done.stdout


def secret(sandbox: Sandbox, output: str) -> Any:
    """The JSON value of the secret whose ARN is this output of the stack."""
    value = sandbox.client("secretsmanager").get_secret_value(SecretId=sandbox.stack.outputs[output])
    return json.loads(value["SecretString"])
