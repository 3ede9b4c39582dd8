"""`make run` as a process: its output, its webhooks, its end, and its errors."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from tests.conftest import OUTER_ENVIRONMENT
from tests.sandbox import variables
from tests.sandbox.frontend import Frontend
from tests.sandbox.serving import Server
from tests.sandbox.webhooks import Webhooks, is_genuine, new_secret

ROOT = Path(__file__).parents[2]
TIMEOUT = 60


def start(stderr: Path, **changed: str) -> "subprocess.Popen[str]":
    # Without make, so that the signal goes to the process itself.
    with stderr.open("w", encoding="utf-8") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.sandbox", "run"],
            cwd=ROOT,
            env=OUTER_ENVIRONMENT | changed,
            stdout=subprocess.PIPE,
            stderr=out,
            text=True,
        )


@dataclass
class VerifyingReceiver:
    """A receiver that responds with `responses`, then with 204. It stores events with a valid signature."""

    responses: list[int] = field(default_factory=list)
    secret: str = ""
    events: list[Any] = field(default_factory=list)

    def respond(self, request: Request) -> Response:
        if self.responses:
            return Response(status=self.responses.pop(0))
        try:
            self.events.append(Webhook(self.secret).verify(request.get_data(), dict(request.headers)))
        except WebhookVerificationError:
            return Response(status=401)
        return Response(status=204)


@pytest.fixture
def receivers() -> Iterator[tuple[list[VerifyingReceiver], list[str]]]:
    """Two receivers and their URLs. The second fails twice."""
    servers, both = [Server(), Server()], [VerifyingReceiver(), VerifyingReceiver(responses=[503, 500])]
    for server, receiver in zip(servers, both, strict=True):
        server.start(Request.application(receiver.respond))
    yield both, [f"http://localhost:{server.port}/hook" for server in servers]
    for server in servers:
        server.stop()


def wait_until(condition: Any, stderr: Path) -> None:
    for _ in range(TIMEOUT * 10):
        if condition():
            return
        time.sleep(0.1)
    raise TimeoutError(stderr.read_text(encoding="utf-8"))


def test_run_delivers_to_each_url_with_retries_and_ends_on_interrupt(
    receivers: tuple[list[VerifyingReceiver], list[str]], tmp_path: Path
) -> None:
    (steady, failing), urls = receivers
    stderr = tmp_path / "stderr"
    with start(stderr, PORT="0", WEBHOOK_URL=",".join(urls), WEBHOOK_RETRY_SECONDS="1") as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("READY "), stderr.read_text(encoding="utf-8")
            ready = json.loads(line.removeprefix("READY "))
            steady.secret = failing.secret = ready["webhook_secret"]
            body = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD"}
            body["redirect_url"] = f"{ready['frontend_url']}/done"
            key = {"Authorization": f"Bearer {ready['api_key']}"}

            created = requests.post(f"{ready['api_url']}/verifications", json=body, headers=key, timeout=TIMEOUT).json()
            wait_until(lambda: steady.events and failing.events, stderr)
            own = f"{ready['api_url']}/verifications/{created['id']}"
            replayed = requests.post(f"{own}/events/replay", headers=key, timeout=TIMEOUT)
            wait_until(lambda: len(steady.events) > 1, stderr)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(TIMEOUT)
    printed = stderr.read_text(encoding="utf-8")
    assert replayed.ok, replayed.text
    for receiver in (steady, failing):
        assert receiver.events[0]["data"]["id"] == created["id"]
    assert all(f"export {name.upper()}=" in printed for name in ready)
    assert f"\nOpen the demo frontend in a browser: {ready['demo_url']}\n" in printed
    assert "\nPOST /verifications -> 201\n" in printed
    name = urls[1].split("/")[2].replace(":", "-")
    attempts = f"webhook verification.created {created['id']} -> {name}, attempt"
    assert all(f"{attempts} {number}: {status}  " in printed for number, status in ((1, 503), (2, 500), (3, 204)))
    assert "Traceback" not in printed
    assert process.returncode == 0


BAD_VALUES = [
    ("PORT", "abc", "PORT=abc is not a port"),
    ("EKYC_API_URL", "localhost:9900", "write http://localhost:9900"),
    ("EKYC_API_URL", "http://localhost:9900", "EKYC_CLIENT_ID must be set, too; unset EKYC_API_URL"),
    ("WEBHOOK_URL", "http://localhost:1/hook,ftp://x", "WEBHOOK_URL=ftp://x: "),
    ("WEBHOOK_URL", "http://example.com/hook", "url is not https; use an https URL, or http://localhost:9000/hook"),
    ("WEBHOOK_SECRET", "whsec_short", "unset it to get a random one"),
    ("WEBHOOK_RETRY_SECONDS", "1;2", "write WEBHOOK_RETRY_SECONDS=1,2,5"),
    ("LINK_LIFETIME_SECONDS", "a minute", "write LINK_LIFETIME_SECONDS=20"),
]


@pytest.mark.parametrize(("name", "value", "fix"), BAD_VALUES)
def test_error_of_a_bad_variable_is_one_line_that_says_how_to_fix_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, fix: str
) -> None:
    for other in ("EKYC_API_URL", "EKYC_CLIENT_ID", "PORT"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, value)

    def read() -> None:
        variables.check()
        variables.port(0)
        variables.webhooks()

    with pytest.raises(ValueError, match=re.escape(fix)) as error:
        read()

    assert "\n" not in str(error.value)


def test_error_of_a_taken_port_is_one_line_that_names_another_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with start(tmp_path / "stderr", PORT=str(port)) as process:
            assert process.wait(TIMEOUT) == 1

    (line,) = (tmp_path / "stderr").read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(rf"Port {port} is taken: .*, or choose another port, such as PORT=\d+", line)


SECRET, BODY = new_secret(), json.dumps({"type": "verification.verified"}).encode()


def signed(*, secret: str = SECRET, at: float | None = None, **changed: str) -> dict[str, str]:
    """Returns the headers that the library makes, with changes."""
    moment = datetime.fromtimestamp(time.time() if at is None else at, UTC)
    signature = Webhook(secret).sign("evt_1", moment, BODY.decode())
    headers = {"id": "evt_1", "timestamp": str(int(moment.timestamp())), "signature": signature} | changed
    return {f"webhook-{name}": value for name, value in headers.items()}


@pytest.mark.parametrize(
    ("headers", "is_valid"),
    [
        (signed(at=1000), True),
        (signed(at=1000, signature=f"v1,AAAA {signed(at=1000)['webhook-signature']}"), True),
        (signed(at=1000, secret=new_secret()), False),
        (signed(at=1000, id="evt_2"), False),
        (signed(at=699), False),
        (signed(at=1301), False),
        (signed(at=1000, timestamp="now"), False),
        ({}, False),
    ],
)
def test_receiver_accepts_only_webhooks_that_the_library_signed(headers: dict[str, str], is_valid: bool) -> None:
    assert is_genuine(SECRET, headers, BODY, now=1000) is is_valid


def test_receiver_responds_with_the_status_that_a_put_sets() -> None:
    frontend = Frontend(SECRET, api_url="http://api.example", new_token=lambda: "a.b.c")
    client = Client(Request.application(frontend.respond))
    try:
        assert client.post("/hook", data=BODY).status_code == 401
        for chosen, status in (("503", 503), ("410", 410), ("204", 204)):
            assert client.put("/hook", data=chosen).status_code == 200
            assert client.post("/hook", data=BODY, headers=signed()).status_code == status
        assert [event["type"] for event in frontend.received] == ["verification.verified"]
        rejected = client.put("/hook", data="nonsense")
        assert (rejected.status_code, "-d 503" in rejected.text) == (400, True)
        for host, status in (("127.0.0.1:8000", 200), ("localhost", 200), ("127.0.0.1.evil.example:8000", 403)):
            given = client.get("/token", base_url=f"http://{host}")
            assert (given.status_code, "a.b.c" in given.text) == (status, status == 200)
        for origin, allowed in (("http://localhost:5173", "http://localhost:5173"), ("https://evil.example", None)):
            given = client.get("/token", headers={"Origin": origin})
            assert given.headers.get("access-control-allow-origin") == allowed
        assert 'API_URL = "http://api.example"' in client.get("/").text
        page = client.get("/done?status=%3Cb%3E&verification_id=ver_1").text
        assert "Back at the frontend: &lt;b&gt;" in page
        assert "<b>" not in page
    finally:
        frontend.stop()


def test_endpoints_get_unique_names_from_their_urls() -> None:
    urls = ("http://localhost:9000/a", "http://localhost:9000/b", "https://Hooks.example.com/x")

    named = [(each["name"], each["url"]) for each in Webhooks(urls, SECRET).endpoints("http://own")]

    assert named == list(zip(("localhost-9000", "localhost-9000-2", "hooks-example-com"), urls, strict=True))
    (own,) = Webhooks((), SECRET).endpoints("http://own")
    assert (own["name"], own["url"], own["secrets"]) == ("sandbox", "http://own", [SECRET])
