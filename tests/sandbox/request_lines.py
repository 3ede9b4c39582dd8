"""A line for each request of the API, without codes and tokens."""

from urllib.parse import urlsplit

from .serving import SilentHandler
from .webhooks import Say


def announcing(say: Say) -> type[SilentHandler]:
    """A handler of requests that gives `say` a line for each response."""

    class Announcing(SilentHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            # What a client wrote must not steer the terminal.
            path = self.path.encode("unicode_escape").decode()
            say(f"{self.command} {without_secrets(path)} -> {code}")

    return Announcing


def without_secrets(url: str) -> str:
    """The path, a code in it left out, and the query only where it holds no token."""
    parts = urlsplit(url)
    segments = parts.path.split("/")
    if segments[1:2] and segments[1] in ("start", "return", "done", "status"):
        segments[3:] = ["…"]
    return "/".join(segments) + (f"?{parts.query}" if parts.query.startswith("expand=") else "")
