"""What happens to data and functions when the stack is updated, rolled back or deleted."""

import pytest

from tests.sandbox import template

TEMPLATE = template.read()
RESOURCES = TEMPLATE.document["Resources"]
RETAINED = {
    "AWS::DynamoDB::Table",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SecretsManager::Secret",
}


# The counters of the last seconds are useless without the stack.
NOT_RETAINED = {"RateTable"}


@pytest.mark.parametrize(
    "name",
    sorted(name for name, declared in RESOURCES.items() if declared["Type"] in RETAINED and name not in NOT_RETAINED),
)
def test_data_keys_policies_and_secrets_are_retained(name: str) -> None:
    resource = RESOURCES[name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_the_first_values_of_secrets_never_change() -> None:
    """They grant nothing. If one changed, CloudFormation would overwrite the operator's value with it."""
    secrets = TEMPLATE.of_type("AWS::SecretsManager::Secret")
    assert {name: declared["SecretString"] for name, declared in secrets.items()} == {
        "EkycCredentialsSecret": '{"client_id": "", "client_secret": ""}',
        "ApiKeysSecret": '{"keys": []}',
        "WebhookEndpointsSecret": '{"endpoints": []}',
    }


def test_an_api_that_fails_on_warnings_does_not_disable_its_endpoint() -> None:
    """SAM disables the endpoint by `servers` without a URL, which is a warning: docs/operations.md, Your own domain."""
    api = TEMPLATE.of_type("AWS::ApiGatewayV2::Api")["Api"]
    assert not (api["FailOnWarnings"] and "servers" in api["Body"])


def test_a_failed_or_throttled_sweep_is_not_repeated() -> None:
    """Lambda would retry a failed sweep twice and a throttled one for six hours, beside later sweeps."""
    configured = TEMPLATE.of_type("AWS::Lambda::EventInvokeConfig").values()
    scheduled = {
        target["Arn"]["Fn::GetAtt"][0]
        for rule in TEMPLATE.of_type("AWS::Events::Rule").values()
        if "ScheduleExpression" in rule
        for target in rule["Targets"]
    }
    assert {declared["FunctionName"]["Ref"] for declared in configured} == scheduled
    for declared in configured:
        assert (declared["MaximumRetryAttempts"], declared["MaximumEventAgeInSeconds"]) == (0, 60)
        assert declared["Qualifier"] == "$LATEST"


def test_the_access_log_quotes_the_error_once() -> None:
    """`$context.error.messageString` has its own quotes, which would break the line's JSON."""
    stage = TEMPLATE.of_type("AWS::ApiGatewayV2::Stage")["ApiApiGatewayDefaultStage"]
    log_format = stage["AccessLogSettings"]["Format"]
    assert '"error":"$context.error.message"' in log_format
    assert "messageString" not in log_format


def test_the_access_log_has_a_vended_log_group() -> None:
    """docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html"""
    name = TEMPLATE.of_type("AWS::Logs::LogGroup")["ApiLogGroup"]["LogGroupName"]
    assert name == {"Fn::Sub": "/aws/vendedlogs/${AWS::StackName}/api"}
