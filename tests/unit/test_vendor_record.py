"""Parsing a record: tolerant of undocumented forms, strict with the fields that decide."""

import contextlib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.domain.decision import VendorRecord
from bridge.domain.errors import VendorMalformed
from bridge.domain.identity import Identity
from bridge.vendor import record as vendor_record
from tests.unit.builders import JSON_VALUES, fresh_fields
from tests.unit.parsed_records import VERIFIED, parse, read, without


def test_the_record_in_the_specification_is_of_an_untouched_link() -> None:
    assert parse() == VendorRecord(
        is_success=False,
        ocr_success=False,
        face_id_success=False,
        latest_error=None,
        retries=0,
        face_retries=None,
        lifetime=900.0,
        started=False,
        fields=fresh_fields(),
        matches_token=True,
        contradictions=(),
    )


DOCUMENT = {"Name": "AMINAH", "ID": "900101-14-5555", "Birthday": "01/01/1990"}


@pytest.mark.parametrize(
    ("fields", "identity"),
    [
        ({"ocr_result": DOCUMENT}, Identity("AMINAH", "900101-14-5555", "01/01/1990")),
        ({"verification": {"ocr_result": DOCUMENT}}, Identity("AMINAH", "900101-14-5555", "01/01/1990")),
        ({"ocr_result": DOCUMENT, "verification": {"ocr_result": {"Name": "AMINAH"}}}, Identity(*DOCUMENT.values())),
        (
            {"ocr_result": DOCUMENT, "verification": {"ocr_result": DOCUMENT | {"Name": "FATIMAH"}}},
            Identity(None, "900101-14-5555", "01/01/1990"),
        ),
        ({"ocr_result": {"Name": 7, "ID": None, "Birthday": ["01/01/1990"]}}, Identity()),
        ({"ocr_result": {"Name": "", "MyKadNumber": "900101-14-5555"}}, Identity()),
        ({"ocr_result": []}, Identity()),
        ({"ocr_result": None}, Identity()),
        ({"ocr_result": "AMINAH"}, Identity()),
        ({}, Identity()),
    ],
)
def test_the_identity_has_only_unambiguous_fields(fields: dict[str, Any], identity: Identity) -> None:
    assert vars(vendor_record.identity(fields)) == vars(identity)


SET = [1, True, "1", "true", "True", "TRUE", " 1 ", 1.0]
NOT_SET = [0, False, "0", "false", "False", "", " ", 0.0, None]


@pytest.mark.parametrize(("value", "is_set"), [*((each, True) for each in SET), *((each, False) for each in NOT_SET)])
@pytest.mark.parametrize("flag", VERIFIED)
def test_a_flag_is_parsed_in_any_form(flag: str, value: object, *, is_set: bool) -> None:
    record = parse({flag: value})
    assert getattr(record, flag) is record.started is is_set


# By the text of the error: the fields, and values that are malformed for them.
MALFORMED: dict[str, tuple[list[str], list[object]]] = {
    "not a flag": (
        list(VERIFIED),
        [2, -1, 0.5, 1.5, "yes", "2", "null", "１", {}, [], [1], {"value": 1}, "true false"],
    ),
    "not a count": (["retries", "face_retries"], [1.5, True, "two", "-1", "1.0", "２", "9" * 10, [], {}]),
    "not a time": (["created_at", "expire_at"], [1725955291, 1.5, True, [], {}]),
}


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [(name, each, what) for what, (names, values) in MALFORMED.items() for name in names for each in values],
)
def test_a_malformed_value_raises_vendor_malformed(name: str, value: object, what: str) -> None:
    with pytest.raises(VendorMalformed) as raised:
        parse({name: value})
    assert raised.value.what == f"{name} is {what}"


@pytest.mark.parametrize("flag", VERIFIED)
def test_a_missing_flag_raises_vendor_malformed(flag: str) -> None:
    with pytest.raises(VendorMalformed) as raised:
        without(flag)
    assert raised.value.what == f"{flag} is missing"


def test_type_01_ignores_the_face_flag() -> None:
    assert without("face_id_success", type="01").face_id_success is False
    assert parse({"face_id_success": ["no", "flag"]}, type="01").face_id_success is False


@pytest.mark.parametrize(("value", "count"), [(0, 0), (2, 2), ("0", 0), ("2", 2), (None, None)])
@pytest.mark.parametrize("name", ["retries", "face_retries"])
def test_retries_are_a_number_or_a_string_of_one(name: str, value: object, count: int | None) -> None:
    assert getattr(parse({name: value}), name) == count


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        ("0", None),
        (0, None),
        (False, None),
        ([], None),
        ({}, None),
        ("9102", "9102"),
        (" 9102\n", "9102"),
        (9102, "9102"),
        (-9102, "-9102"),
        ("FailedOperation.CompareFail", "FailedOperation.CompareFail"),
        ({"code": "9102"}, "9102"),
        ({"Code": "FailedOperation.CompareFail", "Message": "…"}, "FailedOperation.CompareFail"),
        ({"error_code": -9101}, "-9101"),
        ({"ErrorCode": "9108", "code": None}, "9108"),
        ({"message": "something went wrong"}, "unnamed"),
        ({"code": ["9102"]}, "unnamed"),
        ({"code": {"code": "9102"}}, "unnamed"),
        (["9102"], "unnamed"),
        (True, "unnamed"),
        (91.02, "unnamed"),
        ("x" * 5000, "x" * 200),
    ],
)
def test_the_latest_error_is_parsed_in_any_form(value: object, code: str | None) -> None:
    record = parse({"latest_error": value})
    assert record.latest_error == code
    assert record.started == (code is not None)


@pytest.mark.parametrize(
    "change",
    [
        {"ocr_result": {"Name": "…"}},
        {"face_id_result": {"Sim": 98.33}},
        {"retries": 1},
        {"face_retries": "1"},
        {"latest_error": "anything"},
    ],
)
def test_any_sign_of_an_attempt_means_started(change: dict[str, Any]) -> None:
    assert parse(change).started


@pytest.mark.parametrize("empty", [None, [], {}, ""])
def test_empty_results_do_not_mean_started(empty: object) -> None:
    assert not parse({"ocr_result": empty, "face_id_result": empty, "face_retries": 0}).started


@pytest.mark.parametrize(
    ("created_at", "expire_at", "lifetime"),
    [
        ("2024-09-10T08:01:31.000Z", "2024-09-10T08:16:31.250Z", 900.25),
        ("2024-09-10T16:01:31+08:00", "2024-09-10T08:16:31Z", 900),
        ("2024-09-10 16:01:31", "2024-09-10 16:16:31", 900),
        ("2024-09-10T08:01:31", "2024-09-10T08:16:31Z", 900),
        ("2024-09-10T08:01:31Z", "2024-09-11T08:01:31Z", 86400),
        ("2024-09-10T08:01:31Z", "2024-09-11T08:01:32Z", None),
        ("2024-09-10T08:01:31Z", "9999-12-31T23:59:59Z", None),
        ("2024-09-10T08:01:31Z", "0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", None),
        ("2024-09-10T08:01:31Z", "2024-09-10T08:01:30Z", -1),
        ("2024-09-10T08:01:31Z", "2024-09-10T08:00:31Z", -60),
        ("2024-09-10T08:01:31Z", "2024-09-10T08:00:30Z", None),
        ("2024-09-10T08:01:31", "2024-09-10T08:16:31+08:00", None),
        ("2024-09-10T08:01:31Z", "soon", None),
        ("2024-09-10T08:01:31Z", "", None),
        ("2024-09-10T08:01:31Z", "\ud800", None),
        ("2024-09-10T08:01:31Z", None, None),
        ("2024-02-30T00:00:00Z", "2024-09-10T08:16:31Z", None),
        (None, "2024-09-10T08:16:31Z", None),
    ],
)
def test_the_lifetime_is_the_difference_between_the_vendors_two_times(
    created_at: str | None, expire_at: str | None, lifetime: float | None
) -> None:
    assert parse({"created_at": created_at, "expire_at": expire_at}).lifetime == lifetime


def test_optional_fields_may_be_missing() -> None:
    record = without("retries", "latest_error", "created_at")
    assert (record.retries, record.latest_error, record.lifetime) == (None, None, None)
    assert without("expire_at").lifetime is None


NAMES = (*fresh_fields(), "verification", "face_retries")


@given(
    st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), JSON_VALUES, max_size=12),
    st.sampled_from(["00", "01"]),
)
def test_any_object_is_parsed_or_raises_vendor_malformed(fields: dict[str, Any], type: str) -> None:
    with contextlib.suppress(VendorMalformed):
        assert read(fields, type=type).fields is fields


@given(st.dictionaries(st.sampled_from(NAMES), JSON_VALUES, max_size=4), st.sampled_from(["00", "01"]))
@example(changes={"latest_error": {"code": 10**400}}, type="00")
def test_a_record_with_odd_fields_is_parsed_or_raises_vendor_malformed(changes: dict[str, Any], type: str) -> None:
    with contextlib.suppress(VendorMalformed):
        record = parse(changes, type=type)
        assert record.lifetime is None or -60 <= record.lifetime <= 86400
        assert record.latest_error is None or 0 < len(record.latest_error) <= 200
