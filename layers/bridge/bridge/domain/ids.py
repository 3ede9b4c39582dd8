"""Ids of verifications: `ver_` and 26 characters of base32, 130 bits. They are names, not secrets."""

import base64
import hashlib
import re
from collections.abc import Callable

RandomBytes = Callable[[int], bytes]

_ID = re.compile(r"ver_[a-z2-7]{26}")


def new_id(random_bytes: RandomBytes) -> str:
    return _id(random_bytes(17))


def id_for(principal: str, idempotency_key: str) -> str:
    """The same id for the same key of the same principal, so that the record itself tells a repeated request."""
    return _id(hashlib.sha256(f"{len(principal)}:{principal}:{idempotency_key}".encode()).digest())


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def new_code(random_bytes: RandomBytes) -> str:
    """What stands in the path of a return and proves that it is one: 192 random bits."""
    return base64.urlsafe_b64encode(random_bytes(24)).decode()


def _id(entropy: bytes) -> str:
    return "ver_" + base64.b32encode(entropy).decode().lower()[:26]
