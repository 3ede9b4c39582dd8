"""One simulated deployment: everything put together, run to the end, and looked at."""

import functools
import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from . import stack
from .audit import AuditTable
from .bucket import Bucket
from .canaries import Sink
from .clients import S3, DynamoDb, SecretsManager, Sqs
from .dynamodb import Change, Table
from .faults import Plan, Tally
from .functions import Functions
from .gateway import BASE_URL, Gateway
from .isolation import Powertools, isolated
from .kernel import Kernel
from .outward import Outward
from .people import UserFlow
from .person import API_KEY, OTHER_KEY, OTHER_PRINCIPAL, PRINCIPAL, Person, Profile, person
from .pollers import Due, Polling, Schedule
from .queue import Queue
from .rates import RateTable
from .results import ResultsTable
from .trace import Trace
from .vendor import Vendor
from .wire import Wire

# A Sunday, 01:00 UTC.
START = 1_772_326_800.0
_CREDENTIALS, _API_KEYS = "EkycCredentialsSecret", "ApiKeysSecret"


@dataclass(frozen=True, slots=True)
class Scenario:
    """How a run goes. `plan(rng, begins)` gives the faults; seconds throughout."""

    name: str
    people: int
    arrivals: float
    faults_end: float
    plan: Callable[[random.Random, float], Plan]
    profile: Profile = field(default_factory=Profile)
    parameters: Mapping[str, str] = field(default_factory=dict)
    link_lifetime: float = 900.0
    is_unreliable: bool = True
    rotations: int = 0
    broken_links: float = 0.0
    # Another caller's verifications, each of which is refreshed every two seconds all the while.
    flooders: int = 0


class World:
    def __init__(self, seed: str, scenario: Scenario) -> None:
        self.seed = seed
        self.scenario = scenario
        parameters = {"EkycApiUrl": "https://vendor.example", "AllowedRedirectOrigins": "https://app.example.com"}
        self.stack = stack.read({**parameters, **scenario.parameters})
        self.kernel = Kernel(START, Powertools())
        self.trace = Trace(self.kernel)
        self.tally = Tally()
        self.sink = Sink()
        self._made: dict[str, Any] = {}
        self.wall_seconds = 0.0
        self._services(scenario)
        self.functions = Functions(
            self.kernel, self.trace, self._rng("functions"), self._client, 0.02 if scenario.is_unreliable else 0.0
        )
        self.gateway = Gateway(self.kernel, self.trace, self.stack, self.functions, self._rng("gateway"))
        rng = self._rng("people")
        self.people = [person(number, rng, scenario.profile) for number in range(1, scenario.people + 1)]
        first = scenario.people + 1
        self.flooders = [
            person(number, rng, Profile(redacts=0.0)) for number in range(first, first + scenario.flooders)
        ]
        for each in self.flooders:
            each.api_key = OTHER_KEY

    def _services(self, scenario: Scenario) -> None:
        rng = self._rng("services")
        kernel = self.kernel
        plan = scenario.plan(self._rng("faults"), START)
        self.outward = Outward(kernel, self.trace, plan, self.tally, self._rng("latency"))
        self.due = Due()
        self.table = Table(lambda: kernel.now, kernel.at, lambda: min(rng.expovariate(1 / 0.1), 20.0))
        self.table.reported = self.wrote
        self.audit = AuditTable()
        self.bucket = Bucket(lambda: kernel.now)
        self.queue = Queue(lambda: kernel.now, kernel.at, self.stack, rng)
        self.vendor = Vendor(
            lambda: kernel.now, self._rng("vendor"), lifetime=scenario.link_lifetime, skew=rng.uniform(-3600, 3600)
        )
        self.vendor.broken = scenario.broken_links
        self.secrets = {_CREDENTIALS: self._credentials(), _API_KEYS: _api_keys()}
        self.windows = RateTable()
        self.results = ResultsTable()
        self.dynamodb = DynamoDb(self.outward, self.table, self.audit, self.windows, self.results)
        self._clients = {
            "dynamodb": self.dynamodb,
            "s3": S3(self.outward, self.bucket),
            "sqs": Sqs(self.outward, self.queue),
            "secretsmanager": SecretsManager(self.outward, self.secrets),
        }

    def run(self) -> "World":
        """Until nothing is due any more, or has been for too long."""
        began = time.perf_counter()
        with self._running():
            ends = START + max(self.scenario.faults_end, self.scenario.arrivals)
            self.kernel.run(ends)
            self._become_reliable()
            give_up = float(self.stack.parameters["GiveUpHours"]) * 3600
            latest = ends + give_up + 2 * 86400
            while not self._is_settled() and self.kernel.now < latest:
                self.kernel.run(self.kernel.now + 300)
        self.wall_seconds = time.perf_counter() - began
        return self

    def run_for(self, seconds: float) -> "World":
        with self._running():
            self.kernel.run(START + seconds)
        return self

    @contextmanager
    def _running(self) -> Iterator[None]:
        wire = Wire(self.kernel, self.outward, self.vendor)
        with isolated(self.kernel, lambda: wire, self.sink):
            self._start()
            try:
                yield
            finally:
                self.kernel.close()

    def _start(self) -> None:
        rng = self._rng("start")
        scenario, kernel = self.scenario, self.kernel
        for each in self.people:
            life = UserFlow(kernel, self.gateway, self.vendor, self._rng(each.name), each, scenario.profile)
            kernel.after(rng.random() * scenario.arrivals, lambda life=life, each=each: self._enter(each, life))  # type: ignore[misc]
        for each in self.flooders:
            self._flood(each, rng)
        self.people += self.flooders
        self._schedule = Schedule(kernel, self.stack, self.functions, rng, self.tally)
        if scenario.is_unreliable:
            self._schedule.unreliability = 0.05
            self.queue.duplicates = 0.05
            self.queue.failures = 0.02
            self.dynamodb.short_pages = 0.1
        kernel.spawn("schedule", lambda: self._schedule.run(self.due))
        for _ in range(self.stack.concurrency):
            kernel.spawn("queue", Polling(kernel, self.stack, self.functions, self.queue, rng).run)
        for _ in range(scenario.rotations):
            kernel.after(rng.random() * scenario.faults_end, self._rotate)

    def _flood(self, each: Person, rng: random.Random) -> None:
        """Begins within a minute, before the others."""
        life = UserFlow(self.kernel, self.gateway, self.vendor, self._rng(each.name), each, self.scenario.profile)
        run = functools.partial(life.flood, self.scenario.arrivals, 2.0)
        self.kernel.after(rng.random() * 60, lambda: self._spawn(each.name, run))

    def _spawn(self, name: str, run: Callable[[], None]) -> None:
        self.kernel.spawn(name, run)

    def _enter(self, each: Person, life: UserFlow) -> None:
        self.kernel.spawn(each.name, life.run)

    def _rotate(self) -> None:
        """The vendor first, the secret a little later."""
        self.vendor.rotate()
        self.tally.count("vendor", "rotation")
        new = self._credentials()
        self.kernel.after(self._rng("rotation").uniform(0, 60), lambda: self.secrets.__setitem__(_CREDENTIALS, new))

    def _become_reliable(self) -> None:
        self._schedule.unreliability = self.queue.duplicates = self.queue.failures = 0.0

    def _is_settled(self) -> bool:
        return not (self.open_people() or self.table_is_due() or self.queue.messages)

    def open_people(self) -> int:
        return self.kernel.running("person")

    def table_is_due(self) -> bool:
        return bool(len(self.due))

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` gives, made once: rules share what is dear."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def wrote(self, change: Change) -> None:
        """Told by the table of each change."""
        due_at = (change.after or {}).get("due_at")
        self.due.note(change.id, float(due_at["N"]) if due_at else None)

    def _credentials(self) -> str:
        return json.dumps({"client_id": "bridge", "client_secret": self.vendor.secret})

    def _client(self, service: str) -> Any:
        return self._clients[service]

    def _rng(self, purpose: str) -> random.Random:
        return random.Random(f"{self.seed}:{purpose}")


def _api_keys() -> str:
    scopes = ["verifications:write", "verifications:read", "verifications:read_result", "verifications:redact"]
    keys = [
        {
            "key_id": key[-4:],
            "sha256": hashlib.sha256(key.encode()).hexdigest(),
            "principal": principal,
            "scopes": scopes,
        }
        for key, principal in ((API_KEY, PRINCIPAL), (OTHER_KEY, OTHER_PRINCIPAL))
    ]
    return json.dumps({"keys": keys})


__all__ = ["BASE_URL", "START", "Scenario", "World"]
