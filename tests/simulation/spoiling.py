"""Answers of the vendor's that cannot be read."""

import json


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
    if fault not in ("wrong_kinds", "missing_flag", "other_token"):
        return body
    document = json.loads(body)
    result = document["result"]
    result = result.get("verification", result)
    if fault == "wrong_kinds":
        result.update(ocr_success={}, is_success=[1], url=7)
    elif fault == "missing_flag":
        result.pop("ocr_success", None)
        result.pop("token", None) if "is_success" not in result else None
    else:
        result["token"] = "ANOTHER" if "ocr_success" in result else ".."
    return json.dumps(document).encode()
