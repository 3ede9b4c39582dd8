"""Records that contradict the request or themselves. Old records have two levels."""

from typing import Any

import pytest

from bridge.domain.decision import VendorRecord
from bridge.domain.errors import VendorMalformed
from tests.unit.builders import TOKEN, fresh_fields
from tests.unit.parsed_records import ID, VERIFIED, parse, read, without

OTHER_ID = "ver_" + "b" * 26
OTHER_TOKEN = "ZZZ6FYHVZVN1OD9ZZK219XM0W57UD6"


def nested(outer: dict[str, Any], /, **inner: Any) -> VendorRecord:
    """Parses an old record: `outer` around the record of a person who passed everything."""
    return read({**outer, "verification": fresh_fields(**VERIFIED | inner)})


def test_an_old_record_has_is_success_on_the_outer_level() -> None:
    inner = fresh_fields(ocr_success=1, face_id_success=1)
    del inner["is_success"]
    fields = {"is_success": True, "verification": inner}
    record = read(fields)
    assert (record.is_success, record.ocr_success, record.face_id_success) == (True, True, True)
    assert record.fields is fields
    assert record.contradictions == ()


def test_an_old_record_without_is_success_raises_vendor_malformed() -> None:
    inner = fresh_fields()
    del inner["is_success"]
    with pytest.raises(VendorMalformed) as raised:
        read({"verification": inner})
    assert raised.value.what == "is_success is missing"


@pytest.mark.parametrize("token", [OTHER_TOKEN, TOKEN.lower(), f" {TOKEN}", "", None, [], {}, 8, [TOKEN], True])
def test_a_record_of_another_token_or_none_does_not_match(token: object) -> None:
    record = parse({**VERIFIED, "token": token})
    assert (record.matches_token, record.contradictions) == (False, ("token",))


def test_a_record_without_a_token_does_not_match_even_if_its_url_has_it() -> None:
    assert without("token").contradictions == ("token",)
    assert without("token", "url").contradictions == ("token",)


@pytest.mark.parametrize(
    ("outer", "inner", "contradictions"),
    [
        ({}, TOKEN, ()),
        ({"token": TOKEN}, TOKEN, ()),
        ({"token": TOKEN}, None, ()),
        ({"token": ""}, TOKEN, ()),
        ({"token": TOKEN}, OTHER_TOKEN, ("token",)),
        ({"token": OTHER_TOKEN}, TOKEN, ("token",)),
        ({}, OTHER_TOKEN, ("token",)),
        ({}, None, ("token",)),
        ({"url": f"https://vendor.example?token={OTHER_TOKEN}"}, TOKEN, ("url",)),
        ({"token": OTHER_TOKEN, "url": f"https://vendor.example?token={OTHER_TOKEN}"}, TOKEN, ("token", "url")),
    ],
)
def test_an_old_record_must_match_the_token_on_both_levels(
    outer: dict[str, Any], inner: str | None, contradictions: tuple[str, ...]
) -> None:
    record = nested({"is_success": 1, **outer}, token=inner)
    assert (record.matches_token, record.contradictions) == (contradictions == (), contradictions)


@pytest.mark.parametrize(
    ("url", "matches_token"),
    [
        (f"https://vendor.example/verifications?token={TOKEN}", True),
        (f"https://vendor.example?lang=en&token={TOKEN}#top", True),
        ("https://vendor.example/verifications", True),
        ("https://vendor.example?token=", True),
        (f"https://vendor.example#?token={OTHER_TOKEN}", True),
        ("", True),
        (None, True),
        (7, True),
        ([OTHER_TOKEN], True),
        (f"https://vendor.example?token={OTHER_TOKEN}", False),
        (f"https://vendor.example?token={TOKEN}&token={OTHER_TOKEN}", False),
        (f"https://vendor.example?x=1&token={TOKEN.lower()}", False),
        (f"//[not-a-host?token={OTHER_TOKEN}", False),
    ],
)
def test_the_url_of_a_record_must_not_have_another_token(url: object, matches_token: bool) -> None:
    record = parse({**VERIFIED, "url": url})
    assert record.matches_token is matches_token
    assert record.contradictions == (() if matches_token else ("url",))


@pytest.mark.parametrize(
    ("url", "is_anothers"),
    [
        (f"https://api.example.com/return/{ID}/code", False),
        (f"https://api.example.com/return/{ID}/code?is_success=1", False),
        ("https://localhost", False),
        ("https://api.example.com/ret", False),
        (8, False),
        (None, False),
        (f"https://api.example.com/return/{OTHER_ID}/code", True),
        (f"https%3A%2F%2Fapi.example.com%2Freturn%2F{OTHER_ID}%2Fcode", True),
        ([f"https://api.example.com/return/{OTHER_ID}/code"], True),
    ],
)
def test_record_that_returns_to_another_verification_is_anothers(url: object, is_anothers: bool) -> None:
    record = parse({**VERIFIED, "redirect_url": url})
    assert record.matches_token is not is_anothers
    assert record.contradictions == (("redirect_url",) if is_anothers else ())
    assert nested({"is_success": 1, "redirect_url": url}).matches_token is not is_anothers


def test_the_lifetime_of_another_link_is_ignored() -> None:
    assert parse({"token": OTHER_TOKEN}).lifetime is None
    assert parse({"ocr_country": "SGP"}).lifetime == 900.0


REQUESTED = {"type": "00", "ocr_country": "MYS", "ocr_type": "ID_CARD"}


@pytest.mark.parametrize("empty", [None, "", [], {}])
@pytest.mark.parametrize("name", REQUESTED)
def test_a_missing_request_field_is_no_contradiction(name: str, empty: object) -> None:
    assert parse({name: empty}).contradictions == without(name).contradictions == ()


@pytest.mark.parametrize(("name", "requested"), REQUESTED.items())
def test_request_fields_are_compared_without_case(name: str, requested: str) -> None:
    assert parse({name: requested.lower()}).contradictions == parse({name: requested.title()}).contradictions == ()


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("type", "01"),
        ("type", 0),
        ("type", False),
        ("ocr_country", "SGP"),
        ("ocr_country", "MY"),
        ("ocr_country", ["MYS"]),
        ("ocr_type", "PASSPORT"),
        ("ocr_type", "ID_CARD "),
        ("ocr_type", {"name": "ID_CARD"}),
    ],
)
def test_a_different_request_field_is_a_contradiction(name: str, other: object) -> None:
    record = parse({**VERIFIED, name: other})
    assert (record.matches_token, record.contradictions) == (True, (name,))
    assert nested({"is_success": 1, name: other}).contradictions == (name,)
    assert nested({"is_success": 1, name: REQUESTED[name]}, **{name: other}).contradictions == (name,)


def test_all_contradictions_are_reported() -> None:
    record = parse({"token": None, "url": f"?token={OTHER_TOKEN}", "type": "01", "ocr_country": "X", "ocr_type": "X"})
    assert record.contradictions == ("token", "url", "type", "ocr_country", "ocr_type")


@pytest.mark.parametrize("flag", VERIFIED)
def test_the_flags_on_both_levels_of_an_old_record_must_agree(flag: str) -> None:
    outer = {"is_success": 1}
    assert nested({**outer, flag: "true"}, **{flag: 1}).contradictions == ()
    assert nested({**outer, flag: 1}, **{flag: 0}).contradictions == (flag,)
    assert nested({**outer, flag: 0}, **{flag: True}).contradictions == (flag,)
    assert nested({**outer, flag: None}, **{flag: True}).contradictions == (flag,)


def test_type_01_does_not_compare_the_face_flag() -> None:
    inner = fresh_fields(type="01", face_id_success=0)
    assert read({"is_success": 0, "face_id_success": 1, "verification": inner}, type="01").contradictions == ()


@pytest.mark.parametrize("flag", VERIFIED)
def test_a_malformed_flag_on_either_level_raises_vendor_malformed(flag: str) -> None:
    for outer, inner in (([], 1), (1, [])):
        with pytest.raises(VendorMalformed):
            nested({"is_success": 1, flag: outer}, **{flag: inner})
