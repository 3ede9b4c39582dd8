"""The versioned bucket."""

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
        # When each key was first there, also of those that are gone.
        self.first_put: dict[str, float] = {}

    def put(self, key: str, body: bytes) -> None:
        self._objects.setdefault(key, []).append(Version(f"v{next(self._numbers)}", self._now(), body))
        self.first_put.setdefault(key, self._now())

    def get(self, key: str) -> bytes | None:
        versions = self._objects.get(key)
        return versions[-1].body if versions else None

    def versions(self, prefix: str) -> list[tuple[str, str]]:
        """(key, version) of all that begins with the prefix."""
        kept = self._objects.items()
        return [(key, version.id) for key, versions in kept if key.startswith(prefix) for version in versions]

    def delete(self, key: str, version: str) -> None:
        """For good; one that is not there is no error."""
        left = [each for each in self._objects.get(key, []) if each.id != version]
        if left:
            self._objects[key] = left
        else:
            self._objects.pop(key, None)
