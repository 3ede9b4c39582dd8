"""Multiplies usage by prices, and formats the result as a table."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PRICES: dict[str, Any] = json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))


def dollars(usage: Mapping[str, float]) -> dict[str, float]:
    """Returns USD by item. Raises KeyError for an item without a price."""
    prices = PRICES["prices"]
    return {name: amount * prices[name]["usd"] / prices[name]["per"] for name, amount in usage.items()}


def table(title: str, usage: Mapping[str, float]) -> Iterator[str]:
    """Yields the lines of a Markdown table, most expensive item first."""
    bill = dollars(usage)
    yield f"| {title} | amount | USD |"
    yield "| --- | ---: | ---: |"
    for name in sorted(bill, key=lambda name: (-bill[name], name)):
        if bill[name]:
            yield f"| {name} | {usage[name]:,.4g} | {bill[name]:.5f} |"
    yield f"| **in all** | | **{sum(bill.values()):.4f}** |"
