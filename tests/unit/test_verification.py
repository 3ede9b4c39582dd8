"""The types of the domain: statuses, fingerprints, links, ids and country codes."""

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from secrets import token_bytes
from typing import Any

import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.country_codes import ALPHA_3
from bridge.domain.ids import RandomBytes, id_for, is_id, new_code, new_id
from bridge.domain.verification import LinkRequest, Status, timestamp
from tests.unit.builders import NOW, reservation

MIDDLE = {Status.REJECTED, Status.FAILED, Status.EXPIRED}
LOWER_ONES = {
    Status.PENDING: set[Status](),
    Status.PROCESSING: {Status.PENDING},
    **{status: {Status.PENDING, Status.PROCESSING} for status in MIDDLE},
    Status.VERIFIED: {Status.PENDING, Status.PROCESSING, *MIDDLE},
}


@pytest.mark.parametrize("status", Status)
def test_a_status_is_reached_only_from_lower_ones(status: Status) -> None:
    assert set(status.lower_ones) == LOWER_ONES[status]


def test_all_statuses_but_pending_and_processing_are_final() -> None:
    assert {status for status in Status if not status.is_final} == {Status.PENDING, Status.PROCESSING}


def test_only_statuses_of_lower_rank_can_advance() -> None:
    assert all((a in b.lower_ones) == (a.rank < b.rank) for a, b in itertools.product(Status, repeat=2))


FIELDS: dict[str, Any] = {
    "type": "00",
    "id_country": "MYS",
    "id_type": "ID_CARD",
    "redirect_url": "https://app.example.com/",
    "reference": "r",
    "metadata": {"a": "1", "b": "2", "c": "3"},
}


def fingerprint(fields: Iterable[tuple[str, Any]]) -> str:
    return LinkRequest(**dict(fields)).fingerprint


@given(st.permutations(list(FIELDS.items())), st.permutations(list(FIELDS["metadata"].items())))
def test_the_fingerprint_does_not_depend_on_the_order_of_fields(
    fields: list[tuple[str, Any]], metadata: list[tuple[str, str]]
) -> None:
    assert fingerprint([*fields, ("metadata", dict(metadata))]) == fingerprint(FIELDS.items())


@pytest.mark.parametrize(
    "change",
    [
        {"type": "01"},
        {"id_country": "SGP"},
        {"id_type": "PASSPORT"},
        {"redirect_url": "https://app.example.com"},
        {"reference": None},
        {"reference": "null"},
        {"reference": "R"},
        {"metadata": {}},
        {"metadata": {"a": "2", "b": "1", "c": "3"}},
        {"metadata": {"a": "1", "b": "2"}},
        {"locale": "en"},
    ],
)
def test_another_request_has_another_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint({**FIELDS, **change}.items()) != fingerprint(FIELDS.items())


def test_a_request_without_a_locale_has_the_fingerprint_that_older_versions_stored() -> None:
    assert fingerprint(FIELDS.items()) == "de280b62028fa8fe9b8c985a2dadc92d31d83e291c06d2ae66d7e10faa3a203f"


def test_omitted_and_empty_fields_have_the_same_fingerprint() -> None:
    least = {name: FIELDS[name] for name in ("type", "id_country", "id_type", "redirect_url")}
    assert fingerprint(least.items()) == fingerprint(
        {**least, "reference": None, "metadata": {}, "locale": None}.items()
    )


@pytest.mark.parametrize(
    ("changes", "usable"),
    [
        ({}, True),
        ({"status": Status.PROCESSING}, True),
        ({"url": None}, False),
        ({"status": Status.REJECTED}, False),
        ({"status": Status.VERIFIED}, False),
        ({"expires_at": NOW}, False),
        ({"expires_at": NOW + timedelta(milliseconds=1)}, True),
    ],
)
def test_a_link_is_usable_until_it_expires_or_the_status_is_final(changes: dict[str, Any], *, usable: bool) -> None:
    assert reservation(**{"url": "https://vendor.example", **changes}).link_is_usable(NOW) is usable


def test_only_sequence_0_is_a_reservation() -> None:
    assert reservation(sequence=0).is_reservation
    assert not reservation(sequence=1).is_reservation


def test_the_country_codes_are_those_of_iso_3166() -> None:
    assert {country.alpha_3 for country in pycountry.countries} == ALPHA_3


def test_new_ids_and_codes_are_unique() -> None:
    assert len({new_id(token_bytes) for _ in range(100)}) == len({new_code(token_bytes) for _ in range(100)}) == 100
    assert all(is_id(new_id(token_bytes)) for _ in range(100))
    assert all(len(new_code(token_bytes)) == 32 for _ in range(100))


def single_bit(bit: int) -> RandomBytes:
    """Returns a source of bytes in which only this bit is set."""
    return lambda size: (1 << bit).to_bytes(size, "little")


def test_ids_and_codes_use_all_random_bits() -> None:
    assert new_id(bytes) == "ver_" + "a" * 26
    # An id is made of 130 of 136 random bits. The ids of the other 6 are all the same.
    assert len({new_id(single_bit(bit)) for bit in range(17 * 8)}) == 130 + 1
    assert len({new_code(single_bit(bit)) for bit in range(24 * 8)}) == 192


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_an_id_depends_only_on_principal_and_key(
    principal: str, key: str, other_principal: str, other_key: str
) -> None:
    assert is_id(id_for(principal, key))
    assert id_for(principal, key) == id_for(principal, key)
    if (principal, key) != (other_principal, other_key):
        assert id_for(principal, key) != id_for(other_principal, other_key)


@pytest.mark.parametrize(
    ("one", "other"), [(("a", "b:c"), ("a:b", "c")), (("", "1:a"), ("1:a", "")), (("a", ":"), ("a:", ""))]
)
def test_a_colon_in_principal_or_key_makes_no_equal_ids(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert id_for(*one) != id_for(*other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ver_",
        "ver_" + "a" * 25,
        "ver_" + "a" * 27,
        "ver_" + "A" * 26,
        "ver_" + "1" * 26,
        "VER_" + "a" * 26,
        "ver-" + "a" * 26,
        " ver_" + "a" * 26,
        "ver_" + "a" * 26 + "\n",
        "ver_" + "ａ" * 26,
        "ver_" + "a" * 24 + "/a",
    ],
)
def test_a_malformed_id_is_not_an_id(text: str) -> None:
    assert not is_id(text)


@pytest.mark.usefixtures("in_tokyo")
@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=8))])
def test_a_timestamp_is_in_utc_on_any_machine(zone: timezone) -> None:
    assert timestamp(datetime(2026, 1, 31, 8, 16, 31, tzinfo=UTC).astimezone(zone)) == "2026-01-31T08:16:31.000Z"
