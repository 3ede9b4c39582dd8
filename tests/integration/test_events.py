"""Every sample event gets its expected response from its function."""

from collections.abc import Iterator

import pytest

from bridge import dependencies
from tests.integration.samples import EVENTS, SAMPLES, event, seed
from tests.sandbox.sandbox import Sandbox


@pytest.fixture
def seeded(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[str]:
    """Stores the verification of a sample, and returns the sample's name."""
    dependencies.dependencies.cache_clear()
    name: str = request.param
    seed(sandbox.vendor, sandbox.client("secretsmanager"), is_completed=SAMPLES[name].is_completed)
    yield name
    dependencies.dependencies.cache_clear()


@pytest.mark.parametrize("seeded", SAMPLES, indirect=True)
def test_a_sample_event_gets_its_expected_response(sandbox: Sandbox, seeded: str) -> None:
    folders = {function.code.name: name for name, function in sandbox.stack.functions.items()}

    SAMPLES[seeded].check(sandbox.invoke(folders[seeded.partition("/")[0]], event(seeded)))


def test_every_event_file_has_one_expectation() -> None:
    assert {path.relative_to(EVENTS).with_suffix("").as_posix() for path in EVENTS.rglob("*.json")} == SAMPLES.keys()


def test_every_function_of_the_template_has_an_event(sandbox: Sandbox) -> None:
    folders = {function.code.name for function in sandbox.stack.functions.values()}

    assert {name.partition("/")[0] for name in SAMPLES} == folders


def test_every_route_of_the_template_has_an_event(sandbox: Sandbox) -> None:
    keys = {event(name).get("routeKey") for name in SAMPLES if not name.startswith("authorize/")}

    assert {route.key for route in sandbox.stack.api.routes} <= keys


def test_the_readme_of_the_events_names_each_folder() -> None:
    text = (EVENTS / "README.md").read_text(encoding="utf-8")

    assert not [name for name in SAMPLES if f"`{name.partition('/')[0]}/`" not in text]
