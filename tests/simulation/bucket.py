"""A simulated S3 bucket with versioning."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Version:
    id: str
    time: float
    body: bytes


class Bucket:
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._objects: dict[str, list[Version]] = {}
        self._numbers = itertools.count(1)
        # The time of the first put of each key; deleted keys stay.
        self.first_put: dict[str, float] = {}

    def put(self, key: str, body: bytes) -> None:
        self._objects.setdefault(key, []).append(Version(f"v{next(self._numbers)}", self._now(), body))
        self.first_put.setdefault(key, self._now())

    def get(self, key: str) -> bytes | None:
        versions = self._objects.get(key)
        return versions[-1].body if versions else None

    def versions(self, prefix: str) -> list[tuple[str, str]]:
        """Returns (key, version id) of each version whose key begins with the prefix."""
        kept = self._objects.items()
        return [(key, version.id) for key, versions in kept if key.startswith(prefix) for version in versions]

    def delete(self, key: str, version: str) -> None:
        """Deletes a version. A missing one is no error."""
        left = [each for each in self._objects.get(key, []) if each.id != version]
        if left:
            self._objects[key] = left
        else:
            self._objects.pop(key, None)
