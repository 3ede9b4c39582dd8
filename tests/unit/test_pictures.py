"""A record without its pictures fits an item. Links replace the pictures when it is shown."""

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.vendor.pictures import needs_evidence, with_links, without_links, without_pictures
from tests.unit.builders import JSON_VALUES, fresh_fields

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256))
ITEM_LIMIT = 400 * 1024


def base64(picture: bytes) -> str:
    return b64encode(picture).decode()


def stored(fields: dict[str, Any]) -> Any:
    text = without_pictures(fields)
    assert len(text) <= ITEM_LIMIT
    return json.loads(text)


def shown(fields: dict[str, Any]) -> tuple[Any, list[tuple[bytes, str]]]:
    pictures: list[tuple[bytes, str]] = []

    def show(picture: bytes, content_type: str) -> str:
        pictures.append((picture, content_type))
        return f"https://link.example/{len(pictures)}"

    return with_links(fields, show), pictures


def test_a_record_without_pictures_is_stored_unchanged() -> None:
    fields = fresh_fields(
        face_id_result={"Sim": 98.33, "Result": "Success", "BestFrameList": []},
        ocr_result=[],
        risk={"score": 0.25, "signals": ["none", None, {}]},
        note="Überprüft ✓ 𝒳",
        big=12345678901234567890,
        flag=True,
    )
    assert stored(fields) == fields
    assert not needs_evidence(without_pictures(fields))
    assert shown(fields) == (fields, [])


def test_pictures_are_replaced_by_pointers_into_the_evidence() -> None:
    fields = fresh_fields(
        ocr_result={"Name": "AMINAH", "Image": base64(PNG)},
        face_id_result={"BestFrameBase64": base64(JPEG), "BestFrameList": [base64(PNG), base64(JPEG)], "Sim": 41.07},
        medias=["short", {"front": "also short"}],
    )
    assert stored(fields) == {
        **fields,
        "ocr_result": {"Name": "AMINAH", "Image": {"$evidence": "/ocr_result/Image"}},
        "face_id_result": {
            "BestFrameBase64": {"$evidence": "/face_id_result/BestFrameBase64"},
            "BestFrameList": [
                {"$evidence": "/face_id_result/BestFrameList/0"},
                {"$evidence": "/face_id_result/BestFrameList/1"},
            ],
            "Sim": 41.07,
        },
        "medias": [{"$evidence": "/medias/0"}, {"front": {"$evidence": "/medias/1/front"}}],
    }
    assert needs_evidence(without_pictures(fields))


@pytest.mark.parametrize("empty", [None, [], {}, ""])
def test_an_empty_picture_is_no_picture(empty: object) -> None:
    fields = fresh_fields(ocr_result={"Image": empty}, medias=empty, face_id_result=empty)
    assert stored(fields) == fields
    assert not needs_evidence(without_pictures(fields))


def test_five_megabytes_of_base64_fit_an_item() -> None:
    picture = base64(JPEG * 15_000)
    assert len(picture) > 5_000_000
    fields = fresh_fields(ocr_result={"Image": picture}, face_id_result={"BestFrameList": [picture]}, new=picture)
    assert stored(fields)["new"] == {"$evidence": "/new"}
    assert len(without_pictures(fields)) < 2000
    assert {picture for picture, _ in shown(fields)[1]} == {JPEG * 15_000}


def test_names_are_escaped_as_in_json_pointers() -> None:
    assert stored({"a/b": {"~": "x" * 3000}}) == {"a/b": {"~": {"$evidence": "/a~1b/~0"}}}


@pytest.mark.parametrize(
    "fields",
    [
        {f"field-{number}": "x" * 2000 for number in range(200)},
        {"many": list(range(100_000))},
        {"signs": "𝒳" * 2000, "more": {str(number): "✓" * 2000 for number in range(50)}},
        {"x" * 300_000: 1},
    ],
)
def test_a_record_too_large_for_an_item_is_left_in_the_evidence(fields: dict[str, Any]) -> None:
    assert stored(fields) == {"$evidence": ""}
    assert needs_evidence(without_pictures(fields))


def test_a_text_that_contains_the_evidence_marker_stays_a_text() -> None:
    assert not needs_evidence(without_pictures({"note": '"$evidence" {"$evidence": "/x"}'}))


@pytest.mark.parametrize(
    ("text", "picture", "content_type"),
    [
        (base64(PNG), PNG, "image/png"),
        (base64(JPEG), JPEG, "image/jpeg"),
        ("data:image/png;base64," + base64(PNG), PNG, "image/png"),
        ("data:image/svg+xml;base64," + base64(JPEG), JPEG, "image/jpeg"),
        (base64(b"GIF89a"), b"GIF89a", "application/octet-stream"),
        (base64(b"<svg onload=alert(1)>"), b"<svg onload=alert(1)>", "application/octet-stream"),
        ("no base64!", b"no base64!", "text/plain; charset=utf-8"),
        (base64(PNG)[:-1], base64(PNG)[:-1].encode(), "text/plain; charset=utf-8"),
        ("<script>✓</script>", "<script>✓</script>".encode(), "text/plain; charset=utf-8"),
        ("half \ud83d", b"half \xed\xa0\xbd", "text/plain; charset=utf-8"),
        ("data:text/html,<b>", b"data:text/html,<b>", "text/plain; charset=utf-8"),
    ],
)
def test_the_content_type_of_a_picture_follows_from_its_bytes_and_is_never_html(
    text: str, picture: bytes, content_type: str
) -> None:
    assert shown({"Image": text}) == ({"Image": "https://link.example/1"}, [(picture, content_type)])


def test_each_picture_gets_its_own_link_and_other_fields_stay() -> None:
    fields = {"BestFrameList": [base64(PNG), "", base64(JPEG)], "Sim": 98.33, "long": "word " * 1000}
    document, pictures = shown(fields)
    assert document == {
        "BestFrameList": ["https://link.example/1", "", "https://link.example/2"],
        "Sim": 98.33,
        "long": "https://link.example/3",
    }
    assert [content_type for _, content_type in pictures] == ["image/png", "image/jpeg", "text/plain; charset=utf-8"]


def test_without_the_evidence_pictures_are_null_and_other_fields_stay() -> None:
    fields = {"BestFrameList": [base64(PNG), ""], "Sim": 98.33, "Image": {"front": base64(JPEG)}, "none": {}}
    assert without_links(without_pictures(fields)) == {
        "BestFrameList": [None, ""],
        "Sim": 98.33,
        "Image": {"front": None},
        "none": {},
    }


@pytest.mark.parametrize("depth", [99, 100, 400])
def test_fields_nested_too_deeply_are_left_in_the_evidence(depth: int) -> None:
    nested: Any = "deep"
    for _ in range(depth):
        nested = {"x": nested}
    fields = {"nested": nested, "Sim": 98.33}
    assert needs_evidence(without_pictures(fields)) == (depth > 99)
    assert stored(fields)["Sim"] == shown(fields)[0]["Sim"] == 98.33


@given(st.dictionaries(st.text(max_size=8) | st.just("Image"), JSON_VALUES, max_size=5))
def test_only_texts_are_ever_replaced(fields: dict[str, Any]) -> None:
    text = without_pictures(fields)
    if not needs_evidence(text):
        assert json.loads(text) == without_links(text) == fields

    document, pictures = shown(fields)
    assert document.keys() == fields.keys()
    assert needs_evidence(text) == bool(pictures) or '"$evidence"' in json.dumps(fields)
