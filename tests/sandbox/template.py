"""template.yaml as CloudFormation would see it: parsed, and translated by SAM's own translator."""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).parents[2] / "template.yaml"

# Where the translator wants the code to be. It is never read: functions are loaded from the checkout.
_UPLOADED = "s3://nowhere/code.zip"

# A name in Fn::Sub: ${Table}, or the Table of ${Table.Arn}; not the literal ${!Table}.
_VARIABLE = re.compile(r"\$\{([^!.}][^.}]*)")

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Template:
    """A translated template, and what the translation loses.

    Attributes:
        document: plain CloudFormation; its values may be intrinsic functions.
        parameters: a value for every parameter, as CloudFormation's API takes them.
        code: the folder of each function, by logical id.
        layers: the folders of the layers.
    """

    document: Document
    parameters: dict[str, str]
    code: dict[str, Path]
    layers: list[Path]

    def of_type(self, kind: str) -> dict[str, Document]:
        """The Properties of each resource of a CloudFormation type, by logical id."""
        resources = self.document["Resources"].items()
        return {name: item.get("Properties", {}) for name, item in resources if item["Type"] == kind}

    def resolved(self, value: Any) -> Any:
        """A value with its intrinsic functions replaced, where there is no CloudFormation to do it: a parameter by its
        value, a resource and its attributes by its logical id."""
        match value:
            case {"Ref": "AWS::NoValue"}:
                return None
            case {"Ref": str(name)}:
                return self.parameters.get(name, name)
            case {"Fn::GetAtt": [str(name), _]}:
                return name
            case {"Fn::Join": [str(separator), parts]}:
                joined = self.resolved(parts)
                # A list parameter is text with commas.
                return separator.join(joined.split(",") if isinstance(joined, str) else joined)
            case {"Fn::If": [str(name), yes, no]}:
                return self.resolved(yes if self._holds(self.document["Conditions"][name]) else no)
            case dict():
                return {name: self.resolved(item) for name, item in value.items()}
            case list():
                return [self.resolved(item) for item in value]
        return value

    def _holds(self, condition: Document) -> bool:
        match condition:
            case {"Condition": str(name)}:
                return self._holds(self.document["Conditions"][name])
            case {"Fn::Not": [other]}:
                return not self._holds(other)
            case {"Fn::Equals": [left, right]}:
                return str(self.resolved(left)) == str(self.resolved(right))
        raise ValueError(f"no condition that is known here: {condition}")


class _NoManagedPolicies:
    """The translator asks for these where a function names one; ours have roles of their own."""

    def load(self) -> dict[str, str]:
        return {}


def read(overrides: Mapping[str, str] | None = None, path: Path = TEMPLATE) -> Template:
    """Reads and translates a template.

    Args:
        overrides: values of parameters that replace their defaults.

    Raises:
        ValueError: an override names no parameter, or a parameter has no value.
    """
    # A copy each time: the translation is cached, and tests change what they read.
    return copy.deepcopy(
        _translated(path.read_text(encoding="utf-8"), path.parent, frozenset((overrides or {}).items()))
    )


@cache
def _translated(text: str, root: Path, overrides: frozenset[tuple[str, str]]) -> Template:
    document = cast(Document, yaml_parse(text))
    parameters = _parameters(document, dict(overrides))
    code, layers = _take_code(document, root)
    values = {name: value.split(",") if _is_list(document, name) else value for name, value in parameters.items()}
    return Template(transform(document, values, _NoManagedPolicies()), parameters, code, layers)


def _parameters(document: Document, overrides: Mapping[str, str]) -> dict[str, str]:
    declared = document.get("Parameters", {})
    if unknown := overrides.keys() - declared.keys():
        raise ValueError(f"the template has no parameters {sorted(unknown)}")
    defaults = {name: str(item["Default"]) for name, item in declared.items() if "Default" in item}
    values = defaults | dict(overrides)
    if missing := declared.keys() - values.keys():
        raise ValueError(f"the template's parameters {sorted(missing)} need values")
    return values


def _is_list(document: Document, parameter: str) -> bool:
    kind: str = document["Parameters"][parameter]["Type"]
    return kind == "CommaDelimitedList" or kind.startswith("List<")


def _take_code(document: Document, root: Path) -> tuple[dict[str, Path], list[Path]]:
    """The folders of the code, which are replaced by what the translator accepts."""
    code: dict[str, Path] = {}
    layers: list[Path] = []
    for name, resource in document["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            code[name] = root / properties["CodeUri"]
            properties["CodeUri"] = _UPLOADED
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            layers.append(root / properties["ContentUri"])
            properties["ContentUri"] = _UPLOADED
    return code, layers


def references(value: Any) -> set[str]:
    """The logical ids that a value refers to, by whatever function; not AWS::Region and the like."""
    if isinstance(value, list):
        return {name for item in value for name in references(item)}
    if not isinstance(value, dict):
        return set()
    named = _named(value)
    found = {name for name in named if not name.startswith("AWS::")}
    return found | {name for item in value.values() for name in references(item)}


def _named(value: Document) -> list[str]:
    if "Ref" in value:
        return [value["Ref"]]
    if "Fn::GetAtt" in value:
        return [value["Fn::GetAtt"][0]]
    if "Fn::Sub" in value:
        sub = value["Fn::Sub"]
        return _VARIABLE.findall(sub if isinstance(sub, str) else sub[0])
    return []
