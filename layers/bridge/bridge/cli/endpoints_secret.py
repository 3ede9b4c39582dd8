"""The secret that lists the endpoints of webhooks, as operators' commands read and write it."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from bridge.domain.webhooks import Endpoint, parse_endpoints

Entry = dict[str, Any]


class EndpointsSecret:
    """The secret that lists the endpoints. One that cannot be read ends the command, and is never overwritten."""

    def __init__(self, client: Any, arn: str) -> None:
        self._client = client
        self._arn = arn

    def read(self) -> list[Any]:
        text = self._client.get_secret_value(SecretId=self._arn)["SecretString"]
        try:
            entries = json.loads(text)["endpoints"]
        except (ValueError, TypeError, KeyError):
            entries = None
        if not isinstance(entries, list):
            sys.exit('The secret is not a JSON object with a list "endpoints". Repair it first; nothing was changed.')
        return entries

    def write(self, entries: list[Any]) -> None:
        self._client.put_secret_value(SecretId=self._arn, SecretString=json.dumps({"endpoints": entries}))

    def find(self, name: str) -> Endpoint:
        endpoints = parse_endpoints({"endpoints": self.read()})
        if name in endpoints.problems:
            sys.exit(f"{name} is malformed: {endpoints.problems[name]}. Replace or remove it; nothing was changed.")
        if name not in endpoints.by_name:
            sys.exit(f"There is no endpoint {name}; nothing was changed.")
        return endpoints.by_name[name]

    def replace(self, name: str, entry: Entry | None) -> bool:
        """Puts an entry in the place of all that have its name, or removes them; whether there were any."""
        entries = self.read()
        others = [each for each in entries if not _has_name(each, name)]
        self.write(others if entry is None else [*others, entry])
        return len(others) < len(entries)

    def set_secrets(self, name: str, values: Sequence[str]) -> None:
        """Gives an endpoint that was found these secrets; whatever else its entry says stays."""
        self.write([each | {"secrets": list(values)} if _has_name(each, name) else each for each in self.read()])


def _has_name(entry: Any, name: str) -> bool:
    return isinstance(entry, dict) and entry.get("name") == name
