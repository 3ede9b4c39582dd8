"""What moto's CloudFormation leaves out of the resources that it creates, done by the services' own calls."""

import boto3

from .template import Document

# The types whose properties, resolved, fill() wants.
FILLED = ("AWS::DynamoDB::Table", "AWS::S3::Bucket")


def without_optional_policies(resources: Document) -> Document:
    """The resources, their roles without policies that depend on a condition: moto fails where one is left out by
    `AWS::NoValue`. It enforces no policy."""
    return {name: _without_optional_policies(item) for name, item in resources.items()}


def _without_optional_policies(item: Document) -> Document:
    if item["Type"] != "AWS::IAM::Role":
        return item
    policies = [each for each in item["Properties"]["Policies"] if "Fn::If" not in each]
    return item | {"Properties": item["Properties"] | {"Policies": policies}}


def fill(resources: dict[str, str], properties: Document, session: boto3.Session, endpoint_url: str) -> None:
    """Brings what was created to what was declared.

    Args:
        resources: physical ids by logical id.
        properties: by type and logical id.
    """
    tables, buckets = (properties[kind] for kind in FILLED)
    dynamodb = session.client("dynamodb", endpoint_url=endpoint_url)
    for name, declared in tables.items():
        if expiry := declared.get("TimeToLiveSpecification"):
            dynamodb.update_time_to_live(TableName=resources[name], TimeToLiveSpecification=expiry)
    s3 = session.client("s3", endpoint_url=endpoint_url)
    for name, declared in buckets.items():
        if versioning := declared.get("VersioningConfiguration"):
            s3.put_bucket_versioning(Bucket=resources[name], VersioningConfiguration=versioning)
    # Bucket policies are left out: moto obeys a Deny without reading its Condition (that there be no TLS).
