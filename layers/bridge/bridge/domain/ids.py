"""Ids of verifications: `ver_` and 26 characters of base32 (130 bits). An id is not a secret."""

import base64
import hashlib
import re
from collections.abc import Callable

RandomBytes = Callable[[int], bytes]

_ID = re.compile(r"ver_[a-z2-7]{26}")


def new_id(random_bytes: RandomBytes) -> str:
    return _id(random_bytes(17))


def id_for(principal: str, idempotency_key: str) -> str:
    """The id for an Idempotency-Key of a principal. A repeated request has the same id, and so the same record."""
    return _id(hashlib.sha256(f"{len(principal)}:{principal}:{idempotency_key}".encode()).digest())


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def ids_in(text: str) -> list[str]:
    """All ids in a text, such as a URL."""
    return _ID.findall(text)


def new_code(random_bytes: RandomBytes) -> str:
    """The secret in the paths of the return and status URLs: 192 random bits in 32 characters of base64url."""
    return base64.urlsafe_b64encode(random_bytes(24)).decode()


def _id(entropy: bytes) -> str:
    return "ver_" + base64.b32encode(entropy).decode().lower()[:26]
