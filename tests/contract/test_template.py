"""template.yaml is closed by default, described, bounded, and without findings of its linter."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox import template

TEMPLATE = template.read()
RESOURCES: dict[str, Any] = TEMPLATE.document["Resources"]
PARAMETERS: dict[str, Any] = TEMPLATE.document["Parameters"]
FUNCTIONS = TEMPLATE.of_type("AWS::Lambda::Function")


@pytest.mark.slow
def test_cfn_lint_finds_nothing_in_the_translated_template(tmp_path: Path) -> None:
    translated = tmp_path / "translated.json"
    translated.write_text(json.dumps(TEMPLATE.document))
    linter = Path(sys.executable).with_name("cfn-lint")
    run = subprocess.run([linter, translated], capture_output=True, text=True, check=False)
    assert (run.stdout, run.returncode) == ("", 0)


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_is_described_and_bounded(name: str) -> None:
    parameter = PARAMETERS[name]
    bounds = {"AllowedPattern", "AllowedValues", "MinValue"}
    assert parameter["Description"]
    assert bounds & parameter.keys()
    if parameter["Type"] == "Number" and "AllowedValues" not in parameter:
        assert {"MinValue", "MaxValue"} <= parameter.keys()


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("EkycApiUrl", "https://vendor.example/api", "http://vendor.example"),
        ("EkycApiUrl", "https://vendor.example:8443", "https://user@vendor.example"),
        ("EkycApiUrl", "https://vendor.example", "https://vendor.example/"),
        ("AllowedRedirectOrigins", "https://app.example.com", "https://app.example.com/path"),
        ("AllowedRedirectOrigins", "http://localhost:*", "https://*.example.com"),
        ("AllowedRedirectOrigins", "https://app.example.com:8443", "http://app.example.com"),
        ("AllowedCorsOrigins", "https://app.example.com", "*"),
        ("PublicBaseUrl", "https://api.example.com", "http://api.example.com"),
        ("BrandName", "Söhne & Co.", 'a"b'),
        ("BrandName", "", "x" * 61),
        ("BrandLogoUrl", "https://cdn.acme.example/logo.svg?v=1", "http://cdn.acme.example/logo.svg"),
        ("BrandLogoUrl", "", "https://cdn.acme.example/a b.svg"),
        ("BrandColour", "#0a7D5b", "red"),
        ("BrandColour", "", "#fff"),
        ("SupportUrl", "https://acme.example/help#id", "javascript:alert(1)"),
        ("SupportUrl", "mailto:help@acme.example", "mailto:help@acme.example?body=x"),
        ("AlarmTopicArn", "arn:aws:sns:eu-west-1:123456789012:alarms", "alarms"),
    ],
)
def test_the_pattern_of_a_parameter_accepts_good_and_refuses_bad_values(parameter: str, good: str, bad: str) -> None:
    pattern = re.compile(PARAMETERS[parameter]["AllowedPattern"])
    assert pattern.fullmatch(good)
    assert not pattern.fullmatch(bad)


def test_a_fresh_deployment_allows_no_origin() -> None:
    assert PARAMETERS["AllowedRedirectOrigins"]["Default"] == ""
    assert PARAMETERS["AllowedCorsOrigins"]["Default"] == ""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_its_own_role_log_group_and_description(name: str) -> None:
    stem = name.removesuffix("Function")
    function = FUNCTIONS[name]
    assert function["Description"]
    assert function["Role"] == {"Fn::GetAtt": [f"{stem}Role", "Arn"]}
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": f"{stem}LogGroup"}
    assert TEMPLATE.code[name].name == stem.lower()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_functions_environment_does_not_refer_to_the_api(name: str) -> None:
    environment = FUNCTIONS[name].get("Environment", {})
    assert not {"Api", "ApiApiGatewayDefaultStage"} & template.references(environment)


@pytest.mark.parametrize("name", TEMPLATE.of_type("AWS::Logs::LogGroup"))
def test_a_log_group_has_a_retention_and_is_encrypted(name: str) -> None:
    group = RESOURCES[name]["Properties"]
    assert group["RetentionInDays"]
    assert group["KmsKeyId"] == {"Fn::GetAtt": ["DataKey", "Arn"]}


def test_the_access_log_has_the_route_and_not_the_path() -> None:
    log_format = TEMPLATE.of_type("AWS::ApiGatewayV2::Stage")["ApiApiGatewayDefaultStage"]["AccessLogSettings"][
        "Format"
    ]
    assert "$context.routeKey" in log_format
    assert not re.search(r"\$context\.(path|identity|domainName)|rawPath", log_format)
    json.loads(log_format)


@pytest.mark.parametrize("name", TEMPLATE.of_type("AWS::IAM::Role"))
def test_a_role_has_no_wildcards_in_actions_and_resources(name: str) -> None:
    traces, *own = RESOURCES[name]["Properties"]["Policies"]
    # X-Ray's actions cannot be limited to resources.
    assert traces["Fn::If"][0] == "HasTracing"
    for policy in own:
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not any("*" in action for action in actions)
            # ListStreams cannot be limited to resources either.
            assert statement["Resource"] != "*" or actions == ["dynamodb:ListStreams"]


def test_deployed_code_is_live_without_versions_or_aliases() -> None:
    """SAM's automatic versions ignore changes of layers and parameters, so an alias would keep the old ones."""
    assert not TEMPLATE.of_type("AWS::Lambda::Version")
    assert not TEMPLATE.of_type("AWS::Lambda::Alias")


@pytest.mark.parametrize(("layer", "function"), [("JwtLayer", "AuthorizeFunction"), ("BridgeLayer", "SweepFunction")])
def test_a_change_of_only_a_layer_changes_the_functions_that_use_it(layer: str, function: str) -> None:
    """`sam deploy` uploads a layer under the hash of its content. SAM names the resource by that address."""
    used = []
    for content in ("0a1b", "2c3d"):
        document = template.source()
        document["Resources"][layer]["Properties"]["ContentUri"] = content
        deployed = template.translate(document).of_type("AWS::Lambda::Function")
        used.append(deployed[function]["Layers"])
    assert used[0] != used[1]
