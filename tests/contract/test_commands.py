"""Every block of commands on the pages is run as it stands there: here, or by what the gate runs.

CLAIMS says by whom. Those of "gate" and "deployed" are run by .ci/run.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from tests.conftest import OUTER_ENVIRONMENT
from tests.contract.commands import ROOT, Block, Shell, blocks
from tests.sandbox.sandbox import Sandbox
from tests.sandbox.serving import Server

# A page, and how the text of its block or blocks begins.
CLAIMS = {
    ("README.md", "make demo"): "gate",
    ("README.md", "make run"): "local",
    ("README.md", 'curl -sS "$API_URL/verifications"'): "local",
    ("README.md", "sam build"): "deployed",
    ("README.md", "export AWS_DEFAULT_REGION"): "aws",
    ("README.md", 'printf \'{"client_id"'): "aws",
    ("README.md", "API_KEY=$(make -s api-key"): "api-key",
    ("README.md", 'curl -sS "$ApiUrl/health"'): "deployed",
    ("docs/api.md", ""): "local",
    ("docs/development.md", "make run WEBHOOK_URL="): "own-receiver",
    ("docs/development.md", "curl"): "local",
    ("docs/development.md", "RETURN_URL="): "local",
    ("docs/operations.md", "KEYS=$(aws secretsmanager get-secret-value"): "aws-revoke",
    ("docs/operations.md", "make doctor\n"): "doctor",
    ("docs/operations.md", "make doctor SECRET="): "doctor",
    ("docs/operations.md", "make check-evidence"): "check-evidence",
    ("docs/operations.md", "aws dynamodb query"): "aws",
    ("docs/operations.md", "aws dynamodb get-item"): "aws-redact",
    ("docs/operations.md", "aws s3api delete-bucket-policy"): "aws-delete",
    ("docs/operations.md", "aws sqs start-message-move-task"): "aws-sqs",
    ("docs/reliability.md", "make simulate"): "gate",
    ("docs/reliability.md", "SEED=7"): "simulation",
    ("docs/webhooks.md", ""): "webhooks",
}
WANTED = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD", "redirect_url": "http://localhost:5173/done"}
# So that the examples for a deployment, and those for this machine, may name their frontend.
ORIGINS = {"ALLOWED_REDIRECT_ORIGINS": "http://localhost:*,http://127.0.0.1:*,https://app.example.com"}


def claimants(block: Block) -> list[tuple[str, str]]:
    return [claim for claim in CLAIMS if block.page == claim[0] and block.text.startswith(claim[1])]


def claimed_by(runner: str, page: str) -> list[str]:
    return [block.text for block in blocks() if block.page == page and CLAIMS[claimants(block)[0]] == runner]


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_each_block_is_run_by_exactly_one(block: Block) -> None:
    assert len(claimants(block)) == 1


def test_each_claim_is_of_a_block() -> None:
    assert {claim for block in blocks() for claim in claimants(block)} == CLAIMS.keys()


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_no_block_leaves_a_gap_for_the_reader_to_fill(block: Block) -> None:
    assert not re.search(r"…|<[A-Za-z][^<>\n]*>", re.sub(r"(?m)#.*$", "", block.text))


def _gate_targets() -> set[str]:
    """What .ci/run makes, and what those targets need."""
    rules = dict(re.findall(r"(?m)^([a-z][a-z-]*):([^#\n]*)", (ROOT / "Makefile").read_text(encoding="utf-8")))
    targets = set(re.findall(r"(?m)^\s*(?:\w+=\S+ )*make ([a-z-]+)", (ROOT / ".ci/run").read_text(encoding="utf-8")))
    return targets | {needed for target in targets for needed in rules[target].split() if needed in rules}


def test_the_gate_runs_every_block_claimed_for_it() -> None:
    lines = [
        line
        for page in ("README.md", "docs/reliability.md")
        for text in claimed_by("gate", page)
        for line in text.splitlines()
    ]

    assert {line.partition("#")[0].strip() for line in lines} <= {f"make {target}" for target in _gate_targets()}


def test_the_deployment_is_run_by_the_gate() -> None:
    assert "test-deployed" in _gate_targets()
    assert "README.md" in (ROOT / "tests/deployed/readme.py").read_text(encoding="utf-8")


@pytest.fixture
def shell(tmp_path: Path, sandbox: Sandbox) -> Shell:
    """With the session's sandbox for its AWS, and the stack's outputs, as the README's step 3 sets them."""
    aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    return Shell(tmp_path, aws | sandbox.stack.outputs | {"API_URL": sandbox.api_url, "API_KEY": sandbox.api_key})


@pytest.fixture
def local(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Shell, Path]]:
    """What `make run` prints for another terminal, as a page's block starts it, that terminal, and its stderr."""
    shell = Shell(tmp_path, {})
    command = claimed_by(*request.param)[0]
    # Below another make, such as that of `make test`, it would print which folder it enters.
    outer = {name: value for name, value in OUTER_ENVIRONMENT.items() if name != "MAKELEVEL"}
    variables = outer | ORIGINS | {"PORT": "0", "MAKEFLAGS": f"VENV={tmp_path / 'venv'}"}
    printed = tmp_path / "stderr"
    with (
        printed.open("w") as stderr,
        subprocess.Popen(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=stderr,
            # A group of its own, which an interrupt from a terminal would reach as a whole.
            start_new_session=True,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        ready = process.stdout.readline()
        try:
            assert ready.startswith("READY {"), printed.read_text(encoding="utf-8")
            lines = printed.read_text(encoding="utf-8").splitlines()
            yield "\n".join(line for line in lines if line.startswith("export ")), shell, printed
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
    # An interrupt of `make` ends it with the signal.
    assert process.returncode in (-signal.SIGINT, 128 + signal.SIGINT)
    assert "Traceback" not in printed.read_text(encoding="utf-8")


def _click_through(url: str, outcome: str) -> requests.Response:
    """The page on which a person's browser ends."""
    return requests.get(f"{url}&outcome={outcome}", timeout=20)


@pytest.mark.slow
@pytest.mark.parametrize("local", [("local", "README.md")], indirect=True)
def test_the_sandboxs_commands_work_in_another_terminal(local: tuple[str, Shell, Path]) -> None:
    exports, shell, stderr = local
    _, tried = claimed_by("local", "README.md")

    created = json.loads(shell.run(exports, tried))
    assert created["status"] == "pending"
    ended = _click_through(created["url"], "verified")
    assert (ended.status_code, "<h1>Back at the frontend: verified</h1>" in ended.text) == (200, True)
    # Before the page's commands make the receiver slow.
    _wait_for(f"webhook verification.verified {created['id']} -> sandbox, attempt 1: 204", stderr)

    reported = claimed_by("local", "docs/development.md")
    printed = shell.run(exports, *reported)
    frontend = shell.run(exports, 'echo "$FRONTEND_URL"').strip()
    assert f"303 {frontend}/done?" in printed
    assert "status=rejected" in printed
    assert printed.index("webhooks get: 503") < printed.index("webhooks get: slow") < printed.index("get: 204")
    assert f"\nGET /return/{created['id']}/… -> 303\n" in stderr.read_text(encoding="utf-8")

    # What redacts comes last, wherever the page has it; the way back needs the address that the next block sets.
    page = sorted(claimed_by("local", "docs/api.md"), key=lambda text: ('/redact"' in text, '"$RETURN_URL"' in text))
    printed = shell.run(exports, *page)
    assert "HTTP/1.1 303" in printed
    assert '"status":"verified"' in printed.replace(" ", "")


def _wait_for(text: str, path: Path) -> None:
    for _ in range(300):
        if text in path.read_text(encoding="utf-8"):
            return
        time.sleep(0.1)
    raise AssertionError(f"{text} is not in\n{path.read_text(encoding='utf-8')}")


@pytest.mark.slow
@pytest.mark.parametrize("local", [("own-receiver", "docs/development.md")], indirect=True)
def test_webhooks_go_to_the_receiver_that_the_page_names(local: tuple[str, Shell, Path]) -> None:
    exports, shell, stderr = local
    _, tried = claimed_by("local", "README.md")

    created = json.loads(shell.run(exports, tried))

    # There may be no receiver, or one with any response.
    _wait_for(f"webhook verification.created {created['id']} -> localhost-9000, attempt 1: ", stderr)


def test_an_api_key_is_made_as_the_readme_says(shell: Shell, sandbox: Sandbox) -> None:
    before = _keys(sandbox)
    (command,) = claimed_by("api-key", "README.md")

    key = shell.run(command).strip()

    *others, made = _keys(sandbox)
    assert others == before
    assert (made["key_id"], made["principal"], made["expires_at"]) == (key[-4:], "web", "2030-01-31T00:00:00Z")
    assert made["scopes"] == ["verifications:write", "verifications:read"]


def test_a_key_is_revoked_as_the_page_says(shell: Shell, sandbox: Sandbox) -> None:
    shell.put_on_path(_aws_cli())
    before = _keys(sandbox)
    (made,) = claimed_by("api-key", "README.md")
    (revoked,) = claimed_by("aws-revoke", "docs/operations.md")

    key = shell.run(made).strip()
    shell.run(f"export KEY_ID={key[-4:]} PRINCIPAL=web", revoked)

    assert before
    assert _keys(sandbox) == before


@pytest.mark.parametrize("text", ["", '{"keys": [}', '{"keys": null}', '{"keys": [{"key_id": "3f7a"}]}'])
def test_a_malformed_secret_is_left_alone_when_a_key_is_revoked(tmp_path: Path, text: str) -> None:
    (revoked,) = claimed_by("aws-revoke", "docs/operations.md")
    reads_this_text = f"""aws() {{ if [ "$2" = get-secret-value ]; then echo '{text}'; else touch written; fi; }}"""
    variables = {"ApiKeysSecretArn": "keys", "KEY_ID": "3f7a", "PRINCIPAL": "web"}

    # A reader's shell has no pipefail.
    Shell(tmp_path, variables).run("set +eo pipefail", reads_this_text, revoked, "[ ! -e written ]")


@pytest.mark.parametrize("entry", ["3f7a mobile", "3F7A web"])
def test_a_revocation_that_would_revoke_nothing_says_so(tmp_path: Path, entry: str) -> None:
    (revoked,) = claimed_by("aws-revoke", "docs/operations.md")
    key_id, principal = entry.split()
    text = json.dumps({"keys": [{"key_id": key_id, "principal": principal}]})
    reads_this_text = f"""aws() {{ if [ "$2" = get-secret-value ]; then echo '{text}'; else touch written; fi; }}"""
    variables = {"ApiKeysSecretArn": "keys", "KEY_ID": "3f7a", "PRINCIPAL": "web"}

    said = Shell(tmp_path, variables).run(
        "set +eo pipefail", reads_this_text, f"{{ {revoked}\n}} 2>&1 || echo failed", "[ ! -e written ]"
    )

    assert "Nothing was changed" in said
    assert "failed" in said


def _keys(sandbox: Sandbox) -> list[dict[str, object]]:
    arn = sandbox.stack.outputs["ApiKeysSecretArn"]
    value = sandbox.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    keys: list[dict[str, object]] = json.loads(value)["keys"]
    return keys


@pytest.fixture
def verified(sandbox: Sandbox) -> str:
    """The id of a verification whose evidence is stored and whose result was read, which the audit trail holds."""
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    created = requests.post(f"{sandbox.api_url}/verifications", headers=headers, json=WANTED, timeout=20).json()
    page = requests.get(f"{created['url']}&outcome=verified", timeout=20, allow_redirects=False)
    requests.get(page.headers["location"], timeout=20, allow_redirects=False)
    own = f"{sandbox.api_url}/verifications/{created['id']}?expand=result"
    assert requests.get(own, headers=headers, timeout=20).json()["status"] == "verified"
    id: str = created["id"]
    return id


def test_evidence_is_checked_as_the_page_says(shell: Shell, verified: str) -> None:
    (command,) = claimed_by("check-evidence", "docs/operations.md")

    assert ": unchanged" in shell.run(f"export ID={verified}", command)


def test_the_vendor_is_examined_as_the_page_says(shell: Shell, sandbox: Sandbox) -> None:
    by_environment, by_secret = claimed_by("doctor", "docs/operations.md")
    arn = sandbox.stack.outputs["EkycCredentialsSecretArn"]
    value = json.loads(sandbox.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    vendor = f"export EKYC_API_URL={sandbox.ekyc_api_url}"
    account = f"export EKYC_CLIENT_ID={value['client_id']} EKYC_CLIENT_SECRET={value['client_secret']}"

    assert "Nothing differs" in shell.run(vendor, account, by_environment)
    assert "Nothing differs" in shell.run(vendor, by_secret)


@pytest.mark.parametrize("text", ["a$bc", "$bc", "$(pwd)", "it's", "a&b;c"])
def test_make_gives_what_it_is_given_to_the_command_as_it_stands(shell: Shell, text: str) -> None:
    given = shlex.join(["NAME=crm", f"URL=https://crm.example.com/hook?token={text}", f"PRINCIPAL={text}"])

    entry = json.loads(shell.run(f"make -s webhook {given}"))

    assert entry["url"] == f"https://crm.example.com/hook?token={text}"
    assert entry["principal"] == text


def test_endpoints_are_kept_as_the_page_says(shell: Shell, sandbox: Sandbox) -> None:
    added, *others = claimed_by("webhooks", "docs/webhooks.md")
    printed = shell.run(added).splitlines()
    # One of them responded 410, so it can be switched on.
    off = {"name": {"S": "crm"}, "disabled_at": {"S": "2026-01-31T08:00:00.000Z"}, "reason": {"S": "it responded 410"}}
    sandbox.client("dynamodb").put_item(TableName=sandbox.stack.outputs["EndpointsTableName"], Item=off)
    printed += shell.run(*others).splitlines()

    arn = sandbox.stack.outputs["WebhookEndpointsSecretArn"]
    value = json.loads(sandbox.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    crm, billing = value["endpoints"]
    first, second, *listed, rotated, moved, replayed = printed
    assert (crm["secrets"], billing["secrets"]) == ([rotated, first], [second])
    assert listed == [
        "crm: https://crm.example.com events: all principal: all secrets: 1",
        "billing: https://billing.example.com events: verification.rejected verification.verified principal: web"
        " secrets: 1",
    ]
    assert moved == "0 sent again"
    assert re.fullmatch(r"\d+ events of \d+ verifications were sent again", replayed)


@pytest.mark.slow
def test_one_seed_is_simulated_as_the_page_says(shell: Shell) -> None:
    (command,) = claimed_by("simulation", "docs/reliability.md")

    assert re.search(r"violations +0\b", shell.run(command))


def _aws_cli() -> str:
    """Where `make test-deployed` installs it, or on PATH. The gate runs these tests there, too."""
    for executable in (str(ROOT / ".venv/ministack/bin/aws"), shutil.which("aws")):
        if executable and Path(executable).exists():
            version = subprocess.run([executable, "--version"], capture_output=True, check=False)
            if version.returncode == 0:
                return executable
    pytest.skip("no AWS CLI is here; `make test-deployed` installs one, and runs this test with it")


def test_the_commands_of_the_aws_cli_do_what_the_pages_say(shell: Shell, sandbox: Sandbox, verified: str) -> None:
    shell.put_on_path(_aws_cli())
    outputs, put = claimed_by("aws", "README.md")
    (query,) = claimed_by("aws", "docs/operations.md")
    secrets, arn = sandbox.client("secretsmanager"), sandbox.stack.outputs["EkycCredentialsSecretArn"]
    before = secrets.get_secret_value(SecretId=arn)["SecretString"]
    # Only the first command says where the outputs come from.
    forget = f"unset {' '.join(sandbox.stack.outputs)}"
    account = "export EKYC_CLIENT_ID=client-1 EKYC_CLIENT_SECRET=sk_1"

    printed = shell.run(forget, outputs, account, put, f"ID={verified}", query)

    assert '"result_read"' in printed
    value = secrets.get_secret_value(SecretId=arn)["SecretString"]
    # The sandbox is the session's: the next test needs the credentials that its vendor takes.
    secrets.put_secret_value(SecretId=arn, SecretString=before)
    assert json.loads(value) == {"client_id": "client-1", "client_secret": "sk_1"}


def test_an_operator_redacts_with_the_aws_cli_what_a_token_created(
    shell: Shell, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The embedded AWS has no functions: a stub takes the command's payload, and the sandbox invokes the function."""
    (command,) = claimed_by("aws-redact", "docs/operations.md")
    shell.put_on_path(_aws_cli())
    stub = """aws() { case $1 in
      cloudformation) [[ "$*" == *VerificationsFunction* ]] && echo the-function ;;
      lambda) [[ "$*" == *"fileb://redact.json"*the-function* ]] ;;
      *) command aws "$@" ;;
    esac }"""
    by_token = {"Authorization": f"Bearer {sandbox.identity_provider.token('verifications:write verifications:read')}"}
    created = requests.post(f"{sandbox.api_url}/verifications", headers=by_token, json=WANTED, timeout=20).json()
    own = f"{sandbox.api_url}/verifications/{created['id']}"
    by_key = {"Authorization": f"Bearer {sandbox.api_key}"}
    assert requests.post(f"{own}/redact", headers=by_key, timeout=20).status_code == 404

    shell.run(stub, f"ID={created['id']}", command)
    response = sandbox.invoke("VerificationsFunction", json.loads((tmp_path / "redact.json").read_text("utf-8")))

    assert response["statusCode"] == 200
    assert requests.get(own, headers=by_token, timeout=20).json()["reason"]["code"] == "redacted"


def test_what_a_deleted_stack_keeps_is_deleted_with_the_aws_cli_as_the_page_says(
    shell: Shell, sandbox: Sandbox
) -> None:
    """Of resources that are made here: the session's other tests need those of its stack."""
    (command,) = claimed_by("aws-delete", "docs/operations.md")
    shell.put_on_path(_aws_cli())
    s3, tables, secrets, kms = (sandbox.client(name) for name in ("s3", "dynamodb", "secretsmanager", "kms"))
    s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_policy(Bucket="kept", Policy='{"Version": "2012-10-17", "Statement": []}')
    for _ in range(2):
        s3.put_object(Bucket="kept", Key="records/ver_1/1.json.gz", Body=b"1")
    s3.delete_object(Bucket="kept", Key="records/ver_1/1.json.gz")
    kept = {"EvidenceBucketName": "kept", "DataKeyArn": kms.create_key()["KeyMetadata"]["Arn"]}
    for output in ("TableName", "ResultsTableName", "AuditTableName", "EndpointsTableName"):
        kept[output] = f"kept-{output}"
        tables.create_table(
            TableName=kept[output],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
    for output in ("EkycCredentialsSecretArn", "ApiKeysSecretArn", "WebhookEndpointsSecretArn"):
        kept[output] = secrets.create_secret(Name=f"kept-{output}", SecretString="{}")["ARN"]

    assert kept.keys() <= sandbox.stack.outputs.keys()
    shell.run(*(f"{name}={value}" for name, value in kept.items()), command)

    assert "kept" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert not [name for name in tables.list_tables()["TableNames"] if name.startswith("kept-")]
    assert not [each["Name"] for each in secrets.list_secrets()["SecretList"] if each["Name"].startswith("kept-")]
    assert kms.describe_key(KeyId=kept["DataKeyArn"])["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_dead_letters_are_moved_back_as_the_page_says(shell: Shell, sandbox: Sandbox) -> None:
    """Neither moto nor the emulator knows message move tasks, so a server takes the request down."""
    (command,) = claimed_by("aws-sqs", "docs/operations.md")

    with _recorder() as (url, requested):
        # Version 1 of the CLI does not read AWS_ENDPOINT_URL for SQS.
        shell.put_on_path(_aws_cli(), "--endpoint-url", url)
        shell.run(command)

    ((target, body),) = requested
    assert target == "AmazonSQS.StartMessageMoveTask"
    assert body == {"SourceArn": sandbox.stack.outputs["DeadLetterQueueArn"]}
    assert ":sqs:" in body["SourceArn"]


@contextmanager
def _recorder() -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """The URL of an AWS that takes every request, and the operations with their parameters, as they come."""
    requested: list[tuple[str, Any]] = []

    @Request.application
    def respond(request: Request) -> Response:
        requested.append((request.headers["X-Amz-Target"], json.loads(request.get_data())))
        return Response('{"TaskHandle": "task-1"}', content_type="application/x-amz-json-1.0")

    server = Server()
    server.start(respond)
    try:
        yield server.url, requested
    finally:
        server.stop()
