"""What the functions did against what template.yaml lets them do."""

from collections.abc import Iterator
from typing import Any

from tests.simulation.stack import template
from tests.simulation.world import World

from .violation import Violation

# Where IAM has another name for it than the API.
_ACTIONS = {
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:DeleteObject": "s3:DeleteObjectVersion",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}


def roles_allow_every_call(world: World) -> Iterator[Violation]:
    for function, service, operation in sorted(world.outward.used):
        if service == "vendor":
            continue
        name, _, index = operation.partition(" ")
        action = _ACTIONS.get(f"{service}:{name}", f"{service}:{name}")
        resources = [str(resource) for actions, resource in _statements(function) if action in actions]
        if not any(index in resource and (f"/index/{index}" in resource) is bool(index) for resource in resources):
            yield Violation("roles", (), f"{function} calls {service} {operation}, which its role does not allow")


def _statements(function: str) -> Iterator[tuple[list[str], Any]]:
    role = template()["Resources"][f"{function.capitalize()}Role"]["Properties"]
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            yield (actions if isinstance(actions, list) else [actions]), statement["Resource"]
