"""The page on cost says what is counted, and what is counted stays below the limits."""

from functools import cache

import pytest

from tests.tools.cost import __main__ as page
from tests.tools.cost import bill, growth, usage

A_THOUSAND, AN_IDLE_MONTH = 0.05, 6.0


@cache
def _run() -> usage.Run:
    return usage.Run()


@pytest.mark.slow
def test_a_thousand_verifications_stay_below_five_cents() -> None:
    used = usage.of_verifications(_run())
    assert all(amount > 0 for amount in used.values())
    assert 0.01 < sum(bill.dollars(used).values()) <= A_THOUSAND


@pytest.mark.slow
def test_a_month_of_prod_in_which_nobody_comes_stays_below_six_dollars() -> None:
    assert 1 < sum(bill.dollars(usage.of_an_idle_month(_run())).values()) <= AN_IDLE_MONTH


def test_what_has_no_price_is_not_free() -> None:
    with pytest.raises(KeyError):
        bill.dollars({"S3: wishes": 1})


@pytest.mark.slow
def test_every_price_is_used_and_every_source_named() -> None:
    used = usage.of_verifications(_run()).keys() | usage.of_an_idle_month(_run()).keys()
    assert used == bill.PRICES["prices"].keys()
    assert {name.partition(":")[0] for name in used} == bill.PRICES["sources"].keys()


@pytest.mark.slow
def test_the_page_says_what_is_counted() -> None:
    written = page.PAGE.read_text(encoding="utf-8")
    assert page.filled(written, page.sections()) == written, "make cost WRITE=1 brings docs/cost.md up to date"


def test_a_sweep_does_the_same_however_many_are_open() -> None:
    few, many = growth.sweep(1_000), growth.sweep(20_000)
    assert few.work == many.work
    assert few.read == growth.DUE
