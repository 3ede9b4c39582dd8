"""A verification converts to an item of the table and back."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.verification import Evidence, HistoryEntry, Status, Verification, timestamp
from bridge.store.index_keys import DUE_SHARDS, due_shard, reference_key
from bridge.store.items import _serialize, from_item, to_item
from bridge.store.rows import from_row, to_row
from tests.unit.builders import NOW, reservation

WITHOUT_OPTIONAL: dict[str, Any] = {
    "redirect_url": None,
    "reference": None,
    "metadata": {},
    "code": None,
    "fingerprint": None,
    "due_at": None,
}


@pytest.mark.parametrize(
    "verification",
    [
        reservation(),
        reservation(**WITHOUT_OPTIONAL),
        reservation(lease_until=None, type="01", locale="zh"),
        reservation(has_expected=True),
    ],
)
def test_a_reservation_survives_the_round_trip(verification: Verification) -> None:
    assert from_row(to_row(verification)) == verification


def test_attributes_that_are_written_later_are_read() -> None:
    written = {
        "reason_code": "redacted",
        "token": "4KK",
        "url": "https://vendor.example",
        "claimed_by": "n" * 32,
        "failures": 3,
        "history": [
            {"status": "pending", "at": timestamp(NOW)},
            {"status": "expired", "at": timestamp(NOW), "reason_code": "redacted", "redacted": True},
        ],
        "evidence": {"key": "records/…", "sha256": "0" * 64, "size": 5_000_000},
        "redacted_at": timestamp(NOW),
        "status": "expired",
        "sequence": 2,
    }
    assert from_row({**to_row(reservation()), **to_item(written)}) == reservation(
        **{
            **written,
            "evidence": Evidence("records/…", "0" * 64, 5_000_000),
            "history": (
                HistoryEntry(Status.PENDING, NOW),
                HistoryEntry(Status.EXPIRED, NOW, "redacted", is_redaction=True),
            ),
            "redacted_at": NOW,
            "status": Status.EXPIRED,
        }
    )


def test_every_field_of_a_verification_is_read_from_the_row() -> None:
    row = {
        **to_row(reservation()),
        **to_item(
            {
                "reason_code": "a",
                "token": "b",
                "url": "c",
                "claimed_by": "d",
                "claimed_at": 2,
                "returned_at": 3,
                "checks": 4,
                "failures": 1,
                "earlier_failures": 1,
                "contradictory_records": 1,
                "last_contact_at": 1,
                "history": [{"status": "pending", "at": timestamp(NOW)}],
                "has_expected": True,
                "valid_until": timestamp(NOW),
                "link_created_at": timestamp(NOW),
                "link_outcome": "abandoned",
                "ended_links": [
                    {"token": "e", "created_at": timestamp(NOW), "expires_at": timestamp(NOW), "outcome": "abandoned"}
                ],
                "locale": "ms",
                "matches": {"name": True, "id_number": False},
            }
        ),
        **to_item({"evidence": {"key": "f", "sha256": "g", "size": 1}, "redacted_at": timestamp(NOW)}),
    }
    read = from_row(row)
    assert [name for name, value in read._asdict().items() if not value] == ["sequence"]


def test_attributes_of_a_newer_version_are_ignored() -> None:
    newer = {**to_row(reservation()), **to_item({"invented_later": {"a": [1]}, "ttl": 1, "contact_started_at": 5})}
    assert from_row(newer) == reservation()


def test_none_is_not_stored_and_therefore_in_no_index() -> None:
    item = to_row(reservation(**WITHOUT_OPTIONAL, lease_until=None))
    assert not item.keys() & {"redirect_url", "reference", "code", "fingerprint", "due_at", "due_shard", "lease_until"}
    assert item["metadata"] == {"M": {}}


def test_a_due_row_has_its_shard() -> None:
    verification = reservation()
    assert from_item(to_row(verification))["due_shard"] == due_shard(verification.id)


@given(st.text())
def test_the_shard_of_an_id_is_one_that_is_swept(id: str) -> None:
    assert due_shard(id) in {str(number) for number in range(DUE_SHARDS)}
    assert due_shard(id) == due_shard(id)


def test_all_shards_are_used() -> None:
    assert len({due_shard(f"ver_{number}") for number in range(100)}) == DUE_SHARDS


@given(st.lists(st.text(alphabet=":1a", max_size=4), min_size=3, max_size=6))
def test_no_two_references_share_a_key_wherever_they_have_colons(parts: list[str]) -> None:
    splits = range(1, len(parts))
    assert len({reference_key(":".join(parts[:i]), ":".join(parts[i:])) for i in splits}) == len(splits)


@given(st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))])))
def test_a_timestamp_has_the_same_time_to_the_millisecond(time: datetime) -> None:
    text = timestamp(time)
    assert len(text) == len("2026-01-31T08:16:31.000Z")
    assert text.endswith("Z")
    assert timedelta() <= time - datetime.fromisoformat(text) < timedelta(milliseconds=1)


@given(st.datetimes(), st.datetimes())
def test_timestamps_sort_like_their_times(one: datetime, other: datetime) -> None:
    earlier, later = sorted([one.replace(tzinfo=UTC), other.replace(tzinfo=UTC)])
    assert timestamp(earlier) <= timestamp(later)


@pytest.mark.parametrize("value", ["", "x", True, 0, -7, 5_000_000_000, None, {"a": [1, None, {"b": False}]}, []])
def test_values_survive_the_round_trip(value: Any) -> None:
    assert from_item({"name": _serialize(value)}) == {"name": value}


def test_types_that_only_a_newer_version_writes_are_left_unchanged() -> None:
    item = {"fraction": {"N": "1.5"}, "set": {"SS": ["a"]}, "bytes": {"B": b"\0"}}
    assert from_item(item) == item


def test_a_float_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        to_item({"name": 1.5})
