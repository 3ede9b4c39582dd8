"""Canned responses of the services that the handlers call: DynamoDB, Secrets Manager, S3 and the vendor.
All are about one verification, whose person has just finished.

python -m tests.tools.benchmarks.upstream     prints its URL, and serves until stdin ends
"""

import hashlib
import json
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bridge.domain.caller import SCOPES
from bridge.domain.verification import Status, Verification
from bridge.store.items import Item, to_item
from bridge.store.rows import to_row
from tests.sandbox.vendor import checks
from tests.sandbox.vendor.records import new_record

EVENTS = Path(__file__).parents[3] / "events"
TOKEN = "4KK6FYHVCXXJ0ZGVSOH8JFNFUZ5TYV"
# The names that the functions get for these resources are their logical ids.
API_KEYS, RATE_TABLE = "ApiKeysSecret", "RateTable"
ORIGIN = "http://localhost:5173"

Respond = Callable[[dict[str, Any]], dict[str, Any]]


def event(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return document


def _verification() -> Verification:
    id, code = event("redirect/return")["rawPath"].split("/")[2:]
    now = datetime.now(UTC)
    return Verification(
        id=id,
        principal="example",
        status=Status.PENDING,
        sequence=1,
        type="00",
        id_country="MYS",
        id_type="ID_CARD",
        redirect_url=f"{ORIGIN}/welcome?tab=1",
        reference="customer-42",
        metadata={"campaign": "spring"},
        code=code,
        created_at=now,
        updated_at=now,
        expires_at=now + timedelta(days=1),
        fingerprint="f" * 64,
        attempt="a" * 32,
        due_at=int(now.timestamp()) + 300,
    )


def _update(request: dict[str, Any]) -> dict[str, Any]:
    """Returns the updated item, in which only status and claim change."""
    if request["TableName"] == RATE_TABLE:
        return {}
    bound = request.get("ExpressionAttributeValues", {})
    later = {name: bound[f":set_{name}"] for name in ("status", "claimed_by") if f":set_{name}" in bound}
    return {"Attributes": {**_item(), **request["Key"], **later}}


def _item() -> Item:
    link = to_item({"token": TOKEN, "url": f"https://vendor.example/?token={TOKEN}"})
    return {**to_row(_verification()._replace(lease_until=None)), **link}


def _secret(request: dict[str, Any]) -> dict[str, Any]:
    if request["SecretId"] != API_KEYS:
        return {"SecretString": json.dumps({"client_id": "bridge", "client_secret": "sk_benchmark"})}
    key = event("authorize/good_key")["identitySource"][0].removeprefix("Bearer ")
    entry = {"key_id": "only", "sha256": hashlib.sha256(key.encode()).hexdigest(), "principal": "example"}
    return {"SecretString": json.dumps({"keys": [{**entry, "scopes": list(SCOPES)}]})}


_OPERATIONS: dict[str, Respond] = {
    "PutItem": lambda _: {},
    "GetItem": lambda _: {"Item": _item(), "ConsumedCapacity": {"TableName": "verifications", "CapacityUnits": 1}},
    "UpdateItem": _update,
    "GetSecretValue": _secret,
}


def _record() -> dict[str, Any]:
    """Returns the vendor's record of a person who passed every check."""
    fields = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD", "redirect_url": ORIGIN}
    record = new_record(1, TOKEN, fields, "https://vendor.example", time.time(), 900)
    checks.pass_ocr(record)
    checks.pass_face(record)
    record["ocr_result"]["Image"] = "/9j/" + "A" * 40_000
    return record


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._respond({"status": 200, "result": _record()})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers.get("X-Amz-Target")
        if target is None:
            self._respond({"status": 200, "result": {"token": TOKEN, "url": f"https://vendor.example/?token={TOKEN}"}})
        else:
            self._respond(_OPERATIONS[target.partition(".")[2]](json.loads(body)))

    def do_PUT(self) -> None:
        if self.headers.get("Expect"):
            self.send_response_only(100)
            self.end_headers()
        self.rfile.read(int(self.headers["Content-Length"]))
        self._respond(None)

    def handle_expect_100(self) -> bool:
        return True

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _respond(self, document: dict[str, Any] | None) -> None:
        # S3 returns no body for a put, and boto3 fails on a body that is not XML.
        body = b"" if document is None else json.dumps(document).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
