"""Tests that the bucket policy restricts access to evidence, also for a role that may do everything in S3 and KMS."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from .engine import Request, Verdict, actions_on, evaluate
from .stack import ACCOUNT, REGION, ResolvedStack, read

STACK = read()
BUCKET, KEY = STACK.arn("EvidenceBucket"), STACK.arn("DataKey")
OBJECT = f"{BUCKET}/records/ver_1/0a.json.gz"
AUDITOR = f"arn:aws:iam::{ACCOUNT}:role/auditor"
ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/administrator"
FOREIGN = "arn:aws:iam::999999999999:role/auditor"
EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Everything", "Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": "*"}],
}
TLS = {"aws:SecureTransport": "true"}
READ, WRITE, ERASE = "s3:GetObject", "s3:PutObject", "s3:DeleteObjectVersion"
# The functions' roles, and the actions on an object that the bucket policy allows to each.
FUNCTIONS = {
    "VerificationsRole": {READ, WRITE, ERASE},
    "RedirectRole": {WRITE},
    "FinalizeRole": {WRITE, ERASE},
    "SweepRole": set(),
    "AuthorizeRole": set(),
    "AboutRole": set(),
}
PREFIX = "s3:x-amz-server-side-encryption"
NAMED = f"{PREFIX}-aws-kms-key-id"
OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/another"


def _request(
    action: str, role: str, resource: str = OBJECT, stack: ResolvedStack = STACK, context: Mapping[str, str] = TLS
) -> Request:
    account, name = role.split(":")[4], role.rpartition("/")[2]
    context = {"aws:PrincipalArn": role, "aws:PrincipalAccount": account, **TLS, **context}
    principal = f"arn:aws:sts::{account}:assumed-role/{name}/somebody"
    return Request(principal, action, resource, ACCOUNT, context, (EVERYTHING,), stack.resource_policy(resource))


def _verdict(
    action: str, role: str, resource: str = OBJECT, stack: ResolvedStack = STACK, context: Mapping[str, str] = TLS
) -> Verdict:
    return evaluate([_request(action, role, resource, stack, context)])[0]


@pytest.mark.parametrize("role", FUNCTIONS)
def test_each_function_has_only_its_actions_on_an_object(role: str) -> None:
    actions = [READ, WRITE, ERASE]
    verdicts = evaluate([_request(action, STACK.arn(role)) for action in actions])
    assert {action for action, each in zip(actions, verdicts, strict=True) if each.allowed} == FUNCTIONS[role]


def test_role_with_all_permissions_has_no_action_on_an_object() -> None:
    actions = sorted(actions_on("s3", "object"))
    assert {"s3:GetObjectVersionForReplication", "s3:ReplicateObject", "s3:ReplicateDelete"} <= set(actions)
    assert {"s3:GetObjectTorrent", "s3:RestoreObject", "s3:BypassGovernanceRetention"} <= set(actions)
    verdicts = evaluate([_request(action, ADMINISTRATOR) for action in actions])
    assert [action for action, each in zip(actions, verdicts, strict=True) if each.allowed] == []


def test_account_root_reads_no_object() -> None:
    root = f"arn:aws:iam::{ACCOUNT}:root"
    context = {"aws:PrincipalArn": root, "aws:SecureTransport": "true"}
    request = Request(root, READ, OBJECT, ACCOUNT, context, (EVERYTHING,), STACK.resource_policy(OBJECT))
    assert not evaluate([request])[0].allowed


def test_administrator_can_replace_the_policy() -> None:
    """docs/security.md says so. CloudTrail records it."""
    for action in ("s3:PutBucketPolicy", "s3:PutReplicationConfiguration", "s3:PutLifecycleConfiguration"):
        assert _verdict(action, ADMINISTRATOR, BUCKET).allowed


def _with_reader(name: str) -> ResolvedStack:
    return read({"EvidenceReader": name})


@pytest.mark.parametrize("named", ["role/auditor", "role/aud*"])
def test_named_reader_only_reads(named: str) -> None:
    stack = _with_reader(named)
    assert _verdict(READ, AUDITOR, stack=stack).allowed
    assert _verdict("s3:ListBucket", AUDITOR, BUCKET, stack).allowed
    assert _verdict("kms:Decrypt", AUDITOR, KEY, stack).allowed
    assert not _verdict(WRITE, AUDITOR, stack=stack).allowed
    assert not _verdict(ERASE, AUDITOR, stack=stack).allowed
    assert not _verdict("s3:ReplicateObject", AUDITOR, stack=stack).allowed
    assert not _verdict(READ, ADMINISTRATOR, stack=stack).allowed


@pytest.mark.parametrize("arn", [AUDITOR, FOREIGN, "role/auditor arn:aws:iam::999999999999:role/auditor"])
def test_arn_is_rejected_as_a_reader(arn: str) -> None:
    pattern = STACK.template.document["Parameters"]["EvidenceReader"]["AllowedPattern"]
    assert re.fullmatch(pattern, "role/auditor")
    assert not re.fullmatch(pattern, arn)


def test_role_with_the_readers_name_in_another_account_reads_nothing() -> None:
    stack = _with_reader("role/*")
    assert not _verdict(READ, FOREIGN, stack=stack).allowed
    assert not _verdict("kms:Decrypt", FOREIGN, KEY, stack).allowed


@pytest.mark.parametrize("action", [READ, WRITE, ERASE])
def test_plain_http_is_denied(action: str) -> None:
    verdict = _verdict(action, STACK.arn("VerificationsRole"), context={"aws:SecureTransport": "false"})
    assert "OnlyOverTls" in verdict.denied_by


@pytest.mark.parametrize(
    ("encryption", "denied_by"),
    [
        ({}, set()),
        ({PREFIX: "aws:kms", NAMED: KEY}, set()),
        # S3 would use the key aws/s3 for the first, and the caller's own key for the last.
        ({PREFIX: "aws:kms"}, {"NoUnnamedKey"}),
        ({PREFIX: "aws:kms", NAMED: OTHER_KEY}, {"NoOtherKey"}),
        ({NAMED: OTHER_KEY}, {"NoOtherKey"}),
        ({PREFIX: "AES256"}, {"NoOtherEncryption", "NoUnnamedKey"}),
        ({PREFIX: "aws:kms:dsse", NAMED: KEY}, {"NoOtherEncryption"}),
        ({f"{PREFIX}-customer-algorithm": "AES256"}, {"NoCustomerProvidedKey"}),
    ],
)
def test_evidence_is_encrypted_with_the_stacks_key_only(encryption: dict[str, str], denied_by: set[str]) -> None:
    verdict = _verdict(WRITE, STACK.arn("RedirectRole"), context=encryption)
    assert (verdict.allowed, set(verdict.denied_by)) == (not denied_by, denied_by)


@pytest.mark.parametrize("name", ["OnlyVerificationsReads", "OnlyTheFunctionsWrite", "OtherActionsOnlyByDeleters"])
def test_no_statement_is_redundant(name: str) -> None:
    policy: Any = STACK.resource_policy(BUCKET)
    without = policy | {"Statement": [each for each in policy["Statement"] if each["Sid"] != name]}
    actions = [READ, WRITE, ERASE]
    requests = [_request(action, ADMINISTRATOR) for action in actions]
    unprotected = [
        Request(each.principal, each.action, each.resource, ACCOUNT, each.context, each.identity, without)
        for each in requests
    ]
    assert any(verdict.allowed for verdict in evaluate(unprotected))
