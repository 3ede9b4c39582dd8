"""A client of the whole API over HTTP that compares every response with docs/openapi.yaml."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

import pytest
import requests

from bridge import dependencies
from tests.contract.contract import check, operations
from tests.sandbox.sandbox import Sandbox

FRONTEND = "http://localhost:3000"
BODY: dict[str, Any] = {
    "type": "00",
    "id_country": "MYS",
    "id_type": "ID_CARD",
    "redirect_url": f"{FRONTEND}/done?lang=en#step-2",
}
NO_ID = "ver_" + "a" * 26
NO_CODE = "A" * 32

# In seconds. Longer than any function's timeout.
_TIMEOUT = 30


class PathIds(TypedDict):
    """The path parameters of a verification's public routes."""

    id: str
    code: str


class Api:
    """Calls the operations of a sandbox. `vendor` is its fake vendor."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.vendor = sandbox.vendor

    def call(
        self,
        operation_id: str,
        *,
        id: str = NO_ID,
        code: str = NO_CODE,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **request: Any,
    ) -> requests.Response:
        """Calls an operation with a key of all scopes, or `key` ("" for none). Fails on an undocumented response."""
        operation = operations()[operation_id]
        sent = dict(headers or {})
        if operation.scopes is not None and key != "":
            sent["Authorization"] = f"Bearer {key or self._sandbox.api_key}"
        response = requests.request(
            operation.method,
            self._sandbox.api_url + operation.path.format(id=id, code=code),
            headers=sent,
            allow_redirects=False,
            timeout=_TIMEOUT,
            **request,
        )
        check(operation, response)
        return response

    def create(self, *, idempotency_key: str | None = None, **fields: Any) -> requests.Response:
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return self.call("create_verification", json={**BODY, **fields}, headers=headers)

    def created(self, **fields: Any) -> dict[str, Any]:
        """Creates a verification and returns it."""
        response = self.create(**fields)
        assert response.status_code == 201, response.text
        verification: dict[str, Any] = response.json()
        return verification

    def after_return(self, outcome: str, **fields: Any) -> dict[str, Any]:
        """Creates a verification, plays the outcome on its link and returns the person. Returns the verification."""
        verification = self.created(**fields)
        self.vendor.play(verification["token"], outcome)
        self.call("return_person", **path_ids(verification))
        response: dict[str, Any] = self.call("read_verification", id=verification["id"]).json()
        return response

    def key(self, scopes: Sequence[str], principal: str = "sandbox") -> str:
        """Adds a key and clears the functions' caches, so that it works at once."""
        key = self._sandbox.add_key(principal, scopes)
        dependencies.dependencies.cache_clear()
        return key


def path_ids(verification: dict[str, Any]) -> PathIds:
    id, code = verification["status_url"].rsplit("/", 2)[1:]
    return {"id": id, "code": code}


@contextlib.contextmanager
def environment(**variables: str | None) -> Iterator[None]:
    """Sets environment variables of the functions, or removes those that are None."""
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.delenv(name) if value is None else patch.setenv(name, value)
            dependencies.dependencies.cache_clear()
            yield
    finally:
        dependencies.dependencies.cache_clear()
