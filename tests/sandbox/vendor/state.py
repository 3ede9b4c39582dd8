"""Everything that the fake vendor remembers, behind one lock: links, credentials, calls, waiting faults."""

import hmac
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from . import checks
from .errors import UnknownTokenError
from .fault_queue import Fault, FaultQueue, Operation, parse_fault
from .faults import check_name
from .limit import RateLimit
from .outcomes import play
from .record_variants import Variant
from .records import Record, is_over, new_record, new_token, timestamp
from .responses import envelope


class Calls(TypedDict):
    """How many calls of the API arrived, whatever the response; `by_token` counts GETs."""

    create: int
    get: int
    by_token: dict[str, int]
    unauthorized: int


@dataclass(slots=True)
class _Verification:
    record: Record
    variants: tuple[Variant, ...] = ()


class State:
    """One vendor: `link_base` (https://host, no trailing slash) is set as soon as the address is known."""

    def __init__(
        self,
        credentials: tuple[str, str],
        link_lifetime: float,
        rate_limit_per_minute: int | None,
        clock: Callable[[], float],
    ) -> None:
        self._lock = threading.RLock()
        self._first_credentials = credentials
        self._link_lifetime = link_lifetime
        self._clock = clock
        self.link_base = ""
        self.stopping = threading.Event()
        self.faults = FaultQueue()
        self.limit = RateLimit(rate_limit_per_minute, clock)
        self.reset()

    def reset(self) -> None:
        """As new: no links, calls or faults, and the first credentials."""
        with self._lock:
            self._credentials = self._first_credentials
            self._verifications: dict[str, _Verification] = {}
            self._operations: Counter[str] = Counter()
            self._gets: Counter[str] = Counter()
            self.faults.clear()
            self.limit.reset()

    def count(self, operation: Operation, token: str | None) -> None:
        """Counts a call that arrived."""
        with self._lock:
            self._operations[operation] += 1
            if token is not None:
                self._gets[token] += 1

    def calls(self) -> Calls:
        """The calls counted since the start or the last reset."""
        with self._lock:
            create, get, unauthorized = (self._operations[name] for name in ("create", "get", "unauthorized"))
            return Calls(create=create, get=get, by_token=dict(self._gets), unauthorized=unauthorized)

    def accepts(self, given: tuple[str, str]) -> bool:
        """Whether (client_id, client_secret) are the current ones; others are counted as unauthorized."""
        with self._lock:
            pairs = zip(given, self._credentials, strict=True)
            right = all(hmac.compare_digest(one.encode(), other.encode()) for one, other in pairs)
            self._operations["unauthorized"] += not right
            return right

    def rotate(self, client_id: str, client_secret: str) -> None:
        """From now on only these credentials are accepted."""
        with self._lock:
            self._credentials = (client_id, client_secret)

    def create(self, fields: dict[str, str]) -> Record:
        """Makes a link from a validated body."""
        with self._lock:
            number, token = len(self._verifications) + 1, new_token()
            record = new_record(number, token, fields, self.link_base, self._clock(), self._link_lifetime)
            self._verifications[token] = _Verification(record)
            return record

    def tokens(self) -> list[str]:
        """The tokens of all links, oldest first: also of those whose response was lost on the way."""
        with self._lock:
            return list(self._verifications)

    def raw_record(self, token: str) -> bytes:
        """The body that GET returns now, byte for byte. Raises UnknownTokenError."""
        with self._lock:
            verification = self._find(token)
            reported = verification.record
            for variant in verification.variants:
                reported = variant(reported)
            return envelope(reported)

    def link(self, token: str) -> tuple[Record, bool]:
        """What happened on a link, and whether its lifetime has passed."""
        with self._lock:
            record = self._find(token).record
            return dict(record), is_over(record, self._clock())

    def play_with_fault(self, token: str, outcome: object, fault: Mapping[str, Any]) -> None:
        """Plays outcomes ("9102+expired") and queues a fault for the next GET of the token; either may be absent. After
        a mistake neither is done. Variants of an earlier play are dropped.

        Raises:
            UnknownTokenError: no link has this token.
            UnknownNameError: there is no such outcome or fault.
            ValueError: a face error on a link of type 01.
        """
        parsed = parse_fault({"on": "get", **fault, "token": token}) if fault.get("fault") is not None else None
        if parsed is not None:
            check_name(parsed.name)
        if outcome is not None:
            with self._lock:
                verification = self._find(token)
                verification.record, verification.variants = play(verification.record, str(outcome), self._clock())
        if parsed is not None:
            self.queue(parsed)

    def attempt(self, token: str, step: str, choice: str) -> None:
        """One attempt of the person at the step "ocr" or "face"."""
        with self._lock:
            record = self._find(token).record
            (checks.attempt_ocr if step == "ocr" else checks.attempt_face)(record, choice)
            record["updated_at"] = timestamp(self._clock())

    def queue(self, fault: Fault) -> None:
        """Lets a fault wait for its calls. Raises UnknownNameError."""
        check_name(fault.name)
        self.faults.add(fault)

    def clear_faults(self) -> None:
        """No fault waits any more."""
        self.faults.clear()

    def _find(self, token: str) -> _Verification:
        try:
            return self._verifications[token]
        except KeyError:
            raise UnknownTokenError(token) from None
