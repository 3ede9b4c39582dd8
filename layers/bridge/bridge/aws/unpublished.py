"""The queue of changes that could not be published; an operator replays their events."""

import json
from typing import Any

from bridge.aws.clients import translate_aws_errors


class UnpublishedQueue:
    """The dead letters of publish."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def put(self, verification_id: str, sequence_number: str) -> None:
        """Puts the id of a verification there, and where its change was in the stream."""
        body = json.dumps({"verification_id": verification_id, "sequence_number": sequence_number})
        with translate_aws_errors("SendMessage"):
            self._client.send_message(QueueUrl=self._url, MessageBody=body)
