"""The API as its callers see it."""

import pytest

from bridge.observability import metrics
from tests.contract.api import Api
from tests.sandbox.sandbox import Sandbox


@pytest.fixture
def api(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Api:
    # Read from the environment when the module is imported, which other tests do before there is a sandbox.
    monkeypatch.setattr(metrics.provider, "namespace", sandbox.stack.name)
    return Api(sandbox)
