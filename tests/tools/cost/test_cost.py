"""docs/cost.md is up to date, and the cost is below the limits."""

from functools import cache

import pytest

from tests.simulation.person import Profile
from tests.simulation.receivers import Endpoint
from tests.tools.cost import __main__ as page
from tests.tools.cost import bill, growth, usage

A_THOUSAND, WITH_WEBHOOKS, WITH_START_PAGE, WITH_BOTH, AN_IDLE_MONTH = 0.065, 0.08, 0.1, 0.12, 5.0


@cache
def _run(endpoints: tuple[Endpoint, ...], profile: Profile) -> usage.Run:
    return usage.Run(endpoints, profile)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("endpoints", "profile", "most"),
    [
        ((), usage.USUAL, A_THOUSAND),
        (usage.ONE_ENDPOINT, usage.USUAL, WITH_WEBHOOKS),
        ((), usage.START_PAGE, WITH_START_PAGE),
        (usage.ONE_ENDPOINT, usage.START_PAGE, WITH_BOTH),
    ],
    ids=["links", "webhooks", "start page", "both"],
)
def test_a_thousand_verifications_stay_below_the_limit(
    endpoints: tuple[Endpoint, ...], profile: Profile, most: float
) -> None:
    used = usage.of_verifications(_run(endpoints, profile))
    assert all(amount > 0 for amount in used.values())
    assert 0.01 < sum(bill.dollars(used).values()) <= most


@pytest.mark.slow
def test_an_idle_month_of_prod_stays_below_five_dollars() -> None:
    assert 1 < sum(bill.dollars(usage.of_an_idle_month(_run((), usage.USUAL))).values()) <= AN_IDLE_MONTH


@pytest.mark.slow
def test_every_price_is_used_and_has_a_source() -> None:
    used = usage.of_verifications(_run((), usage.USUAL)).keys() | usage.of_an_idle_month(_run((), usage.USUAL)).keys()
    assert used == bill.PRICES["prices"].keys()
    assert {name.partition(":")[0] for name in used} == bill.PRICES["sources"].keys()


@pytest.mark.slow
def test_docs_cost_page_is_up_to_date() -> None:
    written = page.PAGE.read_text(encoding="utf-8")
    assert page.filled(written, page.sections()) == written, "run `make cost WRITE=1` to update docs/cost.md"


def test_work_of_a_sweep_does_not_grow_with_open_verifications() -> None:
    few, many = growth.sweep(1_000), growth.sweep(20_000)
    assert few.counts == many.counts
    assert few.read == growth.DUE
