"""A secret that is a JSON object with a list, as operators' commands read and edit it."""

import json
import sys
from collections.abc import Callable
from typing import Any

# The label of a version that is not in use yet. Each edit takes it from the version of the edit before, because a
# secret may have 20 labels only. A version without a label is kept for at least 24 hours.
_LABEL = "ekyc-bridge-edit"
_ATTEMPTS = 5


class SecretDocument:
    """The list `name` in a secret. A malformed secret ends the command, and is never overwritten."""

    def __init__(self, client: Any, arn: str, name: str) -> None:
        self._client = client
        self._arn = arn
        self._name = name

    def read(self) -> list[Any]:
        entries: list[Any] = self._read()[0][self._name]
        return entries

    def edit(self, change: Callable[[list[Any]], list[Any]]) -> list[Any]:
        """Puts what `change` makes of the list in its place. Returns the list that it replaced.

        If somebody else writes the secret after it was read, it is read and changed again. Secrets Manager has no
        conditional put. It refuses to move AWSCURRENT, the label of the value in use, from a version without it.
        """
        document, version = self._read()
        for _ in range(_ATTEMPTS):
            entries: list[Any] = document[self._name]
            text = json.dumps(document | {self._name: change(entries)})
            put = self._client.put_secret_value(SecretId=self._arn, SecretString=text, VersionStages=[_LABEL])
            move = {"MoveToVersionId": put["VersionId"], "RemoveFromVersionId": version}
            try:
                self._client.update_secret_version_stage(SecretId=self._arn, VersionStage="AWSCURRENT", **move)
                return entries
            except self._client.exceptions.InvalidParameterException:
                document, version = self._read()
            # boto3 sends a request again if its response was lost. The second one is refused. Somebody else may even
            # have changed the new value before it.
            before = self._client.get_secret_value(SecretId=self._arn, VersionStage="AWSPREVIOUS")["VersionId"]
            if put["VersionId"] in (version, before):
                return entries
        sys.exit("Somebody else keeps changing the secret. Run this again; nothing was changed.")

    def _read(self) -> tuple[dict[str, Any], str]:
        """The object, and the id of its version."""
        value = self._client.get_secret_value(SecretId=self._arn)
        try:
            document = json.loads(value["SecretString"])
            if isinstance(document[self._name], list):
                return document, value["VersionId"]
        except (ValueError, TypeError, KeyError):
            pass
        sys.exit(f'The secret is not a JSON object with a list "{self._name}". Repair it first; nothing was changed.')
