"""Every sample event by `sam local invoke`: the built functions in AWS's own Lambda image."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.samples import EVENTS, SAMPLES, seed
from tests.sandbox.backing import LOOPBACK, Backing, Choices
from tests.sandbox.sam_local import BUILT
from tests.sandbox.sam_tools import ARCHITECTURE, UnavailableError, host_address, listening_hosts, sam

pytestmark = pytest.mark.sam_local

# Seconds. A function's first start takes as long as its image takes to be built.
TIMEOUT = 300
TEMPLATE = Path(os.environ.get("SAM_TEMPLATE") or BUILT)
# The two addresses that containers reach this machine by.
ENDPOINTS = ("AWS_ENDPOINT_URL", "EKYC_API_URL")


@dataclass(frozen=True, slots=True)
class Lambda:
    """What stands behind the functions, and the file that tells them of it."""

    backing: Backing
    executable: str
    variables: Path

    def invoke(self, sample: str) -> str:
        """The text that the function answered with."""
        folder = sample.partition("/")[0]
        functions = self.backing.stack.functions
        name = next(name for name, function in functions.items() if function.code.name == folder)
        command = [self.executable, "local", "invoke", name, "--template", str(TEMPLATE)]
        command += ["--event", str(EVENTS / f"{sample}.json"), "--env-vars", str(self.variables), "--skip-pull-image"]
        command += ["--parameter-overrides", f"Architecture={ARCHITECTURE}"]
        outer = {name: value for name, value in os.environ.items() if not name.startswith("AWS_ENDPOINT_URL")}
        environment = outer | {"SAM_CLI_TELEMETRY": "0"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        assert done.returncode == 0, done.stderr
        # What the function logs goes elsewhere; an answer is one line.
        return done.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lambda]:
    try:
        executable, address = sam(), host_address()
        if not TEMPLATE.is_file():
            raise UnavailableError(f"{TEMPLATE} is not there: run `make build` first")
        if "TABLE_NAME" in os.environ:
            raise UnavailableError("this process has a sandbox already: run `make test-sam-local`")
    except UnavailableError as reason:
        pytest.skip(f"NOT TESTED by sam local invoke: {reason}")
    backing = Backing("https://api.example.com", Choices(hosts=listening_hosts(address)))
    try:
        path = tmp_path_factory.mktemp("sam-local-invoke") / "env-vars.json"
        path.write_text(json.dumps(_variables(backing, address)), encoding="utf-8")
        yield Lambda(backing, executable, path)
    finally:
        backing.stop()


def _variables(backing: Backing, address: str) -> dict[str, dict[str, str]]:
    inside = {name: backing.variables[name].replace(f"//{LOOPBACK}:", f"//{address}:") for name in ENDPOINTS}
    known = backing.stack.with_variables(inside).functions
    return {name: function.environment for name, function in known.items()}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_event_gets_the_answer_that_it_shows(functions: Lambda, name: str) -> None:
    vendor = functions.backing.vendor
    assert vendor is not None
    functions.backing.reset()
    seed(vendor, functions.backing.client("secretsmanager"), is_completed=SAMPLES[name].is_completed)

    answer = functions.invoke(name)

    SAMPLES[name].check(json.loads(answer))
