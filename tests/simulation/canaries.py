"""One word stands in everything that no log may hold: names, pictures, tokens, codes, keys, secrets, references."""

import base64
import io
import random
import sys

MARK = "KANARI4X"

# What a code is made of begins with these bytes, so that the code begins with the word.
_PREFIX = base64.urlsafe_b64decode(MARK)


def is_in(text: str) -> bool:
    return MARK.lower() in text.lower()


def random_bytes(rng: random.Random, count: int) -> bytes:
    """What the bridge takes for the system's randomness; 24 bytes are those of a code."""
    if count == 24:
        return _PREFIX + rng.randbytes(count - len(_PREFIX))
    return rng.randbytes(count)


class Sink(io.TextIOBase):
    """Takes all that is logged or printed, and keeps what it may not hold."""

    def __init__(self) -> None:
        self.leaks: list[str] = []
        self.lines = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.lines += text.count("\n")
        if is_in(text):
            self.leaks.append(text.strip()[:500])
        return len(text)


class Output:
    """While it is entered, stdout and stderr run into a sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def __enter__(self) -> None:
        self._before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = self._sink, self._sink

    def __exit__(self, *_: object) -> None:
        sys.stdout, sys.stderr = self._before
