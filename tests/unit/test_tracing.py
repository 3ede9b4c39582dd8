"""What the tracer captures if Tracing is on. tests/integration/test_tracing.py tests what it sends."""

import importlib.util
from types import ModuleType
from unittest import mock

import pytest

from bridge import tracing


def load_with_tracing(monkeypatch: pytest.MonkeyPatch, tracer: mock.Mock) -> ModuleType:
    """Loads a second copy of the module with tracing on."""
    monkeypatch.setenv("TRACING", "Active")
    monkeypatch.setattr("aws_lambda_powertools.Tracer", tracer)
    spec = importlib.util.spec_from_file_location("tracing_that_is_on", tracing.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_results_errors_and_urls_are_not_captured(monkeypatch: pytest.MonkeyPatch) -> None:
    tracer = mock.MagicMock()
    module = load_with_tracing(monkeypatch, tracer)

    def handler(event: object, context: object) -> None: ...

    module.traced(handler)
    with module.subsegment("vendor GET"):
        pass

    # `requests` is not patched, because its URLs end in a token.
    tracer.assert_called_once_with(patch_modules=["botocore"])
    used = tracer.return_value
    used.capture_lambda_handler.assert_called_once_with(handler, capture_response=False, capture_error=False)
    used.provider.in_subsegment.assert_called_once_with("vendor GET")
