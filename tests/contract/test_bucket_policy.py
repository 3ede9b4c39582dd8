"""The bucket's policy, evaluated as IAM would: whom it refuses, whatever another policy allows."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.simulation.stack import template

OBJECT = "EvidenceBucket/records/ver_1/0a.json.gz"
AUDITOR = "arn:aws:iam::111122223333:role/auditor"
READ, WRITE, ERASE = "s3:GetObject", "s3:PutObject", "s3:DeleteObjectVersion"
# What a request of one of our functions carries.
OURS = {"aws:SecureTransport": "true"}


def _plain(value: Any, reader: str) -> Any:
    """Resources by their logical ids, and the parameter's value."""
    if isinstance(value, list):
        return [each for item in value if (each := _plain(item, reader)) is not None]
    if not isinstance(value, dict):
        return value
    kind, inner = next(iter(value.items()))
    if kind == "If":
        return _plain(inner[1] if reader else inner[2], reader)
    if kind == "Sub":
        return re.sub(r"\$\{(\w+)\.Arn\}", r"\1", inner)
    if kind == "GetAtt":
        return inner.removesuffix(".Arn")
    if kind == "Ref":
        return {"EvidenceReaderArn": reader, "AWS::NoValue": None}.get(inner, inner)
    return {name: _plain(each, reader) for name, each in value.items()}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _holds(operator: str, wanted: list[str], found: str | None) -> bool:
    match operator:
        case "Bool":
            return found in wanted
        case "ArnNotEquals" | "ArnNotLike":
            return found is None or not any(fnmatchcase(found, each) for each in wanted)
        case "StringNotEqualsIfExists":
            return found is not None and found not in wanted
    raise NotImplementedError(operator)


def refused(action: str, resource: str, context: Mapping[str, str], reader: str = "") -> bool:
    """Whether a statement denies it. Everything in this policy denies: what is allowed, the roles say."""
    statements = template()["Resources"]["EvidenceBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    for statement in _plain(statements, reader):
        assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
        conditions = [
            _holds(operator, _list(wanted), context.get(key))
            for operator, pairs in statement["Condition"].items()
            for key, wanted in pairs.items()
        ]
        is_meant = any(fnmatchcase(action, each) for each in _list(statement["Action"]))
        is_there = any(fnmatchcase(resource, each) for each in _list(statement["Resource"]))
        if is_meant and is_there and all(conditions):
            return True
    return False


@pytest.mark.parametrize(
    ("role", "actions"),
    [
        ("VerificationsRole", {READ, WRITE, ERASE}),
        ("RedirectRole", {WRITE, ERASE}),
        ("FinalizeRole", {WRITE, ERASE}),
        ("SweepRole", set()),
        ("AuthorizeRole", set()),
        ("arn:aws:iam::111122223333:role/administrator", set()),
        ("arn:aws:iam::111122223333:root", set()),
    ],
)
def test_only_the_functions_named_come_to_the_evidence(role: str, actions: set[str]) -> None:
    context = {**OURS, "aws:PrincipalArn": role}
    assert {each for each in (READ, WRITE, ERASE) if not refused(each, OBJECT, context)} == actions


def test_nobody_without_a_name_comes_to_the_evidence() -> None:
    assert refused(READ, OBJECT, OURS)


def test_the_reader_that_is_named_reads_and_does_no_more() -> None:
    context = {**OURS, "aws:PrincipalArn": AUDITOR}
    assert not refused(READ, OBJECT, context, reader=AUDITOR)
    assert refused(WRITE, OBJECT, context, reader=AUDITOR)
    assert refused(ERASE, OBJECT, context, reader=AUDITOR)
    assert refused(READ, OBJECT, context, reader="arn:aws:iam::111122223333:role/another")


@pytest.mark.parametrize("action", [READ, WRITE, ERASE, "s3:ListBucketVersions"])
@pytest.mark.parametrize("resource", [OBJECT, "EvidenceBucket"])
def test_nothing_goes_over_plain_http(action: str, resource: str) -> None:
    context = {"aws:SecureTransport": "false", "aws:PrincipalArn": "VerificationsRole"}
    assert refused(action, resource, context)


@pytest.mark.parametrize(
    ("encryption", "is_refused"),
    [
        ({}, False),
        ({"s3:x-amz-server-side-encryption": "aws:kms"}, False),
        ({"s3:x-amz-server-side-encryption-aws-kms-key-id": "DataKey"}, False),
        ({"s3:x-amz-server-side-encryption": "AES256"}, True),
        ({"s3:x-amz-server-side-encryption-aws-kms-key-id": "AnotherKey"}, True),
    ],
)
def test_evidence_lies_under_the_key_of_this_stack(encryption: dict[str, str], is_refused: bool) -> None:
    context = {**OURS, **encryption, "aws:PrincipalArn": "RedirectRole"}
    assert refused(WRITE, OBJECT, context) is is_refused


def test_the_bucket_itself_stays_in_the_deployers_hands() -> None:
    context = {**OURS, "aws:PrincipalArn": "arn:aws:iam::111122223333:role/deployer"}
    assert not refused("s3:PutBucketPolicy", "EvidenceBucket", context)
    assert not refused("s3:PutLifecycleConfiguration", "EvidenceBucket", context)


def test_nothing_of_the_bucket_is_public() -> None:
    bucket = template()["Resources"]["EvidenceBucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": {"GetAtt": "DataKey.Arn"},
    }


def test_the_key_is_the_accounts_and_for_the_logs_of_this_stack_alone() -> None:
    account, logs = template()["Resources"]["DataKey"]["Properties"]["KeyPolicy"]["Statement"]
    assert account["Principal"] == {"AWS": {"Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    assert logs["Principal"] == {"Service": {"Sub": "logs.${AWS::Region}.amazonaws.com"}}
    ((_, groups),) = logs["Condition"]["ArnLike"].items()
    assert groups["Sub"].endswith(":log-group:/${AWS::StackName}/*")
