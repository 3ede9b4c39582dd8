"""Workarounds for what moto's CloudFormation and Secrets Manager do not support."""

import json
from typing import Any
from unittest import mock

import boto3
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend

from .template import Document, Template

# The resource types that complete() changes after their creation.
COMPLETED_TYPES = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Events::Rule")
_move_label = SecretsManagerBackend.update_secret_version_stage


def without_optional_policies(resources: Document) -> Document:
    """Returns the resources, whose roles lack policies with a condition: moto fails if one is `AWS::NoValue`.

    Nothing is lost, because moto enforces no policy.
    """
    return {name: _without_optional_policies(item) for name, item in resources.items()}


def _without_optional_policies(item: Document) -> Document:
    if item["Type"] != "AWS::IAM::Role":
        return item
    policies = [each for each in item["Properties"]["Policies"] if "Fn::If" not in each]
    return item | {"Properties": item["Properties"] | {"Policies": policies}}


def with_bus_names(body: Document) -> Document:
    """Returns the template with each reference to an event bus replaced by its name: moto's Ref gives no string."""
    buses = {
        name: item["Properties"]["Name"]
        for name, item in body["Resources"].items()
        if item["Type"] == "AWS::Events::EventBus"
    }
    replaced: Document = _replaced(body, buses)
    return replaced


def _replaced(value: Any, names: Document) -> Any:
    if isinstance(value, list):
        return [_replaced(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Ref"} and value["Ref"] in names:
        return names[value["Ref"]]
    return {name: _replaced(each, names) for name, each in value.items()}


def properties_to_complete(template: Template, kind: str) -> Document:
    """Returns the properties that complete() needs. Scheduled rules are left out: moto has no function to call."""
    return {name: its for name, its in template.of_type(kind).items() if "ScheduleExpression" not in its}


def complete(resources: dict[str, str], properties: Document, session: boto3.Session, endpoint_url: str) -> None:
    """Sets the properties that moto's CloudFormation ignores.

    Args:
        resources: physical ids by logical id.
        properties: resolved properties by type and logical id.
    """
    tables, buckets, rules = (properties[kind] for kind in COMPLETED_TYPES)
    dynamodb = session.client("dynamodb", endpoint_url=endpoint_url)
    for name, its in tables.items():
        if expiry := its.get("TimeToLiveSpecification"):
            dynamodb.update_time_to_live(TableName=resources[name], TimeToLiveSpecification=expiry)
    s3 = session.client("s3", endpoint_url=endpoint_url)
    for name, its in buckets.items():
        if versioning := its.get("VersioningConfiguration"):
            s3.put_bucket_versioning(Bucket=resources[name], VersioningConfiguration=versioning)
    # moto's CloudFormation creates no rules on an event bus of the template.
    events = session.client("events", endpoint_url=endpoint_url)
    for name, its in rules.items():
        bus, targets = its["EventBusName"], [{"Id": target["Id"], "Arn": target["Arn"]} for target in its["Targets"]]
        events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(its["EventPattern"]))
        events.put_targets(Rule=name, EventBusName=bus, Targets=targets)
    # Bucket policies are not set: moto applies the Deny of requests without TLS to all, as it ignores the condition.


def read_secrets_by_label() -> None:
    """Makes moto return the version with AWSCURRENT: once that label was moved, it goes on to return the one before."""
    mock.patch.object(SecretsManagerBackend, "update_secret_version_stage", _move_label_and_default).start()


def _move_label_and_default(backend: SecretsManagerBackend, secret_id: str, **arguments: Any) -> tuple[str, str]:
    moved = _move_label(backend, secret_id, **arguments)
    secret = backend.secrets[secret_id]
    if arguments["version_stage"] == "AWSCURRENT" and isinstance(secret, FakeSecret):
        secret.set_default_version_id(arguments["move_to_version_id"])
    return moved
