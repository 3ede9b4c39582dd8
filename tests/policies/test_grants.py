"""What services may do to each other here, judged as they ask for it. No emulator that we know of enforces these."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import deployed
from .deployed import ACCOUNT, REGION
from .engine import Policy, Request, judge

STACK = deployed.read()
RESOURCES: dict[str, Any] = STACK.template.document["Resources"]
ROLES = list(STACK.template.of_type("AWS::IAM::Role"))
LOG_GROUPS = STACK.of_type("AWS::Logs::LogGroup")
API = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:Api"
OPERATIONS = Path(__file__).parents[2] / "docs/operations.md"
_INVOKED = re.compile(r"functions/(arn:[^/]+)/invocations")


def _asked(service: str, action: str, resource: str, policy: Policy | None, **context: str) -> bool:
    """Whether a service is allowed something by the resource's policy alone."""
    return judge([Request(service, action, resource, ACCOUNT, context, (), policy)])[0].allowed


def _function_policy(arn: str) -> Policy:
    """A function's policy, as AddPermission writes its statements.

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
    return _asked(service, "lambda:InvokeFunction", function, policy, **{"aws:SourceArn": source})


def _routes() -> Iterator[tuple[str, str]]:
    """Each route of the API as METHOD/path, and the function that it calls."""
    for path, methods in STACK.of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"]["paths"].items():
        for method, its in methods.items():
            if "x-amazon-apigateway-integration" in its:
                (function,) = _INVOKED.findall(its["x-amazon-apigateway-integration"]["uri"])
                yield f"{method.upper()}{path}", function


@pytest.mark.parametrize("role", ROLES)
def test_lambda_assumes_the_role_and_no_other_service_does(role: str) -> None:
    # docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    trust = STACK.resolve(RESOURCES[role]["Properties"]["AssumeRolePolicyDocument"])
    assert _asked("lambda.amazonaws.com", "sts:AssumeRole", STACK.arn(role), trust)
    assert not _asked("ec2.amazonaws.com", "sts:AssumeRole", STACK.arn(role), trust)


@pytest.mark.parametrize(("route", "function"), list(_routes()))
def test_the_api_calls_the_function_of_a_route(route: str, function: str) -> None:
    # docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html: api-id/stage/METHOD/resource-path
    assert _may_invoke("apigateway.amazonaws.com", function, f"{API}/$default/{route}")
    assert not _may_invoke("apigateway.amazonaws.com", function, f"{API}other/$default/{route}")
    assert not _may_invoke("apigateway.amazonaws.com", function, f"{API}/$default/DELETE/{route.partition('/')[2]}")


def test_the_api_calls_its_authorizer() -> None:
    # docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html: api-id/authorizers/id
    schemes = STACK.of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"]["components"]["securitySchemes"]
    uri = schemes["BearerKey"]["x-amazon-apigateway-authorizer"]["authorizerUri"]
    (function,) = _INVOKED.findall(uri)
    assert _may_invoke("apigateway.amazonaws.com", function, f"{API}/authorizers/abc123")
    assert not _may_invoke("apigateway.amazonaws.com", function, f"{API}other/authorizers/abc123")


def test_the_schedule_calls_its_function() -> None:
    # docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-lambda-permissions
    rules = STACK.of_type("AWS::Events::Rule")
    assert rules
    for name, rule in rules.items():
        for target in rule["Targets"]:
            assert _may_invoke("events.amazonaws.com", target["Arn"], STACK.arn(name))
            assert not _may_invoke("events.amazonaws.com", target["Arn"], STACK.arn(name) + "other")


@pytest.mark.parametrize("name", LOG_GROUPS)
def test_cloudwatch_logs_uses_the_key_for_each_log_group(name: str) -> None:
    # docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    key = STACK.arn("DataKey")
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{LOG_GROUPS[name]['LogGroupName']}"
    context = {"kms:EncryptionContext:aws:logs:arn": group}
    for action in ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey"):
        assert _asked(f"logs.{REGION}.amazonaws.com", action, key, STACK.resource_policy(key), **context)


@pytest.mark.parametrize("group", ["/another-stack/sweep", "/aws/vendedlogs/another-stack/api", "ekyc-bridge"])
def test_cloudwatch_logs_uses_the_key_for_no_other_log_group(group: str) -> None:
    key = STACK.arn("DataKey")
    context = {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"}
    assert not _asked(f"logs.{REGION}.amazonaws.com", "kms:Decrypt", key, STACK.resource_policy(key), **context)


def test_the_documented_statement_lets_cloudwatch_send_to_an_encrypted_topic() -> None:
    # repost.aws/knowledge-center/cloudwatch-configure-alarm-sns, which has no condition
    page = OPERATIONS.read_text(encoding="utf-8")
    (block,) = [each for each in re.findall(r"```json\n(.+?)```", page, re.S) if "cloudwatch.amazonaws.com" in each]
    policy = {"Version": "2012-10-17", "Statement": [json.loads(block)]}
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/of-the-topic"
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        assert _asked("cloudwatch.amazonaws.com", action, key, policy)
        assert not _asked("events.amazonaws.com", action, key, policy)


def test_cloudwatch_may_not_use_the_key_of_this_stack() -> None:
    """So a topic under it would get no alarm; docs/operations.md says so."""
    key = STACK.arn("DataKey")
    assert not _asked("cloudwatch.amazonaws.com", "kms:GenerateDataKey", key, STACK.resource_policy(key))
