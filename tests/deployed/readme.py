"""Reads the commands of README.md's section "Deploy it" and of other pages."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

_SECTION = re.compile(r"^## Deploy it\n(.*?)^## ", re.MULTILINE | re.DOTALL)
_STEP = re.compile(r"^(\d+)\. ", re.MULTILINE)
_BLOCK = re.compile(r"^( *)```console\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def deploy_steps() -> dict[int, list[str]]:
    """Returns the console blocks of each numbered step, without the indentation of the list."""
    section = _SECTION.search((ROOT / "README.md").read_text(encoding="utf-8"))
    if section is None:
        raise ValueError('README.md has no section "Deploy it"')
    parts = _STEP.split(section[1])[1:]
    return {int(number): _blocks(text) for number, text in zip(parts[::2], parts[1::2], strict=True)}


def documented(page: str, heading: str) -> list[str]:
    """Returns the console blocks below a heading of a page in docs/."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    section = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    if section is None:
        raise ValueError(f'docs/{page} has no section "{heading}"')
    return _blocks(section[1])


def _blocks(text: str) -> list[str]:
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in _BLOCK.findall(text)]
