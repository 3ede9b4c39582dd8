"""Records each step of a run. It returns the lines about one verification, and a hash of all lines."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from .kernel import Kernel


@dataclass(frozen=True, slots=True)
class Line:
    time: float
    who: str
    call: str
    outcome: str

    def __str__(self) -> str:
        clock = datetime.fromtimestamp(self.time, UTC).strftime("%d %H:%M:%S.%f")[:-3]
        return f"{clock}  {self.who:<22} {self.call:<44} {self.outcome}"


class Trace:
    """Lines by what they are about: ids, tokens, names of people."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._hash = hashlib.sha256()
        self._lines: dict[str, list[tuple[int, Line]]] = defaultdict(list)
        self._number = 0

    def record(self, about: Iterable[str], call: str, outcome: str) -> None:
        task = self._kernel.current
        line = Line(self._kernel.now, task.name if task else "-", call, outcome)
        self._hash.update(f"{line.time!r} {line.who} {call} {outcome}\n".encode())
        self._number += 1
        for name in about:
            self._lines[name].append((self._number, line))

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def of(self, names: Iterable[str]) -> list[str]:
        """Returns the lines about any of the names, in order of time."""
        found = {number: line for name in names for number, line in self._lines.get(name, [])}
        return [str(found[number]) for number in sorted(found)]
