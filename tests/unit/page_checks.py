"""What all pages have: small HTML with landmarks, and a strict content security policy."""

import base64
import hashlib
import re

from aws_lambda_powertools.event_handler import Response


def directives(response: Response[str]) -> dict[str, list[str]]:
    """Returns the directives of the content security policy, with their sources."""
    parts = str(response.headers["Content-Security-Policy"]).split("; ")
    return {name: sources for name, *sources in (each.split(" ") for each in parts)}


def assert_strict(response: Response[str]) -> None:
    """Asserts that the page is small and has landmarks, and that its policy allows only its own blocks, by hash."""
    html = str(response.body)
    assert len(html.encode()) < 30_000
    for tag in ("header", "main", "h1", "title"):
        assert html.count(f"<{tag}>") == 1
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    policy = directives(response)
    assert (policy["default-src"], policy["base-uri"], policy["frame-ancestors"]) == (["'none'"],) * 3
    for tag in ("style", "script"):
        blocks = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        hashes = [base64.b64encode(hashlib.sha256(block.encode()).digest()).decode() for block in blocks]
        assert policy.get(f"{tag}-src", []) == [f"'sha256-{each}'" for each in hashes]
    assert not re.search(r"<[^>]* (style|on\w+)=", html)
    assert policy.get("connect-src", ["'self'"]) == ["'self'"]
    assert policy.keys() <= {
        *("default-src", "style-src", "script-src", "img-src", "connect-src", "base-uri", "frame-ancestors")
    }
