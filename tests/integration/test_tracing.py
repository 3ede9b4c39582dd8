"""X-Ray gets the names of the calls of a return, and no personal data."""

import json
import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from tests.tools.benchmarks import artifacts, measuring, upstream
from tests.tools.benchmarks.artifacts import LAYER, ROOT, Artifact, functions_in


@pytest.fixture
def daemon() -> Any:
    """Receives what the SDK sends, as X-Ray's daemon does on Lambda."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.5)
        yield listening


def invoke(daemon: socket.socket, tracing: str, case: str) -> list[dict[str, Any]]:
    """Runs a function in its own process against fake services; returns the segments that it sent."""
    with measuring.served() as url:
        bench = measuring.Bench(sys.executable, url)
        environment = bench._environment(Artifact(functions_in(ROOT / "functions"), LAYER), case)
        environment |= {
            "TRACING": tracing,
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            # As on Lambda, for a request that is sampled.
            "LAMBDA_TASK_ROOT": "/var/task",
            "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
        }
        _, event, expected = artifacts.CASES[case]
        command = [sys.executable, str(measuring._PROCESS), str(upstream.EVENTS / f"{event}.json"), expected, "1"]
        subprocess.run(command, env=os.environ | environment, check=True, capture_output=True)
    return list(_received(daemon))


def _received(daemon: socket.socket) -> Any:
    while True:
        try:
            datagram = daemon.recv(65536)
        except TimeoutError:
            return
        yield json.loads(datagram.partition(b"\n")[2])


def _names(segment: dict[str, Any]) -> set[str]:
    return {segment["name"]}.union(*map(_names, segment.get("subsegments", [])))


def test_a_return_is_traced_by_call_names_without_personal_data(daemon: socket.socket) -> None:
    segments = invoke(daemon, "Active", "return")

    names = set().union(*map(_names, segments))
    assert {"## resolve", "vendor GET", "dynamodb", "s3", "secretsmanager"} <= names
    sent = json.dumps(segments)
    event = json.loads((upstream.EVENTS / "redirect/return.json").read_text())
    secrets = [upstream.TOKEN, event["pathParameters"]["code"], "Aminah", "sk_benchmark", "/return/", upstream.ORIGIN]
    assert [secret for secret in secrets if secret in sent] == []


def test_nothing_is_traced_by_default(daemon: socket.socket) -> None:
    assert invoke(daemon, "PassThrough", "return") == []
