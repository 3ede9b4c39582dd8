"""Parts a vendor record from its pictures, so that its fields fit an item and its pictures can be shown.

A long text is replaced by `{"$evidence": "/ocr_result/Image"}`, the JSON Pointer to it in the record that is kept.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

# Characters. Longer texts are pictures, or as unfit for an item as these.
_LONGEST_TEXT = 2048
_NAMES = frozenset({"Image", "BestFrameBase64", "BestFrameList", "medias"})

# Levels. What is nested deeper would exhaust Python's stack before it exhausts a JSON parser.
_DEEPEST = 100

# Bytes of the JSON text that an item takes; DynamoDB's own limit is 400 KB for all attributes together.
_LARGEST_RESULT = 200 * 1024

_ELSEWHERE = "$evidence"
_SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def without_pictures(fields: Mapping[str, Any]) -> str:
    """The record as JSON text that fits an item. One with too many fields is replaced whole."""
    text = json.dumps(_replace(fields, "", lambda pointer, _: {_ELSEWHERE: pointer}))
    return text if len(text) <= _LARGEST_RESULT else json.dumps({_ELSEWHERE: ""})


def needs_evidence(result: str) -> bool:
    """Whether something of the record stands only in the evidence."""
    return f'"{_ELSEWHERE}"' in result


def without_links(result: str) -> Any:
    """What is left of the record once its evidence is gone: each picture is null, and so is a record replaced whole."""
    return json.loads(result, object_hook=lambda value: None if value.keys() == {_ELSEWHERE} else value)


def with_links(fields: Mapping[str, Any], show: Callable[[bytes, str], str]) -> Any:
    """The record with each picture replaced by what `show(picture, content type)` gives for it."""
    return _replace(fields, "", lambda _, text: show(*_decode(text)))


def _replace(value: Any, pointer: str, swap: Callable[[str, str], Any]) -> Any:
    if isinstance(value, Mapping | list) and pointer.count("/") >= _DEEPEST:
        return {_ELSEWHERE: pointer}
    if isinstance(value, Mapping):
        return {
            key: _replace(item, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}", swap)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_replace(item, f"{pointer}/{index}", swap) for index, item in enumerate(value)]
    if isinstance(value, str) and (len(value) > _LONGEST_TEXT or (value and _is_picture(pointer))):
        return swap(pointer, value)
    return value


def _is_picture(pointer: str) -> bool:
    return not _NAMES.isdisjoint(pointer.split("/"))


def _decode(text: str) -> tuple[bytes, str]:
    """The bytes of a picture and their type; a text that is no base64 is shown as a text."""
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    try:
        picture = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return text.encode("utf-8", "surrogatepass"), "text/plain; charset=utf-8"
    for signature, content_type in _SIGNATURES.items():
        if picture.startswith(signature):
            return picture, content_type
    return picture, "application/octet-stream"
