"""What template.yaml promises: closed by default, described, bounded, and silent under its linter."""

import json
import re
import shutil
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


def test_the_translated_template_is_silent_under_cfn_lint(tmp_path: Path) -> None:
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
        ("AlarmTopicArn", "arn:aws:sns:eu-west-1:123456789012:alarms", "alarms"),
    ],
)
def test_a_pattern_takes_what_is_meant_and_nothing_else(parameter: str, good: str, bad: str) -> None:
    pattern = re.compile(PARAMETERS[parameter]["AllowedPattern"])
    assert pattern.fullmatch(good)
    assert not pattern.fullmatch(bad)


def test_a_fresh_deployment_is_closed() -> None:
    secrets = TEMPLATE.of_type("AWS::SecretsManager::Secret")
    assert json.loads(secrets["ApiKeysSecret"]["SecretString"]) == {"keys": []}
    assert not any(json.loads(secrets["EkycCredentialsSecret"]["SecretString"]).values())
    assert PARAMETERS["AllowedRedirectOrigins"]["Default"] == ""
    assert PARAMETERS["AllowedCorsOrigins"]["Default"] == ""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_a_role_a_log_group_and_a_description_of_its_own(name: str) -> None:
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
def test_a_log_group_is_kept_for_a_while_and_encrypted(name: str) -> None:
    group = RESOURCES[name]["Properties"]
    assert group["RetentionInDays"]
    assert group["KmsKeyId"] == {"Fn::GetAtt": ["DataKey", "Arn"]}


def test_the_access_log_holds_the_route_and_never_the_path() -> None:
    log_format = TEMPLATE.of_type("AWS::ApiGatewayV2::Stage")["ApiApiGatewayDefaultStage"]["AccessLogSettings"][
        "Format"
    ]
    assert "$context.routeKey" in log_format
    assert not re.search(r"\$context\.(path|identity|domainName)|rawPath", log_format)
    json.loads(log_format)


@pytest.mark.parametrize("name", TEMPLATE.of_type("AWS::IAM::Role"))
def test_a_role_names_its_actions_and_resources(name: str) -> None:
    for policy in RESOURCES[name]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not any("*" in action for action in actions)
            assert statement["Resource"] != "*"


def test_snapshots_are_for_none_for_the_return_or_for_all_that_a_person_waits_for() -> None:
    chosen = {"Ref": "SnapStart"}
    assert PARAMETERS["SnapStart"]["AllowedValues"] == ["On", "Return", "Off"]
    assert TEMPLATE.document["Conditions"]["HasSnapStart"] == {"Fn::Equals": [chosen, "On"]}
    assert TEMPLATE.document["Conditions"]["HasReturnSnapStart"] == {"Fn::Not": [{"Fn::Equals": [chosen, "Off"]}]}
    assert sum("SnapStart" in function for function in FUNCTIONS.values()) == 3


@pytest.mark.parametrize("name", ["AuthorizeFunction", "VerificationsFunction", "RedirectFunction"])
def test_a_function_that_a_person_waits_for_is_called_by_its_published_version(name: str) -> None:
    condition = "HasReturnSnapStart" if name == "RedirectFunction" else "HasSnapStart"
    assert FUNCTIONS[name]["SnapStart"] == {"ApplyOn": {"Fn::If": [condition, "PublishedVersions", "None"]}}
    alias = {"Ref": f"{name}Aliaslive"}
    permissions = TEMPLATE.of_type("AWS::Lambda::Permission").values()
    called = [each["FunctionName"] for each in permissions if name in str(each["FunctionName"])]
    assert called
    assert all(each == alias for each in called)
    # What API Gateway calls: the alias, and never the function itself, whose code changes before it is published.
    api = json.dumps(TEMPLATE.of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"])
    assert f"${{{name}.Arn}}/" not in api
    assert f"{name}Aliaslive" in api or f"${{{name}.Arn}}:live" in api


@pytest.mark.skipif(
    sys.version_info[:2] != (3, 13) and not shutil.which("python3.13"), reason="no Python 3.13 to build with"
)
@pytest.mark.parametrize("name", ["AuthorizeFunction", "VerificationsFunction", "RedirectFunction"])
def test_a_change_of_the_layer_alone_publishes_a_new_version(name: str, tmp_path: Path) -> None:
    declared = template.TEMPLATE.read_text(encoding="utf-8")
    assert re.search(rf"  {name}:\n    Type: .*\n    Metadata:\n      BuildMethod: makefile\n", declared)
    layer = tmp_path / "layers" / "bridge"
    shutil.copytree(template.TEMPLATE.parent / "layers" / "bridge", layer)
    shutil.copytree(template.TEMPLATE.parent / "functions", tmp_path / "functions")
    folder = tmp_path / "functions" / name.removesuffix("Function").lower()
    built: list[dict[str, bytes]] = []
    for change in ("", "# changed\n"):
        with (layer / "bridge" / "rules.py").open("a") as file:
            file.write(change)
        artifacts = tmp_path / f"built{len(built)}"
        command = ["make", "-s", "-C", str(folder), f"build-{name}", f"ARTIFACTS_DIR={artifacts}"]
        subprocess.run([*command, f"PYTHON={sys.executable}"], check=True)
        built.append({path.name: path.read_bytes() for path in artifacts.glob("*.*")})
    assert built[0]["app.py"] == built[1]["app.py"]
    assert built[0] != built[1]


def test_open_records_never_vanish_by_time_to_live() -> None:
    table = TEMPLATE.of_type("AWS::DynamoDB::Table")["VerificationsTable"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


@pytest.mark.parametrize("kind", ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key"])
def test_what_holds_data_survives_the_stack(kind: str) -> None:
    kept = [item for item in RESOURCES.values() if item["Type"] == kind]
    assert kept
    assert all(item["DeletionPolicy"] == "RetainExceptOnCreate" for item in kept)
