"""Tests that each workaround works, and that the unchanged emulator still needs it."""

import base64
import io
import json
import ssl
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.deployed.emulator import ACCOUNT, API_HOSTS, REGION, Emulator
from tests.deployed.stack import eventually
from tests.sandbox.certificates import Authority


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Emulator]:
    """An emulator without the workarounds."""
    with Emulator(tmp_path_factory.mktemp("unchanged"), authority, unchanged=True) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def workarounds_applied(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Emulator]:
    """An emulator with the workarounds, without the session's stack."""
    with Emulator(tmp_path_factory.mktemp("workarounds"), authority) as emulator:
        yield emulator


def statement(effect: str, actions: str | list[str], resource: str, **more: Any) -> str:
    each = {"Effect": effect, "Action": actions, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [each]})


def as_role(emulator: Emulator, name: str, policy: str, service: str) -> tuple[str, Any]:
    """Creates a role with a policy; returns its ARN and a client with its permissions."""
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn: str = emulator.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    emulator.client("iam").put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy)
    given = emulator.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], REGION)
    client = session.client(service, endpoint_url=emulator.url, verify=emulator.settings()["AWS_CA_BUNDLE"])
    return arn, client


def create_stack(emulator: Emulator, name: str, resources: Mapping[str, Any], output: Any) -> str:
    """Deploys a template with one output, and returns the output's value."""
    template = {"Resources": resources, "Outputs": {"Value": {"Value": output}}}
    cloudformation = emulator.client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    value: str = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["Outputs"][0]["OutputValue"]
    return value


def allows_the_role_that_a_policy_exempts(emulator: Emulator) -> bool:
    bucket = "exempts-a-role"
    emulator.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    arn, s3 = as_role(emulator, "exempt", statement("Allow", "s3:*", "*"), "s3")
    but = {"Principal": "*", "Condition": {"ArnNotEquals": {"aws:PrincipalArn": arn}}}
    policy = statement("Deny", "s3:PutObject", f"arn:aws:s3:::{bucket}/*", **but)
    emulator.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy)
    return is_allowed(lambda: s3.put_object(Bucket=bucket, Key="key", Body=b""))


def allows_a_batch_to_who_may_send(emulator: Emulator) -> bool:
    url = emulator.client("sqs").create_queue(QueueName="takes-batches")["QueueUrl"]
    _, sqs = as_role(emulator, "sender", statement("Allow", "sqs:SendMessage", "*"), "sqs")
    return is_allowed(lambda: sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "0", "MessageBody": "{}"}]))


def allows_an_event_of_the_named_source(emulator: Emulator) -> bool:
    named = {"Condition": {"ForAllValues:StringEquals": {"events:source": "ours"}, "Null": {"events:source": "false"}}}
    _, events = as_role(emulator, "publisher", statement("Allow", "events:PutEvents", "*", **named), "events")

    def is_put(source: str) -> bool:
        return is_allowed(lambda: events.put_events(Entries=[{"Source": source, "DetailType": "any", "Detail": "{}"}]))

    assert not is_put("others")
    return is_put("ours")


def gives_the_arn_of_a_secret(emulator: Emulator) -> bool:
    resources = {"Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "{}"}}}
    return create_stack(emulator, "refers-to-a-secret", resources, {"Ref": "Secret"}).startswith("arn:")


def makes_the_routes_of_a_body(emulator: Emulator) -> bool:
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{ACCOUNT}/invocations"
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri, "payloadFormatVersion": "2.0"}
    body = {"openapi": "3.0.1", "paths": {"/health": {"get": {"x-amazon-apigateway-integration": integration}}}}
    resources = {"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": body}}}
    api_id = create_stack(emulator, "has-a-body", resources, {"Ref": "Api"})
    routes = emulator.client("apigatewayv2").get_routes(ApiId=api_id)["Items"]
    return [route["RouteKey"] for route in routes] == ["GET /health"]


def leaves_health_to_the_api(emulator: Emulator) -> bool:
    context = ssl.create_default_context(cafile=emulator.settings()["AWS_CA_BUNDLE"])
    request = urllib.request.Request(f"{emulator.url}/health", headers={"Host": f"00000000.{API_HOSTS}"})
    try:
        with urllib.request.urlopen(request, context=context, timeout=10):
            return False
    except urllib.error.HTTPError as error:
        return error.code == 404


def create_function(emulator: Emulator, name: str, source: str, **environment: str) -> Any:
    """Creates a function from the source of its app.py; returns the client of Lambda."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("app.py", source)
    arn, _ = as_role(emulator, f"runs-{name}", statement("Allow", ["logs:*", "dynamodb:*"], "*"), "sts")
    functions = emulator.client("lambda")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="app.handler",
        Role=arn,
        Code={"ZipFile": archive.getvalue()},
        Timeout=30,
        Environment={"Variables": environment},
    )
    eventually(lambda: functions.get_function(FunctionName=name)["Configuration"]["State"] == "Active")
    return functions


# Writes its batches to a file, and fails the last record of the first one.
BATCHES = """
import json, os
def handler(event, context):
    is_first = not os.path.exists(os.environ["SEEN"])
    with open(os.environ["SEEN"], "a") as seen:
        print(json.dumps([record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]), file=seen)
    last = event["Records"][-1]["dynamodb"]["SequenceNumber"]
    return {"batchItemFailures": [{"itemIdentifier": last}] if is_first else []}
"""


def repeats_what_failed_of_a_stream(emulator: Emulator) -> bool:
    written, dynamodb, name = emulator.folder / "batches", emulator.client("dynamodb"), "streamed"
    functions = create_function(emulator, "batches", BATCHES, SEEN=str(written))
    table = dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]

    def seen() -> list[list[str]]:
        return [json.loads(line) for line in written.read_text().splitlines()] if written.exists() else []

    for id in ("first", "fails"):
        dynamodb.put_item(TableName=name, Item={"id": {"S": id}})
    functions.create_event_source_mapping(
        FunctionName="batches",
        EventSourceArn=table["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    assert eventually(seen) == [["first", "fails"]]
    dynamodb.put_item(TableName=name, Item={"id": {"S": "later"}})
    batches = eventually(lambda: batches if (batches := seen())[-1][-1] == "later" else [])
    return batches[1][0] == "fails"


def lets_an_invocation_finish_over_an_update(emulator: Emulator) -> bool:
    source = "import time\ndef handler(event, context):\n    time.sleep(2)\n"
    functions = create_function(emulator, "slow", source)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(functions.invoke, FunctionName="slow")
        time.sleep(1)
        functions.update_function_configuration(FunctionName="slow", Timeout=29)
        return "FunctionError" not in running.result()


def hides_its_own_packages_from_functions(emulator: Emulator) -> bool:
    functions = create_function(emulator, "imports", "def handler(event, context):\n    import ministack\n")
    result = functions.invoke(FunctionName="imports", LogType="Tail")
    log = base64.b64decode(result.get("LogResult", "")).decode() + result["Payload"].read().decode()
    return "FunctionError" in result and "No module named" in log


def makes_a_number_of_a_concurrency(emulator: Emulator) -> bool:
    functions = create_function(emulator, "scaled", "def handler(event, context):\n    pass\n")
    sqs = emulator.client("sqs")
    queue = sqs.create_queue(QueueName="scales")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    mapping = {"FunctionName": "scaled", "EventSourceArn": arn, "ScalingConfig": {"MaximumConcurrency": "2"}}
    resources = {"Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping}}
    id = create_stack(emulator, "scales", resources, {"Ref": "Mapping"})
    # boto3 converts text to a number, so the test reads the body.
    bodies: list[bytes] = []
    functions.meta.events.register("before-parse", lambda response_dict, **_: bodies.append(response_dict["body"]))
    try:
        functions.get_event_source_mapping(UUID=id)
        return bool(json.loads(bodies[0])["ScalingConfig"] == {"MaximumConcurrency": 2})
    finally:
        # As text it would stop polling for later tests.
        functions.delete_event_source_mapping(UUID=id)


def is_allowed(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError as error:
        if "AccessDenied" not in error.response["Error"]["Code"]:
            raise
        return False
    return True


PROBES = {
    "principal_arn_of_a_session_is_its_role": allows_the_role_that_a_policy_exempts,
    "a_batch_needs_the_action_of_its_entries": allows_a_batch_to_who_may_send,
    "an_event_has_its_source_as_a_condition_key": allows_an_event_of_the_named_source,
    "ref_of_a_secret_is_its_arn": gives_the_arn_of_a_secret,
    "http_api_imports_its_body": makes_the_routes_of_a_body,
    "health_belongs_to_the_apis": leaves_health_to_the_api,
    "functions_import_nothing_of_the_emulator": hides_its_own_packages_from_functions,
    "a_stream_repeats_from_its_first_failed_record": repeats_what_failed_of_a_stream,
    "an_update_lets_invocations_finish": lets_an_invocation_finish_over_an_update,
    "the_concurrency_of_a_mapping_is_a_number": makes_a_number_of_a_concurrency,
}


@pytest.mark.parametrize("workaround", PROBES)
def test_workaround_works_and_is_needed(workaround: str, unchanged: Emulator, workarounds_applied: Emulator) -> None:
    behaves_as_aws = PROBES[workaround]

    assert behaves_as_aws(workarounds_applied)
    assert not behaves_as_aws(unchanged), f"the emulator behaves as AWS does: delete the workaround {workaround}"


def test_every_workaround_has_a_probe() -> None:
    text = Path(__file__).with_name("ministack_workarounds.py").read_text(encoding="utf-8")
    applied = text.partition("def apply(")[2].partition("\n\n\n")[0]
    assert {line.strip().partition("(")[0] for line in applied.splitlines() if line.endswith(")")} == PROBES.keys()
