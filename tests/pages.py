"""README and the pages of docs/: their sections and code blocks."""

import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[1]
_FENCED = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def read(page: str) -> str:
    """Reads a page by its path in the checkout: `docs/api.md`."""
    return (ROOT / page).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """Returns what is below a heading of a page, with subsections. Raises ValueError if there is no such heading."""
    parts = re.split(rf"(?m)^(##+) {re.escape(heading)}\n", read(page), maxsplit=1)
    if len(parts) == 1:
        raise ValueError(f'{page} has no section "{heading}"')
    _, level, text = parts
    return re.split(rf"(?m)^#{{2,{len(level)}}} ", text)[0]


def code(text: str, *languages: str) -> list[str]:
    """Returns the fenced blocks of a text in these languages, without the indentation of a list."""
    return [textwrap.dedent(block) for _, language, block in _FENCED.findall(text) if language in languages]
