"""The vendor's record of one verification, with the fields of its specification and newer ones."""

import secrets
import string
from datetime import UTC, datetime
from typing import Any

# The vendor's JSON. Its values are of any type, because variants change them.
Record = dict[str, Any]

TOKEN_LENGTH = 30
TOKEN_ALPHABET = string.ascii_uppercase + string.digits
ORGANISATION_ID = 31

# The fields of the result, with the values of a new link.
BLANK: Record = {
    "ocr_success": 0,
    "ocr_result": None,
    "face_id_success": 0,
    "face_id_result": None,
    "is_success": 0,
    "latest_error": None,
    "retries": 0,
    "face_retries": 0,
    "ocr_charged": 0,
    "face_id_charged": 0,
}


def new_token() -> str:
    """Returns 30 random upper-case letters and digits."""
    return "".join(secrets.choice(TOKEN_ALPHABET) for _ in range(TOKEN_LENGTH))


def timestamp(seconds: float) -> str:
    """Returns seconds since 1970 in the vendor's format: 2024-09-10T08:16:31.000Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_of(stamp: str) -> float:
    """Returns the seconds since 1970 of a timestamp()."""
    return datetime.fromisoformat(stamp).timestamp()


def new_record(number: int, token: str, fields: dict[str, str], link_base: str, now: float, lifetime: float) -> Record:
    """Returns the record of a new link. `fields` is the validated body, `now` and `lifetime` are in seconds."""
    return {
        "id": number,
        "organisation_id": ORGANISATION_ID,
        "end_user_id": None,
        "type": fields["type"],
        "token": token,
        "url": f"{link_base}/verifications?token={token}",
        "redirect_url": fields["redirect_url"],
        "medias": None,
        "ocr_country": fields["id_country"],
        "ocr_type": fields["id_type"],
        **BLANK,
        "expire_at": timestamp(now + lifetime),
        "pruned_at": None,
        "created_at": timestamp(now),
        "updated_at": timestamp(now),
    }


def is_over(record: Record, now: float) -> bool:
    """Returns whether the link has expired."""
    return now >= seconds_of(record["expire_at"])
