"""Which API keys are accepted. A malformed key or entry is never accepted."""

import hashlib
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.dependencies import Dependencies
from bridge.domain.caller import READ, READ_RESULT, SCOPES, WRITE, Caller
from bridge.use_cases.authorize import authorize
from tests.unit.builders import NOW

KEY = "ek_" + "A" * 43
OTHER_KEY = "ek_" + "B" * 43


class ApiKeys:
    """A fake secret that counts its reads."""

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value
        self.reads = 0

    def read(self) -> dict[str, Any]:
        self.reads += 1
        return self.value


class FakeDependencies:
    """The dependencies that authorize uses."""

    def __init__(self, value: dict[str, Any]) -> None:
        self.api_keys = ApiKeys(value)
        self.settings = SimpleNamespace(jwt_issuer="")

    def now(self) -> datetime:
        return NOW


def entry(key: str = KEY, **changes: Any) -> dict[str, Any]:
    return {
        "key_id": key[-4:],
        "sha256": hashlib.sha256(key.encode()).hexdigest(),
        "principal": "shop",
        "scopes": [WRITE, READ],
        **changes,
    }


def caller(header: str, *entries: Any) -> Caller | None:
    return authorize(cast(Dependencies, FakeDependencies({"keys": list(entries)})), header)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_valid_key_gives_its_principal_and_scopes(scheme: str) -> None:
    assert caller(f"{scheme} {KEY}", entry()) == Caller("shop", (WRITE, READ), "AAAA")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        KEY,
        f"Basic {KEY}",
        f"Bearer  {KEY}",
        f" Bearer {KEY}",
        f"Bearer {KEY} ",
        f"Bearer {KEY}\n",
        f"Bearer {KEY}, Bearer {KEY}",
        f"Bearer\t{KEY}",
        f"Bearer {KEY}é",
        f"Bearer {KEY[:-1]}Ａ",
        "Bearer " + "A" * 19,
        "Bearer " + "A" * 201,
    ],
)
def test_a_malformed_header_is_refused_without_reading_the_secret(header: str) -> None:
    deps = FakeDependencies({"keys": [entry(), entry("A" * 19), entry("A" * 201), entry("")]})
    assert authorize(cast(Dependencies, deps), header) is None
    assert deps.api_keys.reads == 0


@pytest.mark.parametrize("key", [OTHER_KEY, KEY.lower(), KEY[:-1], KEY + "A", entry()["sha256"]])
def test_a_wrong_key_is_refused(key: str) -> None:
    assert caller(f"Bearer {key}", entry()) is None


@pytest.mark.parametrize(
    ("expires_at", "is_accepted"),
    [
        (None, True),
        ((NOW + timedelta(seconds=1)).isoformat(), True),
        ("2026-01-31T16:01:32+08:00", True),
        (NOW.isoformat(), False),
        ((NOW - timedelta(seconds=1)).isoformat(), False),
        ("2026-01-31T08:01:32+08:00", False),
        ("2020-01-01T00:00:00Z", False),
    ],
)
def test_a_key_is_accepted_until_it_expires(expires_at: str | None, *, is_accepted: bool) -> None:
    assert (caller(f"Bearer {KEY}", entry(expires_at=expires_at)) is not None) == is_accepted


def test_unknown_scopes_are_dropped() -> None:
    found = caller(f"Bearer {KEY}", entry(scopes=["admin", READ_RESULT, "*", None, ["verifications:read"], 7]))
    assert found == Caller("shop", (READ_RESULT,), "AAAA")


MALFORMED: dict[str, Any] = {
    "null": None,
    "a string": "ek",
    "a list": [entry()],
    "a number": 7,
    "empty": {},
    "no hash": {**entry(), "sha256": None},
    "empty hash": entry(sha256=""),
    "a malformed hash": entry(sha256="\ud800"),
    "a hash in capitals": entry(sha256=entry()["sha256"].upper()),
    "the key itself": entry(sha256=KEY),
    "no principal": entry(principal=None),
    "empty principal": entry(principal=""),
    "a principal that is a list": entry(principal=["shop"]),
    "no key_id": {name: value for name, value in entry().items() if name != "key_id"},
    "no scopes": entry(scopes=None),
    "scopes in a string": entry(scopes=WRITE),
    "scopes in an object": entry(scopes=dict.fromkeys(SCOPES, False)),
    "expiry without a zone": entry(expires_at="2099-01-01T00:00:00"),
    "expiry without a time": entry(expires_at="2099-01-01"),
    "empty expiry": entry(expires_at=""),
    "expiry as a number": entry(expires_at=4_070_908_800),
    "expiry as false": entry(expires_at=False),
    "malformed expiry": entry(expires_at="never"),
}


@pytest.mark.parametrize("malformed", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_entry_is_ignored_and_the_others_still_work(malformed: Any) -> None:
    assert caller(f"Bearer {KEY}", malformed) is None
    assert caller(f"Bearer {OTHER_KEY}", malformed, entry(OTHER_KEY, principal="app"), malformed) == Caller(
        "app", (WRITE, READ), "BBBB"
    )


def test_a_principal_may_have_any_name() -> None:
    found = caller(f"Bearer {KEY}", entry(principal="Café ✓"))
    assert found is not None
    assert found.principal == "Café ✓"


def test_a_key_removed_from_the_secret_is_refused() -> None:
    deps = FakeDependencies({"keys": [entry()]})
    assert authorize(cast(Dependencies, deps), f"Bearer {KEY}")
    deps.api_keys.value = {"keys": []}
    assert authorize(cast(Dependencies, deps), f"Bearer {KEY}") is None
