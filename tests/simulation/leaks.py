"""One marker is in everything that no log may hold: names, pictures, tokens, codes, keys, secrets, references."""

import base64
import contextlib
import io
import random
import re
from collections.abc import Callable, Iterator

MARKER = "KANARI4X"

# The beginning of a line that says that something failed, and its message.
_FAILURE = re.compile(r'\{"level":"(?:WARNING|ERROR)".*?"message":"(\w+)"')

# A code that is made of these bytes begins with the marker.
_PREFIX = base64.urlsafe_b64decode(MARKER)


def has_marker(text: str) -> bool:
    return MARKER.lower() in text.lower()


def random_bytes(rng: random.Random, count: int) -> bytes:
    """In place of the system's randomness; 24 bytes are those of a code."""
    return _PREFIX + rng.randbytes(count - len(_PREFIX)) if count == 24 else rng.randbytes(count)


class LogCapture(io.TextIOBase):
    """Takes all that is logged or printed, and keeps what has the marker."""

    def __init__(self) -> None:
        self.leaks: list[str] = []
        # Takes the messages of lines that say that something failed.
        self.failed: Callable[[str], object] = lambda message: None

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if has_marker(text):
            self.leaks.append(text.strip()[:500])
        if match := _FAILURE.match(text):
            self.failed(match[1])
        return len(text)

    @contextlib.contextmanager
    def of_output(self) -> Iterator[None]:
        """Inside, stdout and stderr are captured."""
        with contextlib.redirect_stdout(self), contextlib.redirect_stderr(self):
            yield
