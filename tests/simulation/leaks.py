"""A marker is in all values that no log may have: names, pictures, tokens, codes, keys, secrets, references."""

import base64
import contextlib
import io
import random
import re
from collections.abc import Callable, Iterator

MARKER = "KANARI4X"

# The beginning of a log line of level WARNING or ERROR, with its message.
_FAILURE = re.compile(r'\{"level":"(?:WARNING|ERROR)".*?"message":"(\w+)"')

# The code of a return URL that is made from these bytes begins with the marker.
_PREFIX = base64.urlsafe_b64decode(MARKER)


def has_marker(text: str) -> bool:
    return MARKER.lower() in text.lower()


def random_bytes(rng: random.Random, count: int) -> bytes:
    """Returns the bridge's random bytes. It reads 24 bytes only for a code, which then begins with the marker."""
    return _PREFIX + rng.randbytes(count - len(_PREFIX)) if count == 24 else rng.randbytes(count)


class LogCapture(io.TextIOBase):
    """A stream for all logs and output. It keeps the lines that have the marker."""

    def __init__(self) -> None:
        self.leaks: list[str] = []
        # Called with the message of each line of level WARNING or ERROR.
        self.on_failure: Callable[[str], object] = lambda message: None

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if has_marker(text):
            self.leaks.append(text.strip()[:500])
        if match := _FAILURE.match(text):
            self.on_failure(match[1])
        return len(text)

    @contextlib.contextmanager
    def of_output(self) -> Iterator[None]:
        """Inside, stdout and stderr are captured."""
        with contextlib.redirect_stdout(self), contextlib.redirect_stderr(self):
            yield
