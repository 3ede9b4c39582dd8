"""`make check-evidence` reports whether evidence was changed."""

import gzip

import pytest

from bridge.cli import check_evidence
from bridge.dependencies import Dependencies
from bridge.domain.verification import Evidence, Verification
from bridge.store import reading
from bridge.use_cases.redact import redact
from tests.integration.harness import CALLER, World, new
from tests.sandbox.sandbox import Sandbox


@pytest.fixture
def verified(world: World) -> Verification:
    made = world.new("verified")
    world.returns(made)
    found = reading.get(world.deps.table, made.id)
    assert found is not None
    return found


def _run(deps: Dependencies, id: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    settings = deps.settings
    try:
        check_evidence.main([id, "--table", settings.table_name, "--bucket", settings.evidence_bucket])
    except SystemExit as failed:
        return 1, str(failed)
    return 0, capsys.readouterr().out


def _evidence(verification: Verification) -> Evidence:
    assert verification.evidence is not None
    return verification.evidence


def _put(sandbox: Sandbox, deps: Dependencies, verification: Verification, body: bytes) -> None:
    """Overwrites the evidence."""
    key = _evidence(verification).key
    sandbox.client("s3").put_object(Bucket=deps.settings.evidence_bucket, Key=key, Body=body)


def test_unchanged_evidence_is_confirmed(
    deps: Dependencies, verified: Verification, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = _run(deps, verified.id, capsys)
    assert code == 0
    assert _evidence(verified).sha256 in printed
    assert f"{_evidence(verified).size} bytes" in printed


@pytest.mark.parametrize("body", [gzip.compress(b"{}"), b"{}", b"", gzip.compress(b"{}")[:-9]])
def test_changed_evidence_is_reported(
    world: World, verified: Verification, capsys: pytest.CaptureFixture[str], body: bytes
) -> None:
    _put(world.sandbox, world.deps, verified, body)
    code, printed = _run(world.deps, verified.id, capsys)
    assert code == 1
    assert "is not the stored evidence" in printed


def test_one_changed_byte_is_reported(world: World, verified: Verification, capsys: pytest.CaptureFixture[str]) -> None:
    raw = world.deps.evidence.get(_evidence(verified))
    assert raw
    assert _run(world.deps, verified.id, capsys)[0] == 0
    _put(world.sandbox, world.deps, verified, gzip.compress(raw[:-1] + bytes([raw[-1] ^ 1])))
    assert _run(world.deps, verified.id, capsys)[0] == 1


def test_missing_evidence_is_reported(
    deps: Dependencies, verified: Verification, capsys: pytest.CaptureFixture[str]
) -> None:
    deps.evidence.delete(verified.id)
    assert "does not exist" in _run(deps, verified.id, capsys)[1]


def test_redacted_unchecked_and_unknown_verifications_are_reported(
    deps: Dependencies, verified: Verification, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "it has no evidence" in _run(deps, new(deps).id, capsys)[1]
    redact(deps, CALLER, verified.id)
    assert "redacted" in _run(deps, verified.id, capsys)[1]
    for unknown in ("ver_aaaaaaaaaaaaaaaaaaaaaaaaaa", "another"):
        assert _run(deps, unknown, capsys) == (1, f"{unknown}: there is no such verification")
