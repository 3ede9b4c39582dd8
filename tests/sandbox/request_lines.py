"""The line that `make run` prints for each API request, without codes and tokens."""

from urllib.parse import urlsplit

from .serving import SilentHandler
from .webhooks import PrintLine


def printing_handler(print_line: PrintLine) -> type[SilentHandler]:
    """Returns a request handler that passes a line for each response to `print_line`."""

    class PrintingHandler(SilentHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            # Escaped, so that a client cannot send control characters to the terminal.
            path = self.path.encode("unicode_escape").decode()
            print_line(f"{self.command} {without_secrets(path)} -> {code}")

    return PrintingHandler


def without_secrets(url: str) -> str:
    """Returns the path without its code, and the query only if it can hold no token."""
    parts = urlsplit(url)
    segments = parts.path.split("/")
    if segments[1:2] and segments[1] in ("start", "return", "done", "status"):
        segments[3:] = ["…"]
    return "/".join(segments) + (f"?{parts.query}" if parts.query.startswith("expand=") else "")
