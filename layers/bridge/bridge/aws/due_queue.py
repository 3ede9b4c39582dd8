"""The one module that speaks SQS: the queue of verifications to complete. A message is `{"id": "ver_…"}`."""

import json
from collections.abc import Sequence
from typing import Any

from bridge.aws.clients import translate_aws_errors

_BATCH = 10


class DueQueue:
    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, verification_ids: Sequence[str]) -> dict[str, str]:
        """Sends each id as a message. Returns those that the queue did not take, each with AWS's error code."""
        failed: dict[str, str] = {}
        for start in range(0, len(verification_ids), _BATCH):
            batch = verification_ids[start : start + _BATCH]
            entries = [{"Id": str(i), "MessageBody": json.dumps({"id": id})} for i, id in enumerate(batch)]
            with translate_aws_errors("SendMessageBatch"):
                response = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            sent = {int(entry["Id"]) for entry in response.get("Successful", [])}
            codes = {int(entry["Id"]): str(entry.get("Code")) for entry in response.get("Failed", [])}
            failed |= {id: codes.get(i, "NotInResponse") for i, id in enumerate(batch) if i not in sent}
        return failed


def id_in(message: str) -> str:
    """The verification's id in a message's body; KeyError, ValueError or TypeError for one that is not ours."""
    id = json.loads(message)["id"]
    if not isinstance(id, str):
        raise TypeError("id is no string")
    return id
