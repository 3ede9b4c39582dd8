"""Tests the permissions that AWS services have on the stack's resources. No known emulator enforces these."""

import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests import pages

from . import recorded
from .engine import Policy, Request, evaluate
from .requests import requests
from .stack import ACCOUNT, REGION, STACK_NAME, read

STACK = read()
RESOURCES: dict[str, Any] = STACK.template.document["Resources"]
ROLES = list(STACK.template.of_type("AWS::IAM::Role"))
LOG_GROUPS = STACK.of_type("AWS::Logs::LogGroup")
API = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:Api"
EVENTS, RULE, KEY = "events.amazonaws.com", STACK.arn("DeliveryRule"), STACK.arn("DataKey")
_INVOKED = re.compile(r"functions/(arn:[^/]+)/invocations")


def _is_allowed(service: str, action: str, resource: str, policy: Policy | None, **context: str) -> bool:
    """Whether a resource's policy alone allows an action to a service."""
    return evaluate([Request(service, action, resource, ACCOUNT, context, (), policy)])[0].allowed


def _function_policy(arn: str) -> Policy:
    """Returns a function's policy with the statements that AddPermission writes.

    docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
    """
    statements = [
        {
            "Sid": name,
            "Effect": "Allow",
            "Principal": {"Service": its["Principal"]},
            "Action": its["Action"],
            "Resource": arn,
            "Condition": {"ArnLike": {"AWS:SourceArn": its["SourceArn"]}},
        }
        for name, its in STACK.of_type("AWS::Lambda::Permission").items()
        if arn in (its["FunctionName"], STACK.arn(its["FunctionName"]) if its["FunctionName"] in RESOURCES else "")
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _may_invoke(service: str, function: str, source: str) -> bool:
    policy = _function_policy(function)
    return _is_allowed(service, "lambda:InvokeFunction", function, policy, **{"aws:SourceArn": source})


def _routes() -> Iterator[tuple[str, str]]:
    """Yields each route of the API as METHOD/path, and the function that it calls."""
    for path, methods in STACK.of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"]["paths"].items():
        for method, its in methods.items():
            if "x-amazon-apigateway-integration" in its:
                (function,) = _INVOKED.findall(its["x-amazon-apigateway-integration"]["uri"])
                yield f"{method.upper()}{path}", function


@pytest.mark.parametrize("role", ROLES)
def test_only_lambda_assumes_a_role(role: str) -> None:
    # docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    trust = STACK.resolve(RESOURCES[role]["Properties"]["AssumeRolePolicyDocument"])
    assert _is_allowed("lambda.amazonaws.com", "sts:AssumeRole", STACK.arn(role), trust)
    assert not _is_allowed("ec2.amazonaws.com", "sts:AssumeRole", STACK.arn(role), trust)


@pytest.mark.parametrize(("route", "function"), list(_routes()))
def test_api_invokes_the_function_of_a_route(route: str, function: str) -> None:
    # docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html: api-id/stage/METHOD/resource-path
    assert _may_invoke("apigateway.amazonaws.com", function, f"{API}/$default/{route}")
    assert not _may_invoke("apigateway.amazonaws.com", function, f"{API}other/$default/{route}")
    assert not _may_invoke("apigateway.amazonaws.com", function, f"{API}/$default/DELETE/{route.partition('/')[2]}")


def test_api_invokes_its_authorizer() -> None:
    # docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html: api-id/authorizers/id
    schemes = STACK.of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"]["components"]["securitySchemes"]
    uri = schemes["BearerKey"]["x-amazon-apigateway-authorizer"]["authorizerUri"]
    (function,) = _INVOKED.findall(uri)
    assert _may_invoke("apigateway.amazonaws.com", function, f"{API}/authorizers/abc123")
    assert not _may_invoke("apigateway.amazonaws.com", function, f"{API}other/authorizers/abc123")


def test_schedule_invokes_its_function() -> None:
    # docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-lambda-permissions
    rules = {name: rule for name, rule in STACK.of_type("AWS::Events::Rule").items() if "ScheduleExpression" in rule}
    assert rules
    for name, rule in rules.items():
        for target in rule["Targets"]:
            assert _may_invoke("events.amazonaws.com", target["Arn"], STACK.arn(name))
            assert not _may_invoke("events.amazonaws.com", target["Arn"], STACK.arn(name) + "other")


@pytest.mark.parametrize("queue", ["DeliveryQueue", "DeliveryDeadLetterQueue"])
def test_rule_of_the_bus_sends_to_its_encrypted_queues(queue: str) -> None:
    # docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sqs-permissions, eb-rule-dlq.html,
    # and for the key docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    # (compatibility with AWS services). eb-use-conditions.html has the condition keys: the rule's ARN and account.
    (target,) = STACK.of_type("AWS::Events::Rule")["DeliveryRule"]["Targets"]
    assert STACK.arn(queue) in (target["Arn"], target["DeadLetterConfig"]["Arn"])
    assert "RoleArn" not in target, "with a role, EventBridge would not use the queue's policy"
    assert STACK.of_type("AWS::SQS::Queue")[queue]["KmsMasterKeyId"] == KEY

    assert _sent_by_a_rule(queue, EVENTS, RULE) == [True] * 3
    # A rule of another bus, a rule with the same name in another account, another service.
    assert True not in _sent_by_a_rule(queue, EVENTS, RULE.replace(f"/{STACK_NAME}/", "/"))
    assert True not in _sent_by_a_rule(queue, EVENTS, RULE.replace(ACCOUNT, "999999999999"), account="999999999999")
    assert True not in _sent_by_a_rule(queue, "sns.amazonaws.com", RULE)


def test_eventbridge_has_no_other_permission_on_key_and_queues() -> None:
    context = {"aws:SourceArn": RULE, "aws:SourceAccount": ACCOUNT}
    for action in ("kms:Encrypt", "kms:ReEncryptFrom", "kms:CreateGrant", "kms:PutKeyPolicy"):
        assert not _is_allowed(EVENTS, action, KEY, STACK.resource_policy(KEY), **context)
    assert not _is_allowed(EVENTS, "kms:Decrypt", KEY, STACK.resource_policy(KEY), **{"aws:SourceAccount": ACCOUNT})
    others = {name: STACK.resource_policy(STACK.arn(name)) for name in STACK.of_type("AWS::SQS::Queue")}
    assert {name for name, policy in others.items() if policy} == {"DeliveryQueue", "DeliveryDeadLetterQueue"}


@pytest.mark.parametrize("function", ["finalize", "publish", "deliver"])
def test_role_allows_what_the_functions_event_source_mappings_need(function: str) -> None:
    # recorded.polls names AWS's pages; requests.py names those for the key.
    calls = recorded.polls(STACK, function)
    assert calls
    for call in calls:
        needed = list(requests(STACK, call))
        assert [verdict.allowed for verdict in evaluate(needed)] == [True] * len(needed), call
        for request in needed:
            (less,) = evaluate([dataclasses.replace(request, identity=(_without(function, request),))])
            assert not less.allowed, request


def _without(function: str, request: Request) -> Policy:
    """Returns the function's role without the statements that allow the request's action."""
    role = STACK.role(function)
    allows = [each["Action"] if isinstance(each["Action"], list) else [each["Action"]] for each in role["Statement"]]
    kept = [each for each, actions in zip(role["Statement"], allows, strict=True) if request.action not in actions]
    return {**role, "Statement": kept}


def _sent_by_a_rule(queue: str, service: str, rule: str, account: str = ACCOUNT) -> list[bool]:
    """Returns whether a rule may send a message, and whether it may use the queue's key in two ways."""
    context = {"aws:SourceArn": rule, "aws:SourceAccount": account}
    arn = STACK.arn(queue)
    sends = _is_allowed(service, "sqs:SendMessage", arn, STACK.resource_policy(arn), **context)
    uses = [
        _is_allowed(service, action, KEY, STACK.resource_policy(KEY), **context)
        for action in ("kms:GenerateDataKey", "kms:Decrypt")
    ]
    return [sends, *uses]


@pytest.mark.parametrize("name", LOG_GROUPS)
def test_cloudwatch_logs_uses_the_key_for_each_log_group(name: str) -> None:
    # docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    key = STACK.arn("DataKey")
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{LOG_GROUPS[name]['LogGroupName']}"
    context = {"kms:EncryptionContext:aws:logs:arn": group}
    for action in ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey"):
        assert _is_allowed(f"logs.{REGION}.amazonaws.com", action, key, STACK.resource_policy(key), **context)


@pytest.mark.parametrize("group", ["/another-stack/sweep", "/aws/vendedlogs/another-stack/api", "ekyc-bridge"])
def test_cloudwatch_logs_uses_the_key_for_no_other_log_group(group: str) -> None:
    key = STACK.arn("DataKey")
    context = {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"}
    assert not _is_allowed(f"logs.{REGION}.amazonaws.com", "kms:Decrypt", key, STACK.resource_policy(key), **context)


def test_documented_statement_lets_cloudwatch_send_to_an_encrypted_topic() -> None:
    # repost.aws/knowledge-center/cloudwatch-configure-alarm-sns; its statement has no condition.
    statements = pages.code(pages.read("docs/operations.md"), "json")
    (block,) = [each for each in statements if "cloudwatch.amazonaws.com" in each]
    policy = {"Version": "2012-10-17", "Statement": [json.loads(block)]}
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/of-the-topic"
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        assert _is_allowed("cloudwatch.amazonaws.com", action, key, policy)
        assert not _is_allowed("events.amazonaws.com", action, key, policy)


def test_cloudwatch_may_not_use_the_stacks_key() -> None:
    """A topic that this key encrypts would get no alarm. docs/operations.md says so."""
    key = STACK.arn("DataKey")
    assert not _is_allowed("cloudwatch.amazonaws.com", "kms:GenerateDataKey", key, STACK.resource_policy(key))
