"""The pages' commands of the AWS CLI, run against the sandbox."""

import json
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from tests.contract.commands import WANTED, Shell, run_by, secret
from tests.pages import ROOT
from tests.sandbox.sandbox import Sandbox
from tests.sandbox.serving import Server


def _aws_cli() -> str:
    """The path of the AWS CLI: the one that `make test-deployed` installs, or the one on PATH."""
    for executable in (str(ROOT / ".venv/ministack/bin/aws"), shutil.which("aws")):
        if executable and Path(executable).exists():
            version = subprocess.run([executable, "--version"], capture_output=True, check=False)
            if version.returncode == 0:
                return executable
    pytest.skip("there is no AWS CLI; `make test-deployed` installs one and runs this test")


@pytest.fixture
def aws_shell(shell: Shell) -> Shell:
    """A shell with the AWS CLI."""
    shell.put_on_path(_aws_cli())
    return shell


def test_a_key_is_revoked_as_the_page_says(aws_shell: Shell, sandbox: Sandbox) -> None:
    before = secret(sandbox, "ApiKeysSecretArn")["keys"]
    (made,) = run_by("api-key", "README.md")
    (revoked,) = run_by("aws-revoke", "docs/operations.md")

    key = aws_shell.run(made).strip()
    aws_shell.run(f"export KEY_ID={key[-4:]} PRINCIPAL=web", revoked)

    assert before
    assert secret(sandbox, "ApiKeysSecretArn")["keys"] == before


@pytest.mark.parametrize("text", ["", '{"keys": [}', '{"keys": null}', '{"keys": [{"key_id": "3f7a"}]}'])
def test_revoking_a_key_does_not_write_a_malformed_secret(tmp_path: Path, text: str) -> None:
    (revoked,) = run_by("aws-revoke", "docs/operations.md")
    stub = f"""aws() {{ if [ "$2" = get-secret-value ]; then echo '{text}'; else touch written; fi; }}"""
    variables = {"ApiKeysSecretArn": "keys", "KEY_ID": "3f7a", "PRINCIPAL": "web"}

    # A reader's shell has no pipefail.
    Shell(tmp_path, variables).run("set +eo pipefail", stub, revoked, "[ ! -e written ]")


@pytest.mark.parametrize("entry", ["3f7a mobile", "3F7A web"])
def test_revoking_a_key_that_does_not_exist_fails(tmp_path: Path, entry: str) -> None:
    (revoked,) = run_by("aws-revoke", "docs/operations.md")
    key_id, principal = entry.split()
    text = json.dumps({"keys": [{"key_id": key_id, "principal": principal}]})
    stub = f"""aws() {{ if [ "$2" = get-secret-value ]; then echo '{text}'; else touch written; fi; }}"""
    variables = {"ApiKeysSecretArn": "keys", "KEY_ID": "3f7a", "PRINCIPAL": "web"}

    printed = Shell(tmp_path, variables).run(
        "set +eo pipefail", stub, f"{{ {revoked}\n}} 2>&1 || echo failed", "[ ! -e written ]"
    )

    assert "Nothing was changed" in printed
    assert "failed" in printed


def test_credentials_are_put_and_the_audit_trail_is_read(aws_shell: Shell, sandbox: Sandbox, verified: str) -> None:
    outputs, put = run_by("aws", "README.md")
    (query,) = run_by("aws", "docs/operations.md")
    secrets, arn = sandbox.client("secretsmanager"), sandbox.stack.outputs["EkycCredentialsSecretArn"]
    before = secrets.get_secret_value(SecretId=arn)["SecretString"]
    # The fixture sets the outputs as variables. Here the first command must set them.
    forget = f"unset {' '.join(sandbox.stack.outputs)}"
    account = "export EKYC_CLIENT_ID=client-1 EKYC_CLIENT_SECRET=sk_1"

    printed = aws_shell.run(forget, outputs, account, put, f"ID={verified}", query)

    assert '"result_read"' in printed
    value = secrets.get_secret_value(SecretId=arn)["SecretString"]
    # All tests share the sandbox, so restore the credentials that its vendor accepts.
    secrets.put_secret_value(SecretId=arn, SecretString=before)
    assert json.loads(value) == {"client_id": "client-1", "client_secret": "sk_1"}


@pytest.mark.parametrize("account", ["", "EKYC_CLIENT_ID=client-1", "EKYC_CLIENT_SECRET=sk_1"])
def test_credentials_that_are_not_set_are_not_written(tmp_path: Path, account: str) -> None:
    _, put = run_by("aws", "README.md")

    # A reader's shell has none of these options, so an unset variable would be an empty text.
    Shell(tmp_path, {"EkycCredentialsSecretArn": "credentials"}).run(
        "set +euo pipefail", "aws() { touch written; }", account, f"({put}\n) || echo failed", "[ ! -e written ]"
    )


@pytest.mark.parametrize("output", ["EkycCredentialsSecretArn", "ApiKeysSecretArn", "WebhookEndpointsSecretArn"])
def test_the_version_before_a_malformed_secret_is_restored(aws_shell: Shell, sandbox: Sandbox, output: str) -> None:
    (command,) = run_by("aws-restore-secret", "docs/operations.md")
    secrets, arn = sandbox.client("secretsmanager"), sandbox.stack.outputs[output]
    before = secrets.get_secret_value(SecretId=arn)["SecretString"]
    secrets.put_secret_value(SecretId=arn, SecretString='{"keys": [}')

    aws_shell.run(f"SECRET=${output}", command)

    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == before


def test_a_secret_without_a_version_before_is_not_written(tmp_path: Path) -> None:
    (command,) = run_by("aws-restore-secret", "docs/operations.md")
    stub = 'aws() { if [ "$2" = get-secret-value ]; then return 254; else touch written; fi; }'

    # A reader's shell has no pipefail.
    Shell(tmp_path, {"SECRET": "keys"}).run("set +eo pipefail", stub, command, "[ ! -e written ]")


# The embedded AWS has no functions. The sandbox invokes the function with the payload that the command wrote.
INVOKE = """aws() { case $1 in
  cloudformation) [[ "$*" == *VerificationsFunction* ]] && echo the-function ;;
  lambda) [[ "$*" == *"fileb://request.json"*the-function* ]] ;;
  *) command aws "$@" ;;
esac }"""


@pytest.fixture
def of_a_token(sandbox: Sandbox) -> tuple[dict[str, str], Any]:
    """The headers of a caller with an access token, and a verification that it created."""
    headers = {"Authorization": f"Bearer {sandbox.identity_provider.token('verifications:write verifications:read')}"}
    wanted = {**WANTED, "reference": uuid.uuid4().hex}
    return headers, requests.post(f"{sandbox.api_url}/verifications", headers=headers, json=wanted, timeout=20).json()


@pytest.mark.parametrize(
    ("action", "ended"), [("redact", ("expired", "redacted")), ("refresh", ("rejected", "document_copied"))]
)
def test_an_operator_acts_for_the_owner_of_what_an_access_token_created(
    aws_shell: Shell,
    sandbox: Sandbox,
    tmp_path: Path,
    of_a_token: tuple[dict[str, str], Any],
    action: str,
    ended: tuple[str, str],
) -> None:
    (command,) = run_by("aws-act", "docs/operations.md")
    by_token, created = of_a_token
    sandbox.vendor.play(created["token"], "9102")
    own = f"{sandbox.api_url}/verifications/{created['id']}"
    by_key = {"Authorization": f"Bearer {sandbox.api_key}"}
    assert requests.post(f"{own}/{action}", headers=by_key, timeout=20).status_code == 404

    aws_shell.run(INVOKE, f"ID={created['id']} ACTION={action}", command)
    response = sandbox.invoke("VerificationsFunction", json.loads((tmp_path / "request.json").read_text("utf-8")))

    assert response["statusCode"] == 200
    found = requests.get(own, headers=by_token, timeout=20).json()
    assert (found["status"], found["reason"]["code"]) == ended


def test_the_verifications_of_a_person_are_found(aws_shell: Shell, of_a_token: tuple[dict[str, str], Any]) -> None:
    (find,) = run_by("aws-find", "docs/operations.md")
    created = of_a_token[1]

    found = aws_shell.run(f"PERSON={created['reference']}", find).split()

    assert found == [created["id"]]


def test_the_resources_that_a_deleted_stack_keeps_are_deleted(aws_shell: Shell, sandbox: Sandbox) -> None:
    """The test makes resources of its own, because other tests need those of the stack."""
    (command,) = run_by("aws-delete", "docs/operations.md")
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
    aws_shell.run(*(f"{name}={value}" for name, value in kept.items()), command)

    assert "kept" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert not [name for name in tables.list_tables()["TableNames"] if name.startswith("kept-")]
    assert not [each["Name"] for each in secrets.list_secrets()["SecretList"] if each["Name"].startswith("kept-")]
    assert kms.describe_key(KeyId=kept["DataKeyArn"])["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_a_table_is_restored_and_compared(aws_shell: Shell, sandbox: Sandbox, verified: str) -> None:
    (restore,) = run_by("aws-restore", "docs/operations.md")
    (compare,) = run_by("aws-compare", "docs/operations.md")
    tables = sandbox.client("dynamodb")

    aws_shell.run(f"RESTORE_TO={datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", restore)
    restored = tables.scan(TableName="restored")["Items"]
    tables.put_item(TableName="restored", Item={"id": {"S": "ver_lost"}})
    lost = aws_shell.run(compare).split()
    tables.delete_table(TableName="restored")

    assert verified in [item["id"]["S"] for item in restored]
    assert lost == ["ver_lost", "None"]


@pytest.mark.parametrize("output", ["ResultsTableName", "AuditTableName", "EndpointsTableName"])
def test_each_table_is_compared_by_its_whole_key(aws_shell: Shell, sandbox: Sandbox, output: str) -> None:
    (compare,) = run_by("aws-compare", "docs/operations.md")
    tables = sandbox.client("dynamodb")
    described = tables.describe_table(TableName=sandbox.stack.outputs[output])["Table"]
    names = [key["AttributeName"] for key in described["KeySchema"]]
    tables.create_table(
        TableName="restored",
        AttributeDefinitions=described["AttributeDefinitions"],
        KeySchema=described["KeySchema"],
        BillingMode="PAY_PER_REQUEST",
    )
    tables.put_item(TableName="restored", Item={name: {"S": f"lost-{name}"} for name in names})

    lost = aws_shell.run(f"TableName=${output}", compare).split()
    tables.delete_table(TableName="restored")

    assert [key for key in lost if key != "None"] == [f"lost-{name}" for name in names]


def test_dead_letters_are_moved_back(shell: Shell, sandbox: Sandbox) -> None:
    """Neither moto nor MiniStack has message move tasks, so a server records the request."""
    (command,) = run_by("aws-sqs", "docs/operations.md")

    with _recorder() as (url, requested):
        # Version 1 of the CLI ignores AWS_ENDPOINT_URL for SQS.
        shell.put_on_path(_aws_cli(), "--endpoint-url", url)
        shell.run(command)

    ((target, body),) = requested
    assert target == "AmazonSQS.StartMessageMoveTask"
    assert body == {"SourceArn": sandbox.stack.outputs["DeadLetterQueueArn"]}
    assert ":sqs:" in body["SourceArn"]


def test_the_logs_are_searched(aws_shell: Shell, sandbox: Sandbox) -> None:
    """The embedded AWS reads the names of groups, the time and the fields, and ignores the filter."""
    (command,) = run_by("aws-logs", "docs/operations.md")
    logs = sandbox.client("logs")
    names = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    searched = sorted(name for name in names if "/ekyc-bridge/" in name)
    for name in searched:
        logs.create_log_stream(logGroupName=name, logStreamName="searched")
        event = {"timestamp": int((time.time() - 60) * 1000), "message": f'{{"from": "{name}"}}'}
        logs.put_log_events(logGroupName=name, logStreamName="searched", logEvents=[event])

    printed = aws_shell.run("TEXT=from", command)

    for name in searched:
        logs.delete_log_stream(logGroupName=name, logStreamName="searched")
    assert searched
    assert sorted(json.loads(line)["from"] for line in printed.splitlines()) == searched


@contextmanager
def _recorder() -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """Starts a server that records each request. Its URL, and the operations with their parameters."""
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
