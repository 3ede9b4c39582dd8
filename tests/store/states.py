"""Prints a record in each state as this version writes it, in DynamoDB's JSON.

    PYTHONPATH=layers/bridge .venv/bin/python -m tests.store.states > tests/store/records/v1.json

records/README.md says when to run it.
"""

import json
import re
import sys
from collections.abc import Callable
from typing import Any

from bridge.domain.verification import Status, Verification
from bridge.store import returns
from bridge.store.table import Table
from tests.store.factories import (
    between_links,
    claimed,
    failed_check,
    failed_reservation,
    in_status,
    item,
    later,
    nonce,
    opened,
    pending,
    redacted,
    reopened,
    reserved,
    unopened,
)

_TIME = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")


def _returned(table: Table) -> Verification:
    made = pending(table)
    assert made.code is not None
    returned, is_claimed = returns.claim_first_return(table, made.id, nonce(), later(2), made.code)
    assert is_claimed
    assert returned is not None
    return returned


FACTORIES: dict[str, Callable[[Table], Verification]] = {
    "reserved": reserved,
    "link_not_created": failed_reservation,
    "pending": pending,
    "check_failed": lambda table: failed_check(table, claimed(table, pending(table))),
    "returned": _returned,
    "processing": lambda table: in_status(table, Status.PROCESSING),
    "rejected": lambda table: in_status(table, Status.REJECTED),
    "expired": lambda table: in_status(table, Status.EXPIRED),
    "verified": lambda table: in_status(table, Status.VERIFIED),
    "redacted": redacted,
    "unopened": unopened,
    "opened": opened,
    "between_links": lambda table: between_links(table, Status.PROCESSING),
    "reopened": reopened,
}


def form(value: Any) -> Any:
    """Returns what all records of a state have in common: names, types, formats of times and lengths of numbers."""
    ((kind, inner),) = value.items()
    if kind == "M":
        return {name: form(each) for name, each in inner.items()}
    is_number_or_time = kind == "N" or (kind == "S" and _TIME.fullmatch(inner))
    return f"{kind} {re.sub('[0-9]', '0', inner)}" if is_number_or_time else kind


if __name__ == "__main__":
    from tests.store.engines import moto_engine

    with moto_engine() as engine, engine.table() as table:
        records = {state: item(table, make(table).id) for state, make in FACTORIES.items()}
        json.dump(records, sys.stdout, indent=2, sort_keys=True)
        print()
