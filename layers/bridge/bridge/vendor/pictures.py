"""Removes pictures from a vendor record, so that its fields fit a DynamoDB item, and replaces them by links.

A picture is replaced by `{"$evidence": "/ocr_result/Image"}`, with the JSON Pointer to it in the stored evidence.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

# Characters. Longer texts are treated as pictures.
_MAX_TEXT_LENGTH = 2048
_PICTURE_FIELDS = frozenset({"Image", "BestFrameBase64", "BestFrameList", "medias"})

# Levels of nesting. Deeper values would exhaust Python's stack, although the JSON parser accepts them.
_MAX_DEPTH = 100

# Characters of the JSON text, which is ASCII. DynamoDB limits an item to 400 KB.
_MAX_RESULT_LENGTH = 200 * 1024

_POINTER_KEY = "$evidence"
_SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def without_pictures(fields: Mapping[str, Any]) -> str:
    """The record as JSON text without pictures. A record that is still too large is replaced as a whole."""
    text = json.dumps(_replace(fields, "", lambda pointer, _: {_POINTER_KEY: pointer}))
    return text if len(text) <= _MAX_RESULT_LENGTH else json.dumps({_POINTER_KEY: ""})


def needs_evidence(result: str) -> bool:
    """Whether a part of the record is only in the evidence."""
    return f'"{_POINTER_KEY}"' in result


def without_links(result: str) -> Any:
    """The record without its evidence: each picture is null. A record that was replaced as a whole is null."""
    return json.loads(result, object_hook=lambda value: None if value.keys() == {_POINTER_KEY} else value)


def with_links(fields: Mapping[str, Any], link_to: Callable[[bytes, str], str]) -> Any:
    """The record with each picture replaced by `link_to(picture, content_type)`."""
    return _replace(fields, "", lambda _, text: link_to(*_decode(text)))


def _replace(value: Any, pointer: str, replacement: Callable[[str, str], Any]) -> Any:
    if isinstance(value, Mapping | list) and pointer.count("/") >= _MAX_DEPTH:
        return {_POINTER_KEY: pointer}
    if isinstance(value, Mapping):
        return {
            key: _replace(item, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}", replacement)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_replace(item, f"{pointer}/{index}", replacement) for index, item in enumerate(value)]
    if isinstance(value, str) and (len(value) > _MAX_TEXT_LENGTH or (value and _is_picture(pointer))):
        return replacement(pointer, value)
    return value


def _is_picture(pointer: str) -> bool:
    return not _PICTURE_FIELDS.isdisjoint(pointer.split("/"))


def _decode(text: str) -> tuple[bytes, str]:
    """The bytes and the content type of a picture. A text that is not base64 becomes text/plain."""
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    try:
        picture = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return text.encode("utf-8", "surrogatepass"), "text/plain; charset=utf-8"
    for signature, content_type in _SIGNATURES.items():
        if picture.startswith(signature):
            return picture, content_type
    return picture, "application/octet-stream"
