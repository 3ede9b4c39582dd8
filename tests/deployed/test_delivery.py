"""Tests that the deployment equals the checkout, and that the README's commands work as written."""

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.deployed.checkout import TEMPLATE_EDITS, Checkout
from tests.deployed.readme import deploy_steps
from tests.deployed.stack import NAME, DeployedStack
from tests.pages import ROOT
from tests.sandbox import template

# `sam deploy` replaces these properties by the bucket and key of its upload.
_CODE = ("CodeUri", "ContentUri")
_BUNDLE = Path("BridgeLayer/python/certifi/cacert.pem")


def test_deployed_template_equals_the_checkout_except_listed_edits(stack: DeployedStack) -> None:
    ours = template.source()
    found = stack.client("cloudformation").get_template(StackName=NAME, TemplateStage="Original")["TemplateBody"]
    deployed = template.parse(found) if isinstance(found, str) else json.loads(json.dumps(found))

    assert tuple(differences(without_code(ours), without_code(deployed))) == TEMPLATE_EDITS


def test_deployed_package_equals_the_checkout(stack: DeployedStack, checkout: Checkout) -> None:
    built = checkout.folder / ".aws-sam/build"
    package, sources = built / "BridgeLayer/python/bridge", ROOT / "layers/bridge/bridge"
    modules = [path.relative_to(package) for path in package.rglob("*.py")]

    assert len(modules) > 30
    assert [module for module in modules if digest(package / module) != digest(sources / module)] == []
    assert (built / _BUNDLE).read_bytes().endswith(checkout.bundle.read_bytes())


def test_readme_commands_make_a_key_and_call_the_api(stack: DeployedStack, checkout: Checkout) -> None:
    steps = deploy_steps()
    # The authorizer caches the keys for five minutes.
    stack.force_cold_start("AuthorizeFunction")

    printed = checkout.run(steps[3][0], *steps[4], *steps[5]).stdout

    key, *responses = printed.split("\n", 1)
    assert key.startswith("ek_")
    health, created = json_documents(responses[0])
    assert health == {"status": "ok"}
    assert created["status"] == "pending"


def json_documents(text: str) -> list[Any]:
    """Parses concatenated JSON documents."""
    decoder, found, rest = json.JSONDecoder(), [], text.strip()
    while rest:
        document, end = decoder.raw_decode(rest)
        found.append(document)
        rest = rest[end:].strip()
    return found


def without_code(document: dict[str, Any]) -> dict[str, Any]:
    """Returns the template without the paths of its code and the metadata of `sam build`."""
    resources = {}
    for name, resource in document["Resources"].items():
        properties = {key: value for key, value in resource.get("Properties", {}).items() if key not in _CODE}
        metadata = {
            key: value for key, value in resource.get("Metadata", {}).items() if not key.startswith("SamResource")
        }
        resources[name] = {**resource, "Properties": properties, "Metadata": metadata}
    return {**document, "Resources": resources}


def differences(ours: Any, deployed: Any, path: str = "") -> list[str]:
    """Returns the paths at which two values differ, with both values."""
    if isinstance(ours, dict) and isinstance(deployed, dict):
        keys = sorted(ours.keys() | deployed.keys())
        return [each for key in keys for each in differences(ours.get(key), deployed.get(key), f"{path}/{key}")]
    if isinstance(ours, list) and isinstance(deployed, list) and len(ours) == len(deployed):
        pairs = enumerate(zip(ours, deployed, strict=True))
        return [each for at, (one, other) in pairs for each in differences(one, other, f"{path}/{at}")]
    return [] if ours == deployed else [f"{path}: {ours!r} is {deployed!r}"]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
