"""What the functions did against what template.yaml lets them do."""

from collections.abc import Iterator

from tests.simulation import permissions
from tests.simulation.world import World

from .violation import Violation


def roles_allow_every_call(world: World) -> Iterator[Violation]:
    for function, action, resource in sorted(world.outward.used):
        if not any(each.covers(action, resource) for each in permissions.of(function)):
            yield Violation("roles", (), f"{function}: {action} on {resource}, which its role does not allow")
