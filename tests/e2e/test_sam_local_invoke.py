"""Every sample event by `sam local invoke`: the built functions in AWS's own Lambda image."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from tests.integration.samples import EVENTS, SAMPLES, seed
from tests.sandbox.backing import Backing, Choices
from tests.sandbox.sam_local import BUILT, variables_inside
from tests.sandbox.sam_template import with_endpoint_variable
from tests.sandbox.sam_tools import ARCHITECTURE, UnavailableError, host_address, listening_hosts, sam
from tests.sandbox.serving import Server
from tests.sandbox.signing import jwk
from tests.unit.tokens import ISSUER, token

pytestmark = pytest.mark.sam_local

# Seconds. A function's first start takes as long as its image takes to be built.
TIMEOUT = 300
TEMPLATE = Path(os.environ.get("SAM_TEMPLATE") or BUILT)


@dataclass(frozen=True, slots=True)
class Lambda:
    """What stands behind the functions, and the file that tells them of it."""

    backing: Backing
    executable: str
    template: Path
    variables: Path

    def invoke(self, sample: str, event: Path | None = None) -> str:
        """The text that the function answered with, to the sample or to another event for the same function."""
        folder = sample.partition("/")[0]
        functions = self.backing.stack.functions
        name = next(name for name, function in functions.items() if function.code.name == folder)
        command = [self.executable, "local", "invoke", name, "--template", str(self.template)]
        command += [
            "--event",
            str(event or EVENTS / f"{sample}.json"),
            "--env-vars",
            str(self.variables),
            "--skip-pull-image",
        ]
        command += ["--parameter-overrides", f"Architecture={ARCHITECTURE}"]
        outer = {name: value for name, value in os.environ.items() if not name.startswith("AWS_ENDPOINT_URL")}
        environment = outer | {"SAM_CLI_TELEMETRY": "0"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        assert done.returncode == 0, done.stderr
        # What the function logs goes elsewhere; an answer is one line.
        return done.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def provider() -> Iterator[Server]:
    """An identity provider that shows its keys to containers."""
    try:
        server = Server(listening_hosts(host_address()))
    except UnavailableError as reason:
        pytest.skip(f"NOT TESTED by sam local invoke: {reason}")
    shown = json.dumps({"keys": [jwk("rsa-1")]})
    server.start(Request.application(lambda request: Response(shown)))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory, provider: Server) -> Iterator[Lambda]:
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
        variables = variables_inside(backing, address)
        variables["AuthorizeFunction"] |= {
            "JWT_ISSUER": ISSUER.issuer,
            "JWT_AUDIENCE": ISSUER.audiences[0],
            "JWT_ALGORITHMS": ",".join(ISSUER.algorithms),
            "JWKS_URL": f"http://{address}:{provider.port}/jwks.json",
        }
        path.write_text(json.dumps(variables), encoding="utf-8")
        yield Lambda(backing, executable, with_endpoint_variable(TEMPLATE), path)
    finally:
        backing.stop()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_event_gets_its_expected_response(functions: Lambda, name: str) -> None:
    vendor = functions.backing.vendor
    assert vendor is not None
    functions.backing.reset()
    seed(vendor, functions.backing.client("secretsmanager"), is_completed=SAMPLES[name].is_completed)

    response = functions.invoke(name)

    SAMPLES[name].check(json.loads(response))


@pytest.mark.parametrize(("kid", "changes", "is_let_in"), [("rsa-1", {}, True), ("rsa-1", {"aud": "x"}, False)])
def test_an_access_token_is_read_with_the_layer_that_was_built(
    functions: Lambda, tmp_path: Path, kid: str, changes: dict[str, Any], is_let_in: bool
) -> None:
    functions.backing.reset()
    event = json.loads((EVENTS / "authorize/good_key.json").read_text(encoding="utf-8"))
    event["headers"]["authorization"] = f"Bearer {token(kid, sub='mia', **changes)}"
    event["identitySource"] = [event["headers"]["authorization"]]
    (tmp_path / "event.json").write_text(json.dumps(event), encoding="utf-8")

    response = json.loads(functions.invoke("authorize/good_key", tmp_path / "event.json"))

    assert response["isAuthorized"] is is_let_in
    if is_let_in:
        assert response["context"]["principal"] == "jwt|mia"
