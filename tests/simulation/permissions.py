"""The functions' roles as template.yaml writes them: what each may do to which resource.

A resource is named by its logical id and what stands below it, as in `VerificationsTable/index/due`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from .stack import template

_ATTRIBUTE = re.compile(r"\$\{(\w+)\.Arn\}|\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Permission:
    """One action on one pattern of resources that the role of a function allows."""

    function: str
    action: str
    resource: str

    def covers(self, action: str, resource: str) -> bool:
        return action == self.action and fnmatchcase(resource, self.resource)


def of(function: str) -> list[Permission]:
    """Of the function in lower case, as its folder is called."""
    role = template()["Resources"][f"{function.capitalize()}Role"]["Properties"]
    statements = [each for policy in role["Policies"] for each in policy["PolicyDocument"]["Statement"]]
    for each in statements:
        assert each["Effect"] == "Allow"
        # The only condition that there is: the key, by way of the services that encrypt with it.
        about_the_key = all(action.startswith("kms:") for action in _many(each["Action"]))
        assert each.keys() - {"Sid"} == {"Effect", "Action", "Resource"} | ({"Condition"} if about_the_key else set())
    return [
        Permission(function, action, resource)
        for each in statements
        for action in _many(each["Action"])
        for resource in map(_name, _many(each["Resource"]))
    ]


def _many(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, list) else [value]


def _name(resource: Any) -> str:
    """`!GetAtt X.Arn`, `!Ref X`, `!Sub ${X.Arn}/…` by the logical id."""
    if isinstance(resource, dict):
        ((kind, value),) = resource.items()
        if kind == "Sub":
            return _ATTRIBUTE.sub(lambda match: match[1] or match[2], value)
        return str(value).removesuffix(".Arn")
    return str(resource)
