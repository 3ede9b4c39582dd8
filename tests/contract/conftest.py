"""Fixtures: the API, and a shell for the commands of the pages."""

import os
from pathlib import Path

import pytest
import requests

from bridge.observability import metrics
from tests.contract.api import Api
from tests.contract.commands import WANTED, Shell
from tests.sandbox.sandbox import Sandbox


@pytest.fixture
def api(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Api:
    # The module reads the namespace when it is imported, which may be before the sandbox sets it.
    monkeypatch.setattr(metrics.provider, "namespace", sandbox.stack.name)
    return Api(sandbox)


@pytest.fixture
def shell(tmp_path: Path, sandbox: Sandbox) -> Shell:
    """A shell with the sandbox as its AWS, and with the variables that the README's step 3 sets."""
    aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    return Shell(tmp_path, aws | sandbox.stack.outputs | {"API_URL": sandbox.api_url, "API_KEY": sandbox.api_key})


@pytest.fixture
def verified(sandbox: Sandbox) -> str:
    """The id of a verified verification, whose result was read."""
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    created = requests.post(f"{sandbox.api_url}/verifications", headers=headers, json=WANTED, timeout=20).json()
    page = requests.get(f"{created['url']}&outcome=verified", timeout=20, allow_redirects=False)
    requests.get(page.headers["location"], timeout=20, allow_redirects=False)
    own = f"{sandbox.api_url}/verifications/{created['id']}?expand=result"
    assert requests.get(own, headers=headers, timeout=20).json()["status"] == "verified"
    id: str = created["id"]
    return id
