"""Tests that `sam delete` keeps what docs/operations.md says: tables, bucket with policy, key and secrets."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.deployed.checkout import Checkout
from tests.deployed.conftest import run_as_operator
from tests.deployed.readme import documented
from tests.deployed.stack import NAME, DeployedStack, eventually

KEPT = {
    "VerificationsTable": "AWS::DynamoDB::Table",
    "ResultsTable": "AWS::DynamoDB::Table",
    "AuditTable": "AWS::DynamoDB::Table",
    "EndpointsTable": "AWS::DynamoDB::Table",
    "EvidenceBucket": "AWS::S3::Bucket",
    "EvidenceBucketPolicy": "AWS::S3::BucketPolicy",
    "DataKey": "AWS::KMS::Key",
    "EkycCredentialsSecret": "AWS::SecretsManager::Secret",
    "ApiKeysSecret": "AWS::SecretsManager::Secret",
    "WebhookEndpointsSecret": "AWS::SecretsManager::Secret",
}
TABLES, SECRETS = (
    [name for name, its in KEPT.items() if its == kind]
    for kind in ("AWS::DynamoDB::Table", "AWS::SecretsManager::Secret")
)


def test_sam_delete_keeps_the_data_and_its_protection(stack: DeployedStack, checkout: Checkout) -> None:
    created = stack.create()
    stack.open(stack.verify(created))
    before = {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for page in stack.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=NAME)
        for each in page["StackResourceSummaries"]
    }
    bucket = before["EvidenceBucket"]
    policy = json.loads(stack.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
    # In the emulator, a function that still runs would create a new log group. On AWS it has no permission to.
    eventually(lambda: is_published(stack, created) and is_idle(stack, "DeliveryQueue"))
    run_as_operator(checkout, *documented("webhooks.md", "Endpoints"))
    values = secret_values(stack, before)
    results = stack.results(created)

    checkout.run("sam delete --config-env prod --no-prompts")

    with pytest.raises(ClientError, match="does not exist"):
        stack.client("cloudformation").describe_stacks(StackName=NAME)
    # Kept, with their contents.
    item = stack.client("dynamodb").get_item(TableName=before["VerificationsTable"], Key={"id": {"S": created["id"]}})
    assert item["Item"]["status"]["S"] == "verified"
    assert stack.client("dynamodb").scan(TableName=before["ResultsTable"])["Count"] >= len(results) == 1
    kept = stack.client("s3").list_objects_v2(Bucket=bucket, Prefix=f"records/{created['id']}/")
    assert kept["KeyCount"] == 1
    assert json.loads(stack.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]) == policy
    assert stack.client("kms").describe_key(KeyId=before["DataKey"])["KeyMetadata"]["KeyState"] == "Enabled"
    assert secret_values(stack, before) == values
    assert not {'{"client_id": "", "client_secret": ""}', '{"keys": []}', '{"endpoints": []}'} & set(values)
    tables = stack.client("dynamodb").list_tables()["TableNames"]
    assert sorted(tables) == sorted(before[name] for name in TABLES)
    assert remains(stack) == []


def remains(stack: DeployedStack) -> list[Any]:
    """Returns everything, except the kept data, that costs or can be called."""
    events, functions = stack.client("events"), stack.client("lambda")
    return [
        *functions.list_functions()["Functions"],
        *functions.list_layers()["Layers"],
        *functions.list_event_source_mappings()["EventSourceMappings"],
        *stack.client("apigatewayv2").get_apis()["Items"],
        *stack.client("sqs").list_queues().get("QueueUrls", []),
        *events.list_rules()["Rules"],
        *(bus for bus in events.list_event_buses()["EventBuses"] if bus["Name"] != "default"),
        *stack.client("cloudwatch").describe_alarms()["MetricAlarms"],
        *(role for role in stack.client("iam").list_roles()["Roles"] if NAME in role["RoleName"]),
        *(group for group in stack.client("logs").describe_log_groups()["logGroups"] if NAME in group["logGroupName"]),
    ]


def is_published(stack: DeployedStack, created: dict[str, Any]) -> bool:
    """Whether all events of a verified verification are on the bus."""
    name = f"evt_{created['id'].removeprefix('ver_')}_3"
    return any(line.get("event_id") == name for line in stack.logs("publish"))


def is_idle(stack: DeployedStack, queue: str) -> bool:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = stack.client("sqs").get_queue_attributes(QueueUrl=stack.resource(queue), AttributeNames=names)
    return {found["Attributes"][name] for name in names} == {"0"}


def secret_values(stack: DeployedStack, names: dict[str, str]) -> list[str]:
    secrets = stack.client("secretsmanager")
    return [secrets.get_secret_value(SecretId=names[secret])["SecretString"] for secret in SECRETS]


def test_template_keeps_no_other_resource(stack: DeployedStack) -> None:
    from tests.sandbox.template import read

    resources = read().document["Resources"].items()
    kept = {name: each["Type"] for name, each in resources if str(each.get("DeletionPolicy", "")).startswith("Retain")}
    assert kept == KEPT
