"""The stack's policies as they are in an account: with ARNs in place of intrinsic functions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.sandbox import template
from tests.sandbox.template import Document, Template

from .engine import Policy

ACCOUNT = "111122223333"
REGION = "ap-southeast-1"
STACK_NAME = "ekyc-bridge"
STREAM_LABEL = "2026-01-31T08:00:00.000"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK_NAME,
    "AWS::URLSuffix": "amazonaws.com",
}
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
# The ARNs that CloudFormation creates. {id} is the logical id; {name} is the name in the template, if there is one.
_ARNS = {
    "AWS::ApiGatewayV2::Api": "",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{STACK_NAME}-{{id}}-1A2B3C",
    "AWS::Events::EventBus": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{{name}}",
    # For a rule of a custom bus, {name} is the bus and a slash.
    "AWS::Events::Rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{{name}}{STACK_NAME}-{{id}}-1A2B3C",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{STACK_NAME}-{{id}}-1A2B3C",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK_NAME}-{{id}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{lower}",
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{{id}}-AbCdEf",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{STACK_NAME}-{{id}}-1A2B3C",
}
# Resources whose Ref is their ARN.
_REF_IS_ARN = {"AWS::SecretsManager::Secret"}
_NO_VALUE = object()


@dataclass(frozen=True, slots=True)
class ResolvedStack:
    """The resources of a stack with some parameters."""

    template: Template

    def arn(self, name: str) -> str:
        """Returns the ARN of a resource, by its logical id."""
        declared = self.template.document["Resources"][name]
        its = declared["Properties"]
        match declared["Type"]:
            case "AWS::Logs::LogGroup":
                given = self.resolve(its["LogGroupName"])
            case "AWS::Events::EventBus":
                given = self.resolve(its["Name"])
            case "AWS::Events::Rule" if "EventBusName" in its:
                given = f"{self.resolve(its['EventBusName'])}/"
            case _:
                given = ""
        return _ARNS[declared["Type"]].format(id=name, lower=f"{STACK_NAME}-{name}".lower(), name=given)

    def of_type(self, kind: str) -> dict[str, Document]:
        """Returns the resolved Properties of each resource of a type, by logical id."""
        return {name: self.resolve(properties) for name, properties in self.template.of_type(kind).items()}

    def role(self, function: str) -> Policy:
        """Returns the policy of a function's role, by the function's name in lower case."""
        name = f"{function.capitalize()}Role"
        policies = [each["PolicyDocument"] for each in self.resolve(self._properties(name)["Policies"])]
        statements = [statement for policy in policies for statement in policy["Statement"]]
        return {"Version": "2012-10-17", "Statement": statements}

    def resource_policy(self, arn: str) -> Policy | None:
        """Returns the policy of the bucket (also for an object in it), key or queue of an ARN; None if it has none."""
        if arn.startswith(self.arn("EvidenceBucket")):
            bucket: Policy = self.resolve(self._properties("EvidenceBucketPolicy")["PolicyDocument"])
            return bucket
        if arn == self.arn("DataKey"):
            key: Policy = self.resolve(self._properties("DataKey")["KeyPolicy"])
            return key
        for policy in self.template.of_type("AWS::SQS::QueuePolicy").values():
            if arn in [self.arn(queue["Ref"]) for queue in policy["Queues"]]:
                queues: Policy = self.resolve(policy["PolicyDocument"])
                return queues
        return None

    def resolve(self, value: Any) -> Any:
        """Returns a value without intrinsic functions."""
        if isinstance(value, list):
            return [each for item in value if (each := self.resolve(item)) is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((kind, inner),) = value.items()
            if kind == "Ref" or kind.startswith("Fn::"):
                return self._intrinsic(kind, inner)
        return {key: each for key, item in value.items() if (each := self.resolve(item)) is not _NO_VALUE}

    def _properties(self, name: str) -> Document:
        properties: Document = self.template.document["Resources"][name]["Properties"]
        return properties

    def _intrinsic(self, kind: str, inner: Any) -> Any:
        match kind:
            case "Ref":
                return self._ref(inner)
            case "Fn::GetAtt":
                name, attribute = inner if isinstance(inner, list) else inner.split(".")
                match attribute:
                    case "Arn":
                        return self.arn(name)
                    case "StreamArn":
                        return f"{self.arn(name)}/stream/{STREAM_LABEL}"
                return f"{name}.{attribute}"
            case "Fn::Sub":
                text, own = (inner, {}) if isinstance(inner, str) else inner
                return _VARIABLE.sub(lambda match: self._variable(match[1], own), text)
            case "Fn::Join":
                return inner[0].join(self.resolve(inner[1]))
            case "Fn::If":
                return self.resolve(inner[1] if self._holds(inner[0]) else inner[2])
            case "Fn::Equals":
                return str(self.resolve(inner[0])) == str(self.resolve(inner[1]))
            case "Fn::Not":
                return not self.resolve(inner[0])
        raise NotImplementedError(kind)

    def _variable(self, name: str, own: Mapping[str, Any]) -> str:
        if name in own:
            return str(self.resolve(own[name]))
        return self.arn(name.removesuffix(".Arn")) if name.endswith(".Arn") else str(self._ref(name))

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self.template.parameters:
            value = self.template.parameters[name]
            is_list = self.template.document["Parameters"][name]["Type"] == "CommaDelimitedList"
            return value.split(",") if is_list else value
        kind = self.template.document["Resources"][name]["Type"]
        if kind == "AWS::Events::EventBus":
            return self.resolve(self._properties(name)["Name"])
        return self.arn(name) if kind in _REF_IS_ARN else name

    def _holds(self, condition: str) -> bool:
        return bool(self.resolve(self.template.document["Conditions"][condition]))


def read(parameters: Mapping[str, str] | None = None) -> ResolvedStack:
    return ResolvedStack(template.read(parameters))
