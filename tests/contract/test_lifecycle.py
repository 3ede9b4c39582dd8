"""What an update, a rollback and a deletion of the stack may do to what it holds."""

import pytest

from tests.sandbox import template

TEMPLATE = template.read()
RESOURCES = TEMPLATE.document["Resources"]
KEPT = {
    "AWS::DynamoDB::Table",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SecretsManager::Secret",
}


# Counts of the last seconds are worth nothing without the stack.
EXCEPT = {"RateTable"}


@pytest.mark.parametrize(
    "name", sorted(name for name, its in RESOURCES.items() if its["Type"] in KEPT and name not in EXCEPT)
)
def test_data_its_key_its_policy_and_secrets_survive_the_stack(name: str) -> None:
    resource = RESOURCES[name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_the_first_values_of_secrets_never_change() -> None:
    """And open nothing. CloudFormation writes SecretString again when it changes, over what an operator put."""
    secrets = TEMPLATE.of_type("AWS::SecretsManager::Secret")
    assert {name: its["SecretString"] for name, its in secrets.items()} == {
        "EkycCredentialsSecret": '{"client_id": "", "client_secret": ""}',
        "ApiKeysSecret": '{"keys": []}',
        "WebhookEndpointsSecret": '{"endpoints": []}',
    }


def test_an_import_that_fails_on_warnings_disables_no_endpoint() -> None:
    """SAM disables it by `servers` without a URL, of which API Gateway warns: docs/operations.md, Your own domain."""
    api = TEMPLATE.of_type("AWS::ApiGatewayV2::Api")["Api"]
    assert not (api["FailOnWarnings"] and "servers" in api["Body"])


def test_a_failed_or_throttled_sweep_is_not_repeated() -> None:
    """Lambda would repeat a failed one twice, and a throttled one for six hours, beside those of later minutes."""
    configured = TEMPLATE.of_type("AWS::Lambda::EventInvokeConfig").values()
    scheduled = {
        target["Arn"]["Fn::GetAtt"][0]
        for rule in TEMPLATE.of_type("AWS::Events::Rule").values()
        if "ScheduleExpression" in rule
        for target in rule["Targets"]
    }
    assert {its["FunctionName"]["Ref"] for its in configured} == scheduled
    for its in configured:
        assert (its["MaximumRetryAttempts"], its["MaximumEventAgeInSeconds"]) == (0, 60)
        assert its["Qualifier"] == "$LATEST"


def test_the_access_log_quotes_the_error_once() -> None:
    """`$context.error.messageString` comes with quotes of its own, and breaks the line's JSON."""
    stage = TEMPLATE.of_type("AWS::ApiGatewayV2::Stage")["ApiApiGatewayDefaultStage"]
    log_format = stage["AccessLogSettings"]["Format"]
    assert '"error":"$context.error.message"' in log_format
    assert "messageString" not in log_format


def test_the_access_log_is_in_the_group_that_no_other_api_can_fill_up() -> None:
    """docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html"""
    name = TEMPLATE.of_type("AWS::Logs::LogGroup")["ApiLogGroup"]["LogGroupName"]
    assert name == {"Fn::Sub": "/aws/vendedlogs/${AWS::StackName}/api"}
