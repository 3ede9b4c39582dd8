"""The commands of README.md's section "Deploy it"."""

import re

from tests import pages


def deploy_steps() -> dict[int, list[str]]:
    """Returns the console blocks of each numbered step."""
    _, *parts = re.split(r"(?m)^(\d+)\. ", pages.section("README.md", "Deploy it"))
    return {int(number): pages.code(text, "console") for number, text in zip(parts[::2], parts[1::2], strict=True)}


def documented(page: str, heading: str) -> list[str]:
    """Returns the console blocks below a heading of a page in docs/."""
    return pages.code(pages.section(f"docs/{page}", heading), "console")
