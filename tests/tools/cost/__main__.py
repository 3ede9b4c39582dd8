"""python -m tests.tools.cost [--write]: prints the cost of 1 000 verifications and of an idle month.

--write also updates docs/cost.md."""

import sys
from pathlib import Path

from . import bill, memory, records, usage

PAGE = Path(__file__).parents[3] / "docs/cost.md"


def sections() -> dict[str, str]:
    """Returns the generated sections of docs/cost.md by name."""
    run = usage.Run()
    with_webhooks = usage.Run(usage.ONE_ENDPOINT)
    with_start_page = usage.Run(profile=usage.START_PAGE)
    with_both = usage.Run(usage.ONE_ENDPOINT, usage.START_PAGE)
    thousands = {
        "10 000 verifications": usage.of_verifications(run),
        "the same with one endpoint of webhooks": usage.of_verifications(with_webhooks),
        "the same with start pages": usage.of_verifications(with_start_page),
        "the same with both": usage.of_verifications(with_both),
    }
    idle = usage.of_an_idle_month(run)
    return {
        "month": "\n".join(bill.month(idle, thousands, 10_000)),
        "webhooks": "\n".join(bill.table("1 000 verifications and webhooks", usage.of_verifications(with_webhooks))),
        "thousand": "\n".join(bill.table("1 000 verifications", usage.of_verifications(run))),
        "start": "\n".join(bill.table("1 000 with a start page", usage.of_verifications(with_start_page))),
        "idle": "\n".join(bill.table("an idle month of prod", idle)),
        "memory": "\n".join(memory.table(run)),
        "records": "\n".join(records.table()),
    }


def filled(page: str, found: dict[str, str]) -> str:
    """Returns the page with each section between its marks."""
    for name, text in found.items():
        before, mark, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        if not (mark and end):
            raise SystemExit(f"{PAGE.name} has no place for {name}: <!-- {name} --> and <!-- end -->")
        page = f"{before}{mark}{text}\n{end}{after}"
    return page


def main() -> None:
    found = sections()
    print("\n\n".join(found.values()))
    if "--write" in sys.argv[1:]:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    main()
