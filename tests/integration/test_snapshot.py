"""SnapStart: what stands in the snapshot, and what a restored copy does. The hooks are called as Lambda would."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from bridge import aws, ids, snapshot, wiring
from bridge.settings import Settings
from tests.sandbox.sandbox import Sandbox

ROOT = Path(__file__).parents[2]


def test_copies_of_a_snapshot_do_not_draw_the_same_numbers() -> None:
    drawn = []
    for _ in range(2):
        random.seed(1)
        snapshot.after_restore()
        drawn.append((random.random(), ids.draw(0, 1)))
    assert drawn[0][0] != drawn[1][0]
    assert drawn[0][1] != drawn[1][1]


def test_a_restored_copy_makes_its_clients_and_reads_its_secrets_itself(sandbox: Sandbox) -> None:
    before = wiring.bridge()
    before.api_keys.read()
    before.table  # noqa: B018 - made by being asked for

    snapshot.after_restore()

    after = wiring.bridge()
    assert after is not before
    assert not {"table", "vendor", "evidence", "api_keys"} & vars(after).keys()


def test_the_snapshot_is_taken_without_a_call_and_without_a_client(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    wiring.bridge.cache_clear()
    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", _refuse)
    monkeypatch.setattr("botocore.session.Session.get_credentials", _refuse)
    monkeypatch.setattr("botocore.credentials.EnvProvider.load", _refuse)

    snapshot.before_snapshot()

    assert wiring.bridge.cache_info().currsize == 0


def _refuse(*_: object, **__: object) -> None:
    raise AssertionError("a snapshot holds no answer and no credential")


def test_the_client_that_is_described_can_be_made_afterwards(sandbox: Sandbox) -> None:
    aws.describe_s3()

    access_key = aws.client("s3")._request_signer._credentials.access_key
    assert access_key == os.environ["AWS_ACCESS_KEY_ID"]


@pytest.mark.parametrize(("environment", "keeps"), [({"EVIDENCE_BUCKET": "b"}, True), ({"TABLE_NAME": "t"}, False)])
def test_only_a_function_that_keeps_evidence_describes_s3(environment: dict[str, str], keeps: bool) -> None:
    assert Settings(environment).keeps_evidence() is keeps


@pytest.mark.parametrize("function", ["authorize", "verifications", "redirect"])
def test_a_function_that_a_person_waits_for_registers_its_hooks(function: str, tmp_path: Path) -> None:
    runtime = "hooks = []\nregister_before_snapshot = register_after_restore = lambda hook: hooks.append(hook.__name__)"
    (tmp_path / "snapshot_restore_py.py").write_text(runtime)
    program = "import app, json, snapshot_restore_py; print(json.dumps(snapshot_restore_py.hooks))"
    path = os.pathsep.join(map(str, (tmp_path, ROOT / "functions" / function, ROOT / "layers" / "bridge")))
    command = [sys.executable, "-c", program]

    ran = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True)

    assert json.loads(ran.stdout) == ["before_snapshot", "after_restore"]
