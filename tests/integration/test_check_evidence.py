"""The command that shows whether evidence was changed."""

import gzip

import pytest

from bridge.cli import check_evidence
from bridge.models import Evidence, Verification
from bridge.store import reading
from bridge.use_cases.redact import redact
from bridge.wiring import Bridge
from tests.integration.driving import CALLER, Functions, new, return_path, token_of
from tests.sandbox.sandbox import Sandbox


@pytest.fixture
def verified(sandbox: Sandbox, bridge: Bridge, functions: Functions) -> Verification:
    made = new(bridge)
    sandbox.vendor.play(token_of(made), "verified")
    functions.browser(return_path(made))
    found = reading.get(bridge.table, made.id)
    assert found is not None
    return found


def _run(bridge: Bridge, id: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    settings = bridge.settings
    code = check_evidence.main([id, "--table", settings.table_name, "--bucket", settings.evidence_bucket])
    said = capsys.readouterr()
    return code, said.err if code else said.out


def _evidence(verification: Verification) -> Evidence:
    assert verification.evidence is not None
    return verification.evidence


def _put(sandbox: Sandbox, bridge: Bridge, verification: Verification, body: bytes) -> None:
    """Over the evidence, as somebody might who should not."""
    key = _evidence(verification).key
    sandbox.client("s3").put_object(Bucket=bridge.settings.evidence_bucket, Key=key, Body=body)


def test_evidence_as_it_was_kept_is_called_so(
    bridge: Bridge, verified: Verification, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = _run(bridge, verified.id, capsys)
    assert code == 0
    assert _evidence(verified).sha256 in said
    assert f"{_evidence(verified).size} bytes" in said


@pytest.mark.parametrize("body", [gzip.compress(b"{}"), b"{}", b"", gzip.compress(b"{}")[:-9]])
def test_evidence_that_was_changed_is_found_out(
    sandbox: Sandbox, bridge: Bridge, verified: Verification, capsys: pytest.CaptureFixture[str], body: bytes
) -> None:
    _put(sandbox, bridge, verified, body)
    code, said = _run(bridge, verified.id, capsys)
    assert code == 1
    assert "is not what was kept" in said


def test_one_changed_byte_is_found_out(
    sandbox: Sandbox, bridge: Bridge, verified: Verification, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = bridge.evidence.load(_evidence(verified))
    assert raw
    assert _run(bridge, verified.id, capsys)[0] == 0
    _put(sandbox, bridge, verified, gzip.compress(raw[:-1] + bytes([raw[-1] ^ 1])))
    assert _run(bridge, verified.id, capsys)[0] == 1


def test_evidence_that_is_gone_is_said_to_be(
    bridge: Bridge, verified: Verification, capsys: pytest.CaptureFixture[str]
) -> None:
    bridge.evidence.erase(verified.id)
    assert "cannot be read: NoSuchKey" in _run(bridge, verified.id, capsys)[1]


def test_what_was_redacted_or_never_kept_or_never_there_is_said_to_be(
    bridge: Bridge, verified: Verification, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "nothing was kept" in _run(bridge, new(bridge).id, capsys)[1]
    redact(bridge, CALLER, verified.id)
    assert "redacted" in _run(bridge, verified.id, capsys)[1]
    for unknown in ("ver_aaaaaaaaaaaaaaaaaaaaaaaaaa", "another"):
        assert _run(bridge, unknown, capsys) == (1, f"{unknown}: there is no such verification\n")
