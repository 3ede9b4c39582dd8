"""The example receivers of docs/webhooks.md run unchanged and accept deliveries."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.cli.webhooks import new_secret
from tests import pages
from tests.conftest import OUTER_ENVIRONMENT
from tests.pages import ROOT
from tests.sandbox.events import queue_event, queue_message
from tests.sandbox.sandbox import Sandbox

# `make` installs the imports of the Node receiver here.
PACKAGES = Path(os.environ.get("RECEIVERS", ROOT / ".venv/receivers"))
ID, OTHER = "ver_" + "a" * 26, "ver_" + "b" * 26


def code(language: str) -> str:
    (found,) = pages.code(pages.section("docs/webhooks.md", "Receiving"), language)
    return found


def flask(folder: Path) -> list[str]:
    (folder / "receiver.py").write_text(code("python"), encoding="utf-8")
    return [sys.executable, "receiver.py"]


def express(folder: Path) -> list[str]:
    node = shutil.which("node")
    if node is None or not (PACKAGES / ".done").exists():
        pytest.skip("needs Node and the npm packages that `make check` installs")
    (folder / "receiver.mjs").write_text(code("javascript"), encoding="utf-8")
    (folder / "node_modules").symlink_to(PACKAGES / "node_modules")
    return [node, "receiver.mjs"]


@dataclass
class ExampleReceiver:
    sandbox: Sandbox
    port: int
    output: Path

    def is_delivered(self, sequence: int, kind: str, *, id: str = ID, secrets: list[str]) -> bool:
        """Delivers an event, signed with these secrets. Returns whether the receiver accepted it."""
        data = {"id": id, "reference": "Besök 日本", "status": kind, "sequence": sequence, "reason": None}
        event = {"id": f"evt_{id[4:]}_{sequence}", "type": f"verification.{kind}", "timestamp": "", "data": data}
        body = json.dumps({"endpoint": "crm", "event": event | {"owner": "4b5e57f6eb2f42b9"}})
        self.sandbox.put_endpoints([{"name": "crm", "url": f"http://localhost:{self.port}/hook", "secrets": secrets}])
        message = queue_message(body, sent_at=time.time())
        result = self.sandbox.invoke("DeliverFunction", queue_event("DeliveryQueue", [message]))
        return not result["batchItemFailures"]

    def processed(self) -> list[str]:
        """Returns the events that the receiver processed, in order: its output lines that begin with an id."""
        return [line for line in self.output.read_text(encoding="utf-8").splitlines() if line.startswith("ver_")]


SECRET, NEXT = new_secret(), new_secret()


@pytest.fixture(params=[flask, pytest.param(express, marks=pytest.mark.slow)], ids=lambda it: str(it.__name__))
def receiver(request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path: Path) -> Iterator[ExampleReceiver]:
    command = request.param(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    output = tmp_path / "output"
    environment = {"PORT": str(port), "WEBHOOK_SECRET": SECRET, "DATABASE": str(tmp_path / "webhooks.db")}
    with output.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            command, cwd=tmp_path, env={**OUTER_ENVIRONMENT, **environment}, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        _wait_for(port, process, output)
        yield ExampleReceiver(sandbox, port, output)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(port: int, process: "subprocess.Popen[Any]", output: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, output.read_text(encoding="utf-8")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(output.read_text(encoding="utf-8"))


def test_the_receiver_processes_each_genuine_event_once_and_in_order(receiver: ExampleReceiver) -> None:
    deliveries = [
        (1, "created", ID, [SECRET], True),
        # A repeated delivery, after a lost response or a replay.
        (1, "created", ID, [SECRET], True),
        # Signed with another secret.
        (2, "verified", ID, [NEXT], False),
        # Signed with both secrets of a rotation.
        (3, "verified", ID, [NEXT, SECRET], True),
        # Out of order.
        (2, "processing", ID, [SECRET], True),
        (1, "created", OTHER, [SECRET], True),
    ]
    for sequence, kind, id, secrets, is_accepted in deliveries:
        assert receiver.is_delivered(sequence, kind, id=id, secrets=secrets) is is_accepted
    assert receiver.processed() == [
        f"{ID} 1 verification.created",
        f"{ID} 3 verification.verified",
        f"{OTHER} 1 verification.created",
    ]
