"""The state of the fake vendor behind one lock: links, credentials, counts of calls, and queued faults."""

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
    """The number of API calls, with any response. `by_token` counts GETs."""

    create: int
    get: int
    by_token: dict[str, int]
    unauthorized: int


@dataclass(slots=True)
class _Verification:
    record: Record
    variants: tuple[Variant, ...] = ()


class State:
    """The state of one vendor. `link_base` (https://host, no trailing slash) is set when the address is known."""

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
        """Drops all links, counts and faults, and restores the first credentials."""
        with self._lock:
            self._credentials = self._first_credentials
            self._verifications: dict[str, _Verification] = {}
            self._operations: Counter[str] = Counter()
            self._gets: Counter[str] = Counter()
            self.faults.clear()
            self.limit.reset()

    def count(self, operation: Operation, token: str | None) -> None:
        """Counts a call."""
        with self._lock:
            self._operations[operation] += 1
            if token is not None:
                self._gets[token] += 1

    def calls(self) -> Calls:
        """Returns the number of calls since the start or the last reset."""
        with self._lock:
            create, get, unauthorized = (self._operations[name] for name in ("create", "get", "unauthorized"))
            return Calls(create=create, get=get, by_token=dict(self._gets), unauthorized=unauthorized)

    def accepts(self, given: tuple[str, str]) -> bool:
        """Returns whether (client_id, client_secret) are the current ones. Counts others as unauthorized."""
        with self._lock:
            pairs = zip(given, self._credentials, strict=True)
            is_accepted = all(hmac.compare_digest(one.encode(), other.encode()) for one, other in pairs)
            self._operations["unauthorized"] += not is_accepted
            return is_accepted

    def rotate(self, client_id: str, client_secret: str) -> None:
        """Replaces the accepted credentials."""
        with self._lock:
            self._credentials = (client_id, client_secret)

    def create(self, fields: dict[str, str]) -> Record:
        """Creates a link from a validated body."""
        with self._lock:
            number, token = len(self._verifications) + 1, new_token()
            record = new_record(number, token, fields, self.link_base, self._clock(), self._link_lifetime)
            self._verifications[token] = _Verification(record)
            return record

    def tokens(self) -> list[str]:
        """Returns the tokens of all links, oldest first, even if the bridge lost the response."""
        with self._lock:
            return list(self._verifications)

    def raw_record(self, token: str) -> bytes:
        """Returns the exact body that GET responds with now. Raises UnknownTokenError."""
        with self._lock:
            verification = self._find(token)
            reported = verification.record
            for variant in verification.variants:
                reported = variant(reported)
            return envelope(reported)

    def link(self, token: str) -> tuple[Record, bool]:
        """Returns a copy of a link's record, and whether the link has expired. Raises UnknownTokenError."""
        with self._lock:
            record = self._find(token).record
            return dict(record), is_over(record, self._clock())

    def play_with_fault(self, token: str, outcome: object, fault: Mapping[str, Any]) -> None:
        """Plays outcomes ("9102+expired"), and queues a fault for the next GET of the token. Either may be absent. Does
        nothing if one of them raises an error. Drops the variants of an earlier call.

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
        """Records an attempt at the step "ocr" or "face"."""
        with self._lock:
            record = self._find(token).record
            (checks.attempt_ocr if step == "ocr" else checks.attempt_face)(record, choice)
            record["updated_at"] = timestamp(self._clock())

    def queue(self, fault: Fault) -> None:
        """Queues a fault. Raises UnknownNameError."""
        check_name(fault.name)
        self.faults.add(fault)

    def clear_faults(self) -> None:
        """Drops all queued faults."""
        self.faults.clear()

    def _find(self, token: str) -> _Verification:
        try:
            return self._verifications[token]
        except KeyError:
            raise UnknownTokenError(token) from None
