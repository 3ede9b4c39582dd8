"""What a person does on a start page, and the end of its link."""

from typing import Any

from bridge.domain import schedule
from bridge.domain.verification import Verification
from tests.integration.functions import Response
from tests.integration.harness import World

# Seconds after which a scheduled check has ended a link that was used.
ENDED = 900 + schedule.LATE_RESULT_SECONDS


def start_path(verification: Verification) -> str:
    return f"/start/{verification.id}/{verification.code}"


def tap(world: World, verification: Verification) -> Response:
    return world.functions.browser(start_path(verification), method="POST")


def make_link(world: World, verification: Verification) -> str:
    """Taps the button; returns the token of the link to which it redirects."""
    response = tap(world, verification)
    token = world.row(verification)["token"]
    assert (response.status, token in response.headers["location"]) == (303, True)
    return str(token)


def end_link(world: World, verification: Verification) -> dict[str, Any]:
    """Lets the current link end, and checks it; returns the verification."""
    world.clock.advance(ENDED)
    world.check(verification)
    document: dict[str, Any] = world.read(verification)
    return document
