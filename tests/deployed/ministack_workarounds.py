"""Changes what MiniStack 1.5.33 does unlike AWS. The launcher applies it before the emulator starts.

It runs in the emulator's own environment. Each workaround has a test in test_workarounds.py that compares it with an
unchanged emulator, and fails when a newer version behaves as AWS does. Delete the workaround then.
"""

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import apigateway, iam, lambda_svc, secretsmanager
from ministack.services.cloudformation import provisioners

# The longest timeout of a function and the time of its start, in seconds.
_LONGEST_INVOCATION = 70
_SESSION = re.compile(r"arn:aws[a-z-]*:sts::[0-9]{12}:assumed-role/([^/]+)/.+")


def apply(folder: Path, receiver: int) -> None:
    """Applies all workarounds. One writes a file into `folder`; `receiver` is the port of the tests' endpoints."""
    principal_arn_of_a_session_is_its_role()
    a_batch_needs_the_action_of_its_entries()
    an_event_has_its_source_as_a_condition_key()
    ref_of_a_secret_is_its_arn()
    http_api_imports_its_body()
    functions_import_nothing_of_the_emulator(folder, receiver)
    health_belongs_to_the_apis()
    a_stream_repeats_from_its_first_failed_record()
    an_update_lets_invocations_finish()
    the_concurrency_of_a_mapping_is_a_number()


def principal_arn_of_a_session_is_its_role() -> None:
    """The emulator takes the session's ARN as aws:PrincipalArn; AWS takes the ARN of the assumed role."""
    resolve = iam_evaluator._resolve_condition_key

    def resolve_as_aws(key: str, context: Any) -> Any:
        session = _SESSION.fullmatch(context.principal_arn)
        if key.lower() == "aws:principalarn" and session:
            return iam._roles[session[1]]["Arn"]
        return resolve(key, context)

    iam_evaluator._resolve_condition_key = resolve_as_aws


def a_batch_needs_the_action_of_its_entries() -> None:
    """The emulator requires sqs:SendMessageBatch, which is no IAM action; on AWS sqs:SendMessage allows both calls."""
    extract = iam_actions.extract_iam_action

    def extract_as_aws(*arguments: Any, **named: Any) -> Any:
        action = extract(*arguments, **named)
        return action.removesuffix("Batch") if isinstance(action, str) and action.startswith("sqs:") else action

    iam_actions.extract_iam_action = extract_as_aws


def an_event_has_its_source_as_a_condition_key() -> None:
    """The emulator's PutEvents has no condition key events:source, so a policy that needs it denies; on AWS it has."""
    context = iam_actions.request_tag_context

    def context_as_aws(service: str, action: str, body: bytes, parameters: Any) -> Any:
        found = context(service, action, body, parameters)
        if action == "events:PutEvents":
            # service-authorization/latest/reference/list_amazoneventbridge.html: an ArrayOfString.
            return {**found, "events:source": [entry["Source"] for entry in json.loads(body)["Entries"]]}
        return found

    iam_actions.request_tag_context = context_as_aws


def ref_of_a_secret_is_its_arn() -> None:
    """The emulator's Ref of a secret is its name, so a policy with Ref matches nothing; on AWS it is the ARN."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create, update, delete = handlers["create"], handlers["update"], handlers["delete"]

    def name_of(arn: str) -> str:
        names: list[str] = [name for name, secret in secretsmanager._secrets.items() if secret["ARN"] == arn]
        return names[0] if names else arn

    def create_as_aws(*arguments: Any) -> tuple[str, dict[str, str]]:
        _, attributes = create(*arguments)
        return attributes["Arn"], attributes

    def update_as_aws(arn: str, *arguments: Any) -> tuple[str, dict[str, str]]:
        _, attributes = update(name_of(arn), *arguments)
        return attributes["Arn"], attributes

    def delete_as_aws(arn: str, *arguments: Any) -> None:
        delete(name_of(arn), *arguments)

    handlers.update(create=create_as_aws, update=update_as_aws, delete=delete_as_aws)


def http_api_imports_its_body() -> None:
    """The emulator ignores the Body of an HTTP API; AWS imports authorizers, integrations, routes and CORS from it."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]

    def importing(handle: Callable[..., tuple[str, Any]], *, position: int) -> Callable[..., tuple[str, Any]]:
        def handle_as_aws(*arguments: Any) -> tuple[str, Any]:
            properties = arguments[position]
            body = properties.get("Body") or {}
            more = {"CorsConfiguration": body["x-amazon-apigateway-cors"]} if "x-amazon-apigateway-cors" in body else {}
            changed = [*arguments[:position], {**properties, **more}, *arguments[position + 1 :]]
            api_id, attributes = handle(*changed)
            _import_body(api_id, body)
            return api_id, attributes

        return handle_as_aws

    handlers["create"] = importing(handlers["create"], position=1)
    handlers["update"] = importing(handlers["update"], position=2)


def _import_body(api_id: str, body: Mapping[str, Any]) -> None:
    """Replaces an API's authorizers, integrations and routes by those of an OpenAPI document."""
    apigateway._authorizer_cache.clear()
    for store in (apigateway._authorizers, apigateway._integrations, apigateway._routes):
        store[api_id] = {}
    schemes = body.get("components", {}).get("securitySchemes", {})
    authorizers = {name: _create_authorizer(api_id, name, scheme) for name, scheme in schemes.items()}
    for path, operations in body.get("paths", {}).items():
        for method, operation in operations.items():
            target = _create_integration(api_id, operation["x-amazon-apigateway-integration"])
            required = [authorizers[name] for each in operation.get("security", []) for name in each if name != "NONE"]
            apigateway._create_route(
                api_id,
                {
                    "routeKey": f"{method.upper()} {path}",
                    "target": f"integrations/{target}",
                    "authorizationType": "CUSTOM" if required else "NONE",
                    "authorizerId": required[0] if required else None,
                },
            )


def _create_authorizer(api_id: str, name: str, scheme: Mapping[str, Any]) -> str:
    given = scheme["x-amazon-apigateway-authorizer"]
    same = ("authorizerUri", "identitySource", "authorizerPayloadFormatVersion")
    request = {
        **{name: given[name] for name in same},
        "name": name,
        "authorizerType": given["type"].upper(),
        "authorizerResultTtlInSeconds": int(given["authorizerResultTtlInSeconds"]),
        "enableSimpleResponses": given["enableSimpleResponses"],
    }
    return _created(apigateway._create_authorizer(api_id, request), "authorizerId")


def _create_integration(api_id: str, given: Mapping[str, Any]) -> str:
    request = {
        "integrationType": given["type"].upper(),
        "integrationUri": given["uri"],
        "integrationMethod": given["httpMethod"],
        "payloadFormatVersion": given["payloadFormatVersion"],
    }
    return _created(apigateway._create_integration(api_id, request), "integrationId")


def _created(response: tuple[int, Any, bytes], name: str) -> str:
    status, _, body = response
    if status != 201:
        raise ValueError(f"the control plane rejects a part of the Body: {body!r}")
    return str(json.loads(body)[name])


def functions_import_nothing_of_the_emulator(folder: Path, receiver: int) -> None:
    """The emulator runs functions in its own interpreter, where they can import packages that their layers lack."""
    # The base interpreter does not see the packages of this environment.
    base = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    python = folder / "python"
    # Not a workaround, but each function has to start with it.
    internet = f'"{Path(__file__).with_name("internet.py")}" {receiver}'
    python.write_text(f'#!/bin/sh\nexec "{base}" -S -E -P {internet} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    detect = lambda_runtime._detect_runtime_binary
    lambda_runtime._detect_runtime_binary = lambda runtime: (str(python), detect(runtime)[1])


def health_belongs_to_the_apis() -> None:
    """The emulator responds to /health of every host itself; on AWS the path belongs to the API."""
    app._HEALTH_PATHS = tuple(path for path in app._HEALTH_PATHS if path != "/health")


def a_stream_repeats_from_its_first_failed_record() -> None:
    """The emulator does not repeat a batch that failed in part; AWS repeats it from the first failed record on."""
    execute = lambda_svc._execute_function
    # The sequence number from which each function continues.
    first_failed: dict[str, str] = {}

    def execute_as_aws(function: Any, event: Any) -> Any:
        records = event.get("Records", []) if isinstance(event, dict) else []
        if not records or records[0].get("eventSource") != "aws:dynamodb":
            return execute(function, event)
        name, numbers = function["config"]["FunctionArn"], [each["dynamodb"]["SequenceNumber"] for each in records]
        start = first_failed.pop(name, None)
        result = execute(function, {"Records": records[numbers.index(start) if start in numbers else 0 :]})
        body = result.get("body")
        failures = body.get("batchItemFailures", []) if isinstance(body, dict) else []
        if failures:
            first_failed[name] = min((each["itemIdentifier"] for each in failures), key=numbers.index)
            # The emulator repeats the batch of a function that raised an error.
            return {**result, "error": True}
        return result

    lambda_svc._execute_function = execute_as_aws


def an_update_lets_invocations_finish() -> None:
    """In the emulator an update kills a function's running processes; on AWS invocations continue to their end."""
    kill = lambda_runtime.kill_workers

    def kill_as_aws(workers: Any) -> None:
        for worker in workers:
            # The lock is held during an invocation and its start.
            is_idle = worker._lock.acquire(timeout=_LONGEST_INVOCATION)
            try:
                kill([worker])
            finally:
                if is_idle:
                    worker._lock.release()

    lambda_runtime.kill_workers = kill_as_aws


def the_concurrency_of_a_mapping_is_a_number() -> None:
    """In the emulator MaximumConcurrency by Ref stays text, which stops all polling; AWS converts it to a number."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]

    def with_number(handle: Callable[..., tuple[str, Any]], *, position: int) -> Callable[..., tuple[str, Any]]:
        def handle_as_aws(*arguments: Any) -> tuple[str, Any]:
            properties = arguments[position]
            if scaling := properties.get("ScalingConfig"):
                number = {"MaximumConcurrency": int(scaling["MaximumConcurrency"])}
                properties = {**properties, "ScalingConfig": number}
            return handle(*arguments[:position], properties, *arguments[position + 1 :])

        return handle_as_aws

    handlers["create"] = with_number(handlers["create"], position=1)
    handlers["update"] = with_number(handlers["update"], position=2)
