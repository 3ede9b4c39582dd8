"""The vendor's records, parsed for one verification."""

from typing import Any

from bridge.domain.decision import VendorRecord
from bridge.vendor import record as vendor_record
from tests.unit.builders import TOKEN, fresh_fields

ID = "ver_" + "a" * 26
VERIFIED = {"ocr_success": 1, "face_id_success": 1, "is_success": 1}


def read(
    fields: dict[str, Any], *, type: str = "00", id_country: str = "MYS", id_type: str = "ID_CARD"
) -> VendorRecord:
    return vendor_record.parse(
        fields, token=TOKEN, verification_id=ID, type=type, id_country=id_country, id_type=id_type
    )


def parse(changes: dict[str, Any] | None = None, *, type: str = "00") -> VendorRecord:
    return read({**fresh_fields(type=type), **(changes or {})}, type=type)


def without(*names: str, type: str = "00") -> VendorRecord:
    return read({name: value for name, value in fresh_fields(type=type).items() if name not in names}, type=type)
