"""The stack of template.yaml, which moto's CloudFormation creates in the embedded AWS."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import boto3

from . import moto_workarounds, triggers
from .lambda_runner import Function
from .template import Document, Template, references

STACK_NAME = "ekyc-bridge"
# An extra output, in which CloudFormation resolves the values that the sandbox needs.
_RESOLVED = "SandboxResolved"
# The resource types to create. The sandbox replaces the others, or they have no use on one machine.
CREATED = frozenset(
    {
        "AWS::DynamoDB::Table",
        "AWS::Events::EventBus",
        "AWS::IAM::Role",
        "AWS::KMS::Alias",
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
        "AWS::S3::Bucket",
        "AWS::SQS::Queue",
    }
)
_SECRET = "AWS::SecretsManager::Secret"
_FUNCTION = "AWS::Lambda::Function"


@dataclass(frozen=True, slots=True)
class Stack:
    """The created resources, and what invokes which function.

    Attributes:
        functions: the functions by logical id.
        resources: physical ids by logical id: a table's or bucket's name, a queue's URL, a secret's ARN.
        outputs: the template's outputs, except those of resources that are not created.
    """

    name: str
    functions: dict[str, Function]
    api: triggers.Api
    schedules: tuple[triggers.Schedule, ...]
    queues: tuple[triggers.QueueSource, ...]
    streams: tuple[triggers.StreamSource, ...]
    resources: dict[str, str]
    types: dict[str, str]
    outputs: dict[str, str]
    layers: list[Path]

    def of_type(self, kind: str) -> list[str]:
        """Returns the physical ids of all resources of a CloudFormation type."""
        return [self.resources[name] for name, its in self.types.items() if its == kind]

    def with_variables(self, variables: Mapping[str, str]) -> "Stack":
        """Returns a copy in which these variables are replaced in each function that declares them.

        Raises:
            ValueError: no function declares one of the variables.
        """
        known = {name for function in self.functions.values() for name in function.environment}
        if unknown := variables.keys() - known:
            raise ValueError(f"no function of the template has the variables {sorted(unknown)}")
        functions = {name: _with_variables(item, variables) for name, item in self.functions.items()}
        return replace(self, functions=functions)


def _with_variables(function: Function, variables: Mapping[str, str]) -> Function:
    chosen = {name: value for name, value in variables.items() if name in function.environment}
    return replace(function, environment=function.environment | chosen)


def create(template: Template, session: boto3.Session, endpoint_url: str, name: str = STACK_NAME) -> Stack:
    """Creates the template's resources in the AWS at `endpoint_url`, and returns the stack."""
    secrets = _create_secrets(template, session, endpoint_url, name)
    formation = session.client("cloudformation", endpoint_url=endpoint_url)
    parameters = template.parameters | secrets
    formation.create_stack(
        StackName=name,
        TemplateBody=json.dumps(moto_workarounds.with_bus_names(_creatable(template, secrets))),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    )
    (described,) = formation.describe_stacks(StackName=name)["Stacks"]
    if described["StackStatus"] != "CREATE_COMPLETE":
        raise RuntimeError(f"the stack is {described['StackStatus']}")
    outputs = {item["OutputKey"]: item["OutputValue"] for item in described.get("Outputs", [])}
    resolved = json.loads(outputs.pop(_RESOLVED))
    moto_workarounds.complete(resolved["resources"], resolved["properties"], session, endpoint_url)
    return describe(template, name, resolved, outputs)


def _create_secrets(template: Template, session: boto3.Session, endpoint_url: str, stack_name: str) -> dict[str, str]:
    """Creates the secrets, which moto's CloudFormation cannot, and returns their ARNs."""
    client = session.client("secretsmanager", endpoint_url=endpoint_url)
    return {
        name: client.create_secret(Name=f"{stack_name}-{name}", SecretString=declared["SecretString"])["ARN"]
        for name, declared in template.of_type(_SECRET).items()
    }


def _creatable(template: Template, secrets: Mapping[str, str]) -> Document:
    """Returns the template to create. Each secret is a parameter with its ARN, so that !Ref returns the ARN."""
    document = template.document
    resources = {name: item for name, item in document["Resources"].items() if item["Type"] in CREATED}
    known = resources.keys() | secrets.keys() | document.get("Parameters", {}).keys()
    outputs = {name: item for name, item in document.get("Outputs", {}).items() if references(item["Value"]) <= known}
    resolved = {"Fn::ToJsonString": unresolved(template, [*resources, *secrets])}
    return {
        "Parameters": document.get("Parameters", {}) | {name: {"Type": "String"} for name in secrets},
        "Conditions": document.get("Conditions", {}),
        "Resources": moto_workarounds.without_optional_policies(resources),
        "Outputs": outputs | {_RESOLVED: {"Value": resolved}},
    }


def unresolved(template: Template, names: Iterable[str]) -> Document:
    """Returns the values that describe() needs, with unresolved intrinsic functions. `names` are logical ids."""
    functions = template.of_type(_FUNCTION)
    return {
        "api": triggers.api_values(template),
        "environments": {
            name: declared.get("Environment", {}).get("Variables", {}) for name, declared in functions.items()
        },
        "resources": {name: {"Ref": name} for name in names},
        "properties": {
            kind: moto_workarounds.properties_to_complete(template, kind) for kind in moto_workarounds.COMPLETED_TYPES
        },
    }


def describe(template: Template, name: str, resolved: Document, outputs: dict[str, str]) -> Stack:
    """Returns the stack of a template. `resolved` is the result of unresolved(), with intrinsic functions resolved."""
    functions = {
        function: Function(
            name=function,
            code=template.code[function],
            handler=declared["Handler"],
            timeout=int(declared["Timeout"]),
            memory=int(declared["MemorySize"]),
            environment={key: str(value) for key, value in resolved["environments"][function].items()},
        )
        for function, declared in template.of_type(_FUNCTION).items()
    }
    kinds = {key: item["Type"] for key, item in template.document["Resources"].items()}
    return Stack(
        name=name,
        functions=functions,
        api=triggers.api(template, resolved["api"]),
        schedules=triggers.schedules(template),
        queues=triggers.queue_sources(template),
        streams=triggers.stream_sources(template),
        resources=resolved["resources"],
        types={key: kinds[key] for key in resolved["resources"]},
        outputs=outputs,
        layers=template.layers,
    )
