"""Multiplies usage by prices, and formats the result as a table."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

# What a region may cost more than that of the prices. An assumption: the prices of other regions are not read.
ALLOWANCE = 0.25
PRICES: dict[str, Any] = json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))


def dollars(usage: Mapping[str, float]) -> dict[str, float]:
    """Returns USD by item. Raises KeyError for an item without a price."""
    prices = PRICES["prices"]
    return {name: amount * prices[name]["usd"] / prices[name]["per"] for name, amount in usage.items()}


def month(idle: Mapping[str, float], thousands: Mapping[str, Mapping[str, float]], count: int) -> Iterator[str]:
    """Yields the lines of a Markdown table of months: USD in the region of the prices, and with the allowance.

    Args:
        idle: the usage of a month without verifications.
        thousands: the usage of 1 000 verifications, by what they have.
        count: how many verifications such a month has.
    """
    yield f"| a month of prod | {PRICES['region']} | all prices {ALLOWANCE * 100:.0f} % higher |"
    yield "| --- | ---: | ---: |"
    fixed = sum(dollars(idle).values())
    usd = {name: fixed + sum(dollars(usage).values()) * count / 1000 for name, usage in thousands.items()}
    for name, total in {"no verifications": fixed, **usd}.items():
        yield f"| {name} | {total:.2f} | {total * (1 + ALLOWANCE):.2f} |"


def table(title: str, usage: Mapping[str, float]) -> Iterator[str]:
    """Yields the lines of a Markdown table, most expensive item first."""
    bill = dollars(usage)
    yield f"| {title} | amount | USD |"
    yield "| --- | ---: | ---: |"
    for name in sorted(bill, key=lambda name: (-bill[name], name)):
        if bill[name]:
            yield f"| {name} | {usage[name]:,.4g} | {bill[name]:.5f} |"
    yield f"| **in all** | | **{sum(bill.values()):.4f}** |"
