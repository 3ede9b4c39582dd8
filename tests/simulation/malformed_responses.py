"""Answers of the vendor's that cannot be read, and records that are not those of the request."""

import json
from typing import Any

from .canaries import MARK
from .shapes import Record

# Records that name another token, or none: they may be another person's.
FOREIGN = ("other_token", "token_missing")
# Records by which nobody may be judged. They can be read, and each says that somebody passed everything.
CONTRADICTING = (*FOREIGN, "other_type", "other_country", "outer_flag_differs")

OTHER_TOKEN = f"{MARK}ANOTHER"
_PASSED = {"ocr_success": 1, "face_id_success": 1, "is_success": 1, "latest_error": None}


def spoiled(body: bytes, fault: str | None) -> bytes:
    """`body` as the fault leaves it; itself where the fault is of another kind."""
    whole = {
        "html": b"<html>Bad Gateway</html>",
        "truncated": body[:-7],
        "empty": b"",
        "list": b"[]",
        "result_list": b'{"status": 200, "result": []}',
        "inner_500": b'{"status": 500, "message": "no"}',
        "inner_429": b'{"status": 429, "message": "no"}',
    }
    if fault in whole:
        return whole[fault]
    if fault not in ("wrong_kinds", "missing_flag", *CONTRADICTING):
        return body
    document = json.loads(body)
    result = document["result"]
    record = result.get("verification", result)
    if "ocr_success" not in record:
        _spoil_link(record, fault)
    elif fault == "wrong_kinds":
        record.update(ocr_success={}, is_success=[1], url=7)
    elif fault == "missing_flag":
        del record["ocr_success"]
    else:
        document["result"] = _contradicting(result, record, fault)
    return json.dumps(document).encode()


def _spoil_link(link: dict[str, Any], fault: str) -> None:
    if fault == "wrong_kinds":
        link["url"] = 7
    elif fault in ("missing_flag", "token_missing"):
        del link["token"]
    elif fault == "other_token":
        link["token"] = ".."


def _contradicting(result: Record, record: Record, fault: str) -> Record:
    record.update(_PASSED)
    if "is_success" in result:
        result["is_success"] = 1
    if fault == "token_missing":
        del record["token"]
    elif fault == "other_token":
        record.update(token=OTHER_TOKEN, url=f"https://ekyc.example/verifications?token={OTHER_TOKEN}")
    elif fault == "other_type":
        record["type"] = "00" if record["type"] == "01" else "01"
    elif fault == "other_country":
        record["ocr_country"] = "SGP"
    else:
        return {"is_success": 0, "verification": record}
    return result
