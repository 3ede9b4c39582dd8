"""template.yaml as it is written, and as CloudFormation receives it: translated by SAM's own translator."""

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

# The translator requires URIs in S3. Nothing reads them, because functions are loaded from the checkout.
_UPLOADED = "s3://nowhere/"

# A name in Fn::Sub: Table in ${Table} and ${Table.Arn}, but not in the literal ${!Table}.
_VARIABLE = re.compile(r"\$\{([^!.}][^.}]*)")

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Template:
    """A translated template, and the paths that the translation loses.

    Attributes:
        document: plain CloudFormation, whose values may be intrinsic functions.
        parameters: the value of every parameter, as text for CloudFormation's API.
        code: the folder of each function by logical id.
        layers: the folders of the layers.
    """

    document: Document
    parameters: dict[str, str]
    code: dict[str, Path]
    layers: list[Path]

    def of_type(self, kind: str) -> dict[str, Document]:
        """Returns the Properties of each resource of a CloudFormation type by logical id."""
        resources = self.document["Resources"].items()
        return {name: item.get("Properties", {}) for name, item in resources if item["Type"] == kind}

    def resolved(self, value: Any) -> Any:
        """Returns a value with resolved intrinsic functions, for use without CloudFormation. A reference to a resource
        or its attribute becomes its logical id."""
        match value:
            case {"Ref": "AWS::NoValue"}:
                return None
            case {"Ref": str(name)}:
                return self.parameters.get(name, name)
            case {"Fn::GetAtt": [str(name), _]}:
                return name
            case {"Fn::Join": [str(separator), parts]}:
                joined = self.resolved(parts)
                # The value of a list parameter is text with commas.
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
        raise ValueError(f"this condition is not supported: {condition}")


def parse(text: str) -> Document:
    """Parses a template, with its intrinsic functions in their long form."""
    return cast(Document, yaml_parse(text))


def source(path: Path = TEMPLATE) -> Document:
    """Reads a template as it is written, before its translation."""
    return parse(path.read_text(encoding="utf-8"))


class _NoManagedPolicies:
    """An empty loader of managed policies, which the translator requires. No function of the template names one."""

    def load(self) -> dict[str, str]:
        return {}


def read(overrides: Mapping[str, str] | None = None, path: Path = TEMPLATE) -> Template:
    """Reads and translates a template.

    Args:
        overrides: parameter values that replace the defaults.

    Raises:
        ValueError: an override names no parameter, or a parameter has no value.
    """
    # A copy, because the translation is cached, and tests change the result.
    return copy.deepcopy(
        _translated(path.read_text(encoding="utf-8"), path.parent, frozenset((overrides or {}).items()))
    )


@cache
def _translated(text: str, root: Path, overrides: frozenset[tuple[str, str]]) -> Template:
    return translate(parse(text), dict(overrides), root)


def translate(document: Document, overrides: Mapping[str, str] | None = None, root: Path = TEMPLATE.parent) -> Template:
    """Translates a parsed template, as `read` does, and changes it."""
    parameters = _parameters(document, overrides or {})
    code, layers = _take_code(document, root)
    values = {name: value.split(",") if _is_list(document, name) else value for name, value in parameters.items()}
    return Template(transform(document, values, _NoManagedPolicies()), parameters, code, layers)


def _parameters(document: Document, overrides: Mapping[str, str]) -> dict[str, str]:
    declared = document.get("Parameters", {})
    if unknown := overrides.keys() - declared.keys():
        raise ValueError(f"template.yaml has no parameters {', '.join(sorted(unknown))}")
    defaults = {name: str(item["Default"]) for name, item in declared.items() if "Default" in item}
    values = defaults | dict(overrides)
    if missing := declared.keys() - values.keys():
        raise ValueError(f"the parameters {', '.join(sorted(missing))} of template.yaml need values")
    return values


def _is_list(document: Document, parameter: str) -> bool:
    kind: str = document["Parameters"][parameter]["Type"]
    return kind == "CommaDelimitedList" or kind.startswith("List<")


def _take_code(document: Document, root: Path) -> tuple[dict[str, Path], list[Path]]:
    """Returns the folders of the code, and replaces them in the document with URIs that the translator accepts."""
    code: dict[str, Path] = {}
    layers: list[Path] = []
    for name, resource in document["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            code[name] = root / properties["CodeUri"]
            properties["CodeUri"] = _UPLOADED + properties["CodeUri"]
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            layers.append(root / properties["ContentUri"])
            properties["ContentUri"] = _UPLOADED + properties["ContentUri"]
    return code, layers


def references(value: Any) -> set[str]:
    """Returns the logical ids that a value refers to, without pseudo parameters such as AWS::Region."""
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
