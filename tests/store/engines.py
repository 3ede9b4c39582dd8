"""The two DynamoDBs that the store is tested against: moto, and AWS's own DynamoDB Local where it is."""

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
from samtranslator.yaml_helper import yaml_parse

from bridge.store.table import Table
from tests.sandbox import aws
from tests.sandbox.serving import Server
from tests.sandbox.template import TEMPLATE

# Where `make test` unpacks it, and seconds that it may take to start.
EMULATOR = TEMPLATE.parent / ".venv/dynamodb-local/package/emulator"
PATIENCE = 180

# Seconds that final records are kept.
RETENTION = 30 * 86400

# So many may ask at once.
RACERS = 32
_CREATED_WITH = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


class LeftOut(Exception):
    """Why there is no DynamoDB Local."""


@dataclass(frozen=True)
class Engine:
    """`name` with its version, where that is worth saying."""

    name: str
    url: str

    @cached_property
    def client(self) -> Any:
        # Each racer has a connection of its own; nobody asks twice, for a test counts what happens.
        config = Config(max_pool_connections=RACERS, retries={"mode": "standard", "total_max_attempts": 1})
        return boto3.Session("sandbox", "sandbox", region_name="us-east-1").client(
            "dynamodb", endpoint_url=self.url, config=config
        )

    @contextmanager
    def table(self, name: str | None = None) -> Iterator[Table]:
        """A new table, as template.yaml declares it; it is gone afterwards."""
        table = Table(self.client, name or f"verifications-{uuid.uuid4().hex}", RETENTION)
        table.client.create_table(TableName=table.name, **_declared())
        try:
            yield table
        finally:
            table.client.delete_table(TableName=table.name)


@cache
def _declared() -> dict[str, Any]:
    # As it is written: of a table's keys and indexes SAM translates nothing.
    declared = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))["Resources"]["VerificationsTable"]["Properties"]
    return {name: declared[name] for name in _CREATED_WITH}


@contextmanager
def moto_engine() -> Iterator[Engine]:
    """moto's server. What others stored in moto stays, as it would not with mock_aws: moto has one state per process,
    and a sandbox may be up."""
    server = Server()
    server.start(aws.moto(), aws.QuietMotoHandler)
    try:
        yield Engine("moto", server.url)
    finally:
        server.stop()


@contextmanager
def dynamodb_local() -> Iterator[Engine]:
    """DynamoDB Local in memory, on a free port of this machine. Raises LeftOut."""
    if why := why_left_out():
        raise LeftOut(why)
    port = _free_port()
    # Without its telemetry: tests need no network.
    options = ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)]
    command = ["java", "-Djava.library.path=DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar", *options]
    with subprocess.Popen(
        command, cwd=EMULATOR, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as running:
        try:
            version = _await(running, port)
            yield Engine(f"DynamoDB Local {version}", f"http://127.0.0.1:{port}")
        finally:
            running.terminate()


@cache
def why_left_out() -> str | None:
    """What is missing for DynamoDB Local, if anything is."""
    # On some systems `java` is there without any Java behind it.
    java = shutil.which("java")
    if java is None or subprocess.run([java, "-version"], capture_output=True, check=False).returncode:
        return "no Java"
    return None if (EMULATOR / "DynamoDBLocal.jar").exists() else "`make test` could not fetch it"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _await(running: subprocess.Popen[str], port: int) -> str:
    """Its version, as soon as it answers."""
    assert running.stdout is not None, "it was started with a pipe"
    version = next((line.split()[1] for line in running.stdout if line.startswith("Version:")), None)
    give_up_at = time.monotonic() + PATIENCE
    while version and running.poll() is None and time.monotonic() < give_up_at:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return version
    raise LeftOut("it does not start with this Java")
