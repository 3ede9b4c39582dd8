"""An invocation that takes too long ends with a log line, before Lambda kills the process."""

import io
import json
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.aws import clients
from bridge.domain.ids import new_id
from bridge.observability import attach_verification_id
from bridge.web.entry import InvocationFailed, entry_point
from bridge.web.time_limit import RESERVE
from tests.integration.raw_server import RawServer, silent

# Seconds that a handler has here, and that a busy machine may add.
TIME = 0.4
MARGIN = 1.5


def invoke(handler: Callable[[], object]) -> object:
    """Calls the handler as Lambda does, TIME before the limit."""
    ends_at = time.monotonic() + TIME + RESERVE
    context: Any = SimpleNamespace(
        function_name="function",
        memory_limit_in_mb="512",
        invoked_function_arn="arn:aws:lambda:ap-southeast-1:123456789012:function:function",
        aws_request_id="request",
        get_remaining_time_in_millis=lambda: max(0, round((ends_at - time.monotonic()) * 1000)),
    )
    return entry_point(lambda event, context: handler())({}, context)


def test_a_hanging_handler_is_ended_and_logged_with_its_location(
    log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    id = new_id(lambda n: b"a" * n)

    def hanging_step() -> None:
        with attach_verification_id(id):
            time.sleep(20)

    started = time.monotonic()
    with pytest.raises(InvocationFailed, match="OutOfTime"):
        invoke(hanging_step)
    assert time.monotonic() - started < TIME + MARGIN
    line = json.loads(log.getvalue())
    assert (line["message"], line["error"], line["verification_id"]) == ("invocation_failed", "OutOfTime", id)
    assert any(place.startswith("hanging_step:") for place in line["where"])
    assert '"InternalError":[1.0]' in capsys.readouterr().out


def test_a_hanging_aws_call_is_ended_and_not_retried(monkeypatch: pytest.MonkeyPatch, log: io.StringIO) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    with RawServer(silent()) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url)
        dynamodb = clients.client("dynamodb")

        def call() -> None:
            with clients.translate_aws_errors("GetItem"):
                dynamodb.get_item(TableName="table", Key={"id": {"S": "a"}})

        started = time.monotonic()
        with pytest.raises(InvocationFailed, match="OutOfTime"):
            invoke(call)
        assert time.monotonic() - started < TIME + MARGIN
        assert len(server.requests) == 1


def test_the_limit_ends_with_the_invocation() -> None:
    assert invoke(lambda: "done") == "done"
    time.sleep(TIME + 0.2)


def test_another_thread_has_no_limit(log: io.StringIO) -> None:
    done: list[object] = []
    other = threading.Thread(target=lambda: done.append(invoke(lambda: time.sleep(TIME + 0.2))))
    other.start()
    other.join(10)
    assert done == [None]
