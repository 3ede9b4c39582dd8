"""Every sample event with `sam local invoke`: the built functions in AWS's Lambda image."""

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
from tests.sandbox.access_tokens import ISSUER, token
from tests.sandbox.backing_services import BackingServices, SandboxSettings
from tests.sandbox.sam_local import BUILT, variables_inside
from tests.sandbox.sam_template import with_endpoint_variable
from tests.sandbox.sam_tools import ARCHITECTURE, UnavailableError, host_address, listening_hosts, sam
from tests.sandbox.serving import Server
from tests.sandbox.signing import jwk

pytestmark = pytest.mark.sam_local

# Seconds. sam builds an image before a function's first start.
TIMEOUT = 300
TEMPLATE = Path(os.environ.get("SAM_TEMPLATE") or BUILT)


@dataclass(frozen=True, slots=True)
class SamInvoke:
    """Calls functions with `sam local invoke`. `variables` is the file with their environment variables."""

    backing: BackingServices
    executable: str
    template: Path
    variables: Path

    def invoke(self, sample: str, event: Path | None = None) -> str:
        """Returns the function's result as text, for the sample or another event of the same function."""
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
        # The result is the last line of stdout, and logs go to stderr.
        return done.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def provider() -> Iterator[Server]:
    """An identity provider that containers reach."""
    try:
        server = Server(listening_hosts(host_address()))
    except UnavailableError as reason:
        pytest.skip(f"NOT TESTED by sam local invoke: {reason}")
    key_set = json.dumps({"keys": [jwk("rsa-1")]})
    server.start(Request.application(lambda request: Response(key_set)))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory, provider: Server) -> Iterator[SamInvoke]:
    try:
        executable, address = sam(), host_address()
        if not TEMPLATE.is_file():
            raise UnavailableError(f"{TEMPLATE} does not exist: run `make build` first")
        if "TABLE_NAME" in os.environ:
            raise UnavailableError("this process runs a sandbox already: use `make test-sam-local`")
    except UnavailableError as reason:
        pytest.skip(f"NOT TESTED by sam local invoke: {reason}")
    backing = BackingServices("https://api.example.com", SandboxSettings(hosts=listening_hosts(address)))
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
        yield SamInvoke(backing, executable, with_endpoint_variable(TEMPLATE), path)
    finally:
        backing.stop()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_event_gets_its_expected_response(functions: SamInvoke, name: str) -> None:
    vendor = functions.backing.vendor
    assert vendor is not None
    functions.backing.reset()
    seed(vendor, functions.backing.client("secretsmanager"), is_completed=SAMPLES[name].is_completed)

    response = functions.invoke(name)

    SAMPLES[name].check(json.loads(response))


@pytest.mark.parametrize(("kid", "changes", "is_authorized"), [("rsa-1", {}, True), ("rsa-1", {"aud": "x"}, False)])
def test_built_jwt_layer_accepts_only_a_token_for_this_audience(
    functions: SamInvoke, tmp_path: Path, kid: str, changes: dict[str, Any], is_authorized: bool
) -> None:
    functions.backing.reset()
    event = json.loads((EVENTS / "authorize/good_key.json").read_text(encoding="utf-8"))
    event["headers"]["authorization"] = f"Bearer {token(kid, sub='mia', **changes)}"
    event["identitySource"] = [event["headers"]["authorization"]]
    (tmp_path / "event.json").write_text(json.dumps(event), encoding="utf-8")

    response = json.loads(functions.invoke("authorize/good_key", tmp_path / "event.json"))

    assert response["isAuthorized"] is is_authorized
    if is_authorized:
        assert response["context"]["principal"] == "jwt|mia"
