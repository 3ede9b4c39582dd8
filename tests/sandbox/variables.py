"""Reads the environment variables of the sandbox. The error of a bad value is one line, and says how to fix it."""

import errno
import os
import re
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

from .keys import vendor_credentials
from .webhooks import Webhooks

WEBHOOK_URL = "WEBHOOK_URL"
WEBHOOK_SECRET = "WEBHOOK_SECRET"
_RETRY_SECONDS = "WEBHOOK_RETRY_SECONDS"
_API_URL = "EKYC_API_URL"


def port(default: int) -> int:
    """Returns PORT, where 0 picks a free port. Raises ValueError for a bad value, or if the port cannot be opened."""
    text = os.environ.get("PORT") or str(default)
    if not (text.isascii() and text.isdecimal() and int(text) <= 65535):
        raise ValueError(f"PORT={text} is not a port: choose a number up to 65535, such as PORT=8090")
    try:
        socket.create_server(("127.0.0.1", int(text))).close()
    except OSError as refused:
        is_taken = refused.errno == errno.EADDRINUSE
        why = "is taken: stop the program that uses it" if is_taken else f"cannot be opened ({refused.strerror})"
        raise ValueError(f"Port {text} {why}, or choose another port, such as PORT={int(text) % 60000 + 10}") from None
    return int(text)


def webhooks() -> Webhooks:
    """Returns the endpoints of WEBHOOK_URL, which commas separate, and WEBHOOK_SECRET. Raises ValueError."""
    # Nothing has loaded the functions yet, so their layer is not on the path.
    layer = str(Path(__file__).parents[2] / "layers" / "bridge")
    sys.path[:0] = [layer] if layer not in sys.path else []
    from bridge.domain.webhooks import is_secret, url_problem

    urls = tuple(filter(None, (url.strip() for url in os.environ.get(WEBHOOK_URL, "").split(","))))
    for url in urls:
        if problem := url_problem(url, allow_loopback=True):
            fix = "use an https URL, or http://localhost:9000/hook for this machine; separate several with commas"
            raise ValueError(f"{WEBHOOK_URL}={url}: {problem}; {fix}")
    secret = os.environ.get(WEBHOOK_SECRET)
    if secret and not is_secret(secret):
        raise ValueError(
            f"{WEBHOOK_SECRET} must be whsec_ and the base64 of 24 to 64 bytes: unset it to get a random one"
        )
    return Webhooks(urls, secret) if secret else Webhooks(urls)


def check() -> None:
    """Raises ValueError if another variable has a bad value."""
    for name, pattern, example in (
        ("SWEEP_SECONDS", r"\d*\.?\d+", "20"),
        ("LINK_LIFETIME_SECONDS", r"\d+", "20"),
        (_RETRY_SECONDS, r"\d+(,\d+)*", "1,2,5"),
    ):
        text = os.environ.get(name)
        if text and not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(f"{name}={text} is not in seconds: write {name}={example}, or unset it")
    if url := os.environ.get(_API_URL):
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            fix = f"write http://{url.rpartition('//')[2]}, or unset it to use the fake vendor"
            raise ValueError(f"{_API_URL}={url} is not a URL: {fix}")
        vendor_credentials(os.environ)
