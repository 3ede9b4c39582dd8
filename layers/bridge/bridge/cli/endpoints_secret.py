"""The secret that lists the endpoints of webhooks, as operators' commands read and write it."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from bridge.cli.secret_document import SecretDocument
from bridge.domain.webhooks import Endpoint, parse_endpoints

Entry = dict[str, Any]


class EndpointsSecret(SecretDocument):
    """The secret that lists the endpoints."""

    def __init__(self, client: Any, arn: str) -> None:
        super().__init__(client, arn, "endpoints")

    def replace(self, name: str, entry: Entry | None) -> bool:
        """Puts an entry in the place of all that have its name, or removes them; whether there were any."""
        added = [] if entry is None else [entry]
        before = self.edit(lambda entries: [each for each in entries if not _has_name(each, name)] + added)
        return any(_has_name(each, name) for each in before)

    def set_secrets(self, name: str, choose: Callable[[Sequence[str]], Sequence[str]]) -> None:
        """Gives an endpoint what `choose` makes of its secrets; whatever else its entry says stays."""

        def changed(entries: list[Any]) -> list[Any]:
            secrets = {"secrets": list(choose(_find(entries, name).secrets))}
            return [each | secrets if _has_name(each, name) else each for each in entries]

        self.edit(changed)


def _find(entries: list[Any], name: str) -> Endpoint:
    endpoints = parse_endpoints({"endpoints": entries})
    if name in endpoints.malformed:
        sys.exit(f"{name} is malformed: {endpoints.malformed[name]}. Replace or remove it; nothing was changed.")
    if name not in endpoints.by_name:
        sys.exit(f"There is no endpoint {name}; nothing was changed.")
    return endpoints.by_name[name]


def _has_name(entry: Any, name: str) -> bool:
    return isinstance(entry, dict) and entry.get("name") == name
