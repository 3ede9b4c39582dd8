"""The vendor's record of one verification, with the fields of its specification and the newer ones."""

import secrets
import string
from datetime import UTC, datetime
from typing import Any

# JSON as the vendor sends it: outcomes make fields of every kind.
Record = dict[str, Any]

TOKEN_LENGTH = 30
TOKEN_ALPHABET = string.ascii_uppercase + string.digits
ORGANISATION_ID = 31

# The fields that say what happened, with the values of a fresh link.
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
    """30 upper-case letters and digits."""
    return "".join(secrets.choice(TOKEN_ALPHABET) for _ in range(TOKEN_LENGTH))


def timestamp(seconds: float) -> str:
    """Seconds since 1970 as the vendor writes them: 2024-09-10T08:16:31.000Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_of(stamp: str) -> float:
    """The inverse of timestamp()."""
    return datetime.fromisoformat(stamp).timestamp()


def new_record(number: int, token: str, fields: dict[str, str], link_base: str, now: float, lifetime: float) -> Record:
    """The record of a link just made. `fields` is the validated body; `now` and `lifetime` are seconds."""
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
    """Whether the link's lifetime has passed."""
    return now >= seconds_of(record["expire_at"])
