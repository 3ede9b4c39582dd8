"""A copy of this checkout, which is built and deployed as the README says."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests import shell
from tests.deployed.edits import Edit
from tests.pages import ROOT

# Where SAM and the AWS CLI are installed.
_TOOLS = {"sam": ROOT / ".venv/sam/bin/sam", "aws": ROOT / ".venv/ministack/bin/aws"}
_SECONDS = 300

# test_delivery.py fails on any other difference between the checkout and the deployment.
TEMPLATE_EDITS: tuple[str, ...] = ()
BUILD_EDITS = ("the tests' CA is appended to BridgeLayer/python/certifi/cacert.pem, the CAs that functions trust",)
_LEFT_OUT = (".git", ".venv", ".aws-sam", ".*_cache", ".hypothesis", ".mutation", "__pycache__")


class Checkout:
    """`settings` are environment variables for every command; `bundle` is a CA that the functions shall trust."""

    def __init__(self, folder: Path, settings: Mapping[str, str], bundle: Path) -> None:
        self.folder = folder / "checkout"
        self.bundle = bundle
        shutil.copytree(ROOT, self.folder, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
        (self.folder / ".venv").symlink_to(ROOT / ".venv")
        tools = folder / "bin"
        tools.mkdir()
        (tools / "aws").symlink_to(_TOOLS["aws"])
        certificates = self.folder / ".aws-sam/build/BridgeLayer/python/certifi/cacert.pem"
        shell.write_script(
            tools / "sam", f'"{_TOOLS["sam"]}" "$@" || exit', f'[ "$1" != build ] || cat "{bundle}" >>"{certificates}"'
        )
        home = folder / "home"
        home.mkdir()
        # curl connects to the emulator, also for the names of HTTP APIs.
        emulator = settings["AWS_ENDPOINT_URL"].removeprefix("https://")
        (home / ".curlrc").write_text(f'connect-to = "::{emulator}"\ncacert = "{bundle}"\n', encoding="utf-8")
        self._parameters: dict[str, str] = {}
        self._settings = {
            # As if SAM's environment were activated. Its Python is at least 3.11, which the README requires.
            "PATH": os.pathsep.join([str(tools), str(_TOOLS["sam"].parent), os.environ["PATH"]]),
            # Hides the credentials, profiles and settings of the user who runs the tests.
            "HOME": str(home),
            "SAM_CLI_TELEMETRY": "0",
            # Seconds between two polls of a deployment. SAM's default of 5 would be most of the run's time.
            "SAM_CLI_POLL_DELAY": "0.5",
            "AWS_PAGER": "",
            **settings,
        }

    def set_parameters(self, environment: str, parameters: Mapping[str, str]) -> None:
        """Adds to the `parameter_overrides` of an environment in samconfig.toml, as the README's first step says."""
        self._parameters.update(parameters)
        path = self.folder / "samconfig.toml"
        before, table, after = path.read_text(encoding="utf-8").partition(f"[{environment}.deploy.parameters]\n")
        lines = "".join(f'    "{name}={value}",\n' for name, value in parameters.items())
        opening = "parameter_overrides = [\n"
        if opening not in after:
            raise ValueError(f"samconfig.toml has no parameter_overrides for {environment}")
        path.write_text(before + table + after.replace(opening, opening + lines, 1), encoding="utf-8")

    def deploy(self, parameters: Mapping[str, str] | None = None, *, check: bool = True) -> int:
        """Runs `sam deploy`, with `--parameter-overrides` for `parameters`; returns its exit code."""
        overrides = "".join(f""" '{name}="{value}"'""" for name, value in (parameters or {}).items())
        options = f" --parameter-overrides{overrides}" if overrides else ""
        return self.run(f"sam deploy --config-env prod{options}", check=check).returncode

    @contextmanager
    def edited(self, edit: Edit) -> Iterator[None]:
        """Inside, a source file of the checkout is edited."""
        source = self.folder / edit.path
        before = source.read_text(encoding="utf-8")
        source.write_text(edit.apply(before), encoding="utf-8")
        try:
            yield
        finally:
            source.write_text(before, encoding="utf-8")

    @contextmanager
    def restoring_the_build(self) -> Iterator[None]:
        """Restores the build afterwards, without another `sam build`."""
        built, kept = self.folder / ".aws-sam/build", self.folder / ".aws-sam/kept"
        shutil.copytree(built, kept)
        try:
            yield
        finally:
            shutil.rmtree(built)
            kept.rename(built)

    def deviations(self) -> str:
        """Returns how the deployment differs from the checkout: parameters and edits."""
        return "\n".join(
            [
                *(f"parameter {name}={value}" for name, value in self._parameters.items()),
                *(f"edit of the template: {edit}" for edit in TEMPLATE_EDITS),
                *(f"edit of the build: {edit}" for edit in BUILD_EDITS),
            ]
        )

    def run(self, *scripts: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Runs scripts in one shell at the top of the checkout. Every prompt gets the answer yes."""
        return shell.run(
            *scripts, folder=self.folder, environment=self._settings, seconds=_SECONDS, answers="y\n" * 9, check=check
        )
