"""Clients of Secrets Manager, for a command that is not the only one to write a secret."""

from collections.abc import Callable
from typing import Any


class Interrupted:
    """A client. Before each of its writes, the next of `others` acts, as another operator would."""

    def __init__(self, client: Any, *others: Callable[[], object]) -> None:
        self._client = client
        self._others = list(others)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_secret_value(self, **arguments: Any) -> Any:
        if self._others:
            self._others.pop(0)()
        return self._client.put_secret_value(**arguments)


class Repeating:
    """A client that loses the response to each move of a label, and repeats the request, as boto3 does.

    Between the two, the next of `others` acts, as another operator would.
    """

    def __init__(self, client: Any, *others: Callable[[], object]) -> None:
        self._client = client
        self._others = list(others)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_secret_version_stage(self, **arguments: Any) -> Any:
        self._client.update_secret_version_stage(**arguments)
        if self._others:
            self._others.pop(0)()
        return self._client.update_secret_version_stage(**arguments)
