"""What moto's CloudFormation leaves out of the resources that it creates, done by the services' own calls."""

import json
from typing import Any

import boto3

from .template import Document, Template

# The types whose properties, resolved, fill() wants.
FILLED = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Events::Rule")


def without_optional_policies(resources: Document) -> Document:
    """The resources, their roles without policies that depend on a condition: moto fails where one is left out by
    `AWS::NoValue`. It enforces no policy."""
    return {name: _without_optional_policies(item) for name, item in resources.items()}


def _without_optional_policies(item: Document) -> Document:
    if item["Type"] != "AWS::IAM::Role":
        return item
    policies = [each for each in item["Properties"]["Policies"] if "Fn::If" not in each]
    return item | {"Properties": item["Properties"] | {"Policies": policies}}


def with_bus_names(body: Document) -> Document:
    """The template, in it the name of an event bus wherever it is referred to: moto's Ref gives no text."""
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


def declared(template: Template, kind: str) -> Document:
    """The properties that fill() wants of a type. A rule with a schedule calls a function, which is not created."""
    return {name: its for name, its in template.of_type(kind).items() if "ScheduleExpression" not in its}


def fill(resources: dict[str, str], properties: Document, session: boto3.Session, endpoint_url: str) -> None:
    """Brings what was created to what was declared.

    Args:
        resources: physical ids by logical id.
        properties: by type and logical id.
    """
    tables, buckets, rules = (properties[kind] for kind in FILLED)
    dynamodb = session.client("dynamodb", endpoint_url=endpoint_url)
    for name, its in tables.items():
        if expiry := its.get("TimeToLiveSpecification"):
            dynamodb.update_time_to_live(TableName=resources[name], TimeToLiveSpecification=expiry)
    s3 = session.client("s3", endpoint_url=endpoint_url)
    for name, its in buckets.items():
        if versioning := its.get("VersioningConfiguration"):
            s3.put_bucket_versioning(Bucket=resources[name], VersioningConfiguration=versioning)
    # Its CloudFormation makes no rule for a bus that is referred to.
    events = session.client("events", endpoint_url=endpoint_url)
    for name, its in rules.items():
        bus, targets = its["EventBusName"], [{"Id": target["Id"], "Arn": target["Arn"]} for target in its["Targets"]]
        events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(its["EventPattern"]))
        events.put_targets(Rule=name, EventBusName=bus, Targets=targets)
    # Bucket policies are left out: moto obeys a Deny without reading its Condition (that there be no TLS).
