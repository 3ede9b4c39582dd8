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

    def send(self, verification_ids: Sequence[str]) -> int:
        """Sends each id as a message; how many the queue took. One that it did not take comes due again by itself."""
        sent = 0
        for start in range(0, len(verification_ids), _BATCH):
            batch = verification_ids[start : start + _BATCH]
            entries = [{"Id": str(i), "MessageBody": json.dumps({"id": id})} for i, id in enumerate(batch)]
            with translate_aws_errors():
                response = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            sent += len(response.get("Successful", []))
        return sent


def id_in(message: str) -> str:
    """The verification's id in a message's body; KeyError, ValueError or TypeError for one that is not ours."""
    id = json.loads(message)["id"]
    if not isinstance(id, str):
        raise TypeError("id is no string")
    return id
