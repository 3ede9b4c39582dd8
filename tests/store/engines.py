"""The engines that the store is tested with: moto, and AWS's DynamoDB Local if it is installed."""

import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import boto3
from botocore.config import Config

from bridge.store.table import Table
from tests.sandbox import aws, template
from tests.sandbox.serving import Server

# `make test` unpacks DynamoDB Local here.
EMULATOR = template.TEMPLATE.parent / ".venv/dynamodb-local/package/emulator"
START_TIMEOUT_SECONDS = 180

# Final records are stored for this many seconds.
RETENTION = 30 * 86400

# The number of concurrent callers in a race.
RACERS = 32
_CREATED_WITH = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


class DynamoDBLocalUnavailable(Exception):
    """Says why DynamoDB Local cannot be used."""


@dataclass(frozen=True)
class Engine:
    """A DynamoDB to test with. `name` includes the version of DynamoDB Local."""

    name: str
    url: str

    @cached_property
    def client(self) -> Any:
        # Each racer has its own connection. Nothing is retried, because tests count the calls.
        config = Config(max_pool_connections=RACERS, retries={"mode": "standard", "total_max_attempts": 1})
        return boto3.Session("sandbox", "sandbox", region_name="us-east-1").client(
            "dynamodb", endpoint_url=self.url, config=config
        )

    @contextmanager
    def table(self, name: str | None = None) -> Iterator[Table]:
        """Creates a table as template.yaml declares it, and deletes it at the end."""
        table = Table(self.client, name or f"verifications-{uuid.uuid4().hex}", RETENTION)
        table.client.create_table(TableName=table.name, **_declared())
        try:
            yield table
        finally:
            table.client.delete_table(TableName=table.name)


@cache
def _declared() -> dict[str, Any]:
    # SAM's translation would not change keys and indexes, so the template is read directly.
    declared = template.source()["Resources"]["VerificationsTable"]["Properties"]
    return {name: declared[name] for name in _CREATED_WITH}


@contextmanager
def moto_engine() -> Iterator[Engine]:
    """Starts moto's server. mock_aws would empty the state of moto, which a running sandbox in this process shares."""
    server = Server()
    server.start(aws.moto(), aws.QuietMotoHandler)
    try:
        yield Engine("moto", server.url)
    finally:
        server.stop()


@contextmanager
def dynamodb_local() -> Iterator[Engine]:
    """Starts DynamoDB Local in memory, on a free port. Raises DynamoDBLocalUnavailable."""
    if reason := missing_requirement():
        raise DynamoDBLocalUnavailable(reason)
    port = _free_port()
    # Telemetry would need a network.
    options = ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)]
    command = ["java", "-Djava.library.path=DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar", *options]
    with subprocess.Popen(
        command, cwd=EMULATOR, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as running:
        try:
            version = _wait_for_start(running, port)
            yield Engine(f"DynamoDB Local {version}", f"http://127.0.0.1:{port}")
        finally:
            running.terminate()


@cache
def missing_requirement() -> str | None:
    """Returns what is missing for DynamoDB Local, or None."""
    # On some systems the command `java` exists without a Java installation.
    java = shutil.which("java")
    if java is None or subprocess.run([java, "-version"], capture_output=True, check=False).returncode:
        return "no Java"
    return None if (EMULATOR / "DynamoDBLocal.jar").exists() else "`make test` could not fetch it"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _wait_for_start(running: subprocess.Popen[str], port: int) -> str:
    """Waits until DynamoDB Local accepts connections, and returns its version."""
    assert running.stdout is not None, "it was started with a pipe"
    version = next((line.split()[1] for line in running.stdout if line.startswith("Version:")), None)
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while version and running.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return version
    raise DynamoDBLocalUnavailable("it does not start with this Java")
