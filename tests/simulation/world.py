"""One simulated deployment: connects all parts, and runs them to the end."""

import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from . import stack
from .bucket import Bucket
from .bus import EventBus, Events
from .clients import S3, DynamoDb, SecretsManager, Sqs
from .dynamodb import Change, Table
from .event_sources import DueTimes, QueueMapping, Scheduler
from .external_calls import ExternalCalls
from .faults import FaultCounts, Plan
from .functions import SimulatedFunctions
from .gateway import Gateway
from .isolation import Powertools, isolated
from .kernel import Kernel
from .leaks import LogCapture
from .people import UserFlow
from .person import API_KEY, OTHER_KEY, OTHER_PRINCIPAL, PRINCIPAL, Person, Profile, person
from .queue import Queue
from .receivers import Endpoint, Receiver, Receivers
from .small_tables import AuditTable, EndpointsTable, RateTable, ResultsTable
from .start_flow import StartFlow
from .stream import Stream
from .trace import Trace
from .vendor import Vendor
from .vendor_adapter import VendorAdapter

# A Sunday, 01:00 UTC.
START = 1_772_326_800.0
_CREDENTIALS, _API_KEYS, _ENDPOINTS = "EkycCredentialsSecret", "ApiKeysSecret", "WebhookEndpointsSecret"
# Seconds in which a webhook is delivered or becomes a dead letter.
_DELIVERY_SECONDS = 4 * 86400


@dataclass(frozen=True, slots=True)
class Scenario:
    """The settings of a run. `plan(rng, begins)` returns the faults. Times are in seconds."""

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
    # The number of another caller's verifications, each of which is refreshed every ten seconds.
    flooders: int = 0
    endpoints: tuple[Endpoint, ...] = ()
    is_fair: bool = True


class SimulatedWorld:
    """A run of a scenario with a seed. `template` has the parameters' values; `stack` is made from it."""

    def __init__(self, seed: str, scenario: Scenario) -> None:
        self.seed = seed
        self.scenario = scenario
        parameters = {"EkycApiUrl": "https://vendor.example", "AllowedRedirectOrigins": "https://app.example.com"}
        self.template, self.stack = stack.read({**parameters, **scenario.parameters})
        self.parameters = self.template.parameters
        self.kernel = Kernel(START, Powertools())
        self.trace = Trace(self.kernel)
        self.fault_counts = FaultCounts()
        self.logs = LogCapture()
        self._cache: dict[str, Any] = {}
        self.wall_seconds = 0.0
        self._make_services(scenario)
        recycling = 0.02 if scenario.is_unreliable else 0.0
        self.functions = SimulatedFunctions(
            self.kernel, self.trace, self.stack.functions, self._rng("functions"), self._clients.__getitem__, recycling
        )
        self.streams = [
            Stream(self.kernel, source, self.functions, self._rng("stream")) for source in self.stack.streams
        ]
        throttles = stack.throttles(self.template)
        self.gateway = Gateway(self.kernel, self.trace, self.stack.api, throttles, self.functions, self._rng("gateway"))
        rng = self._rng("people")
        self.people = [person(number, rng, scenario.profile) for number in range(1, scenario.people + 1)]
        first = scenario.people + 1
        self.flooders = [
            person(number, rng, Profile(redacts=0.0)) for number in range(first, first + scenario.flooders)
        ]
        for each in self.flooders:
            each.api_key = OTHER_KEY

    def _make_services(self, scenario: Scenario) -> None:
        rng, kernel = self._rng("services"), self.kernel
        plan = scenario.plan(self._rng("faults"), START)
        self.calls = ExternalCalls(kernel, self.trace, plan, self.fault_counts, self._rng("latency"))
        self.due = DueTimes()
        self.table = Table(lambda: kernel.now, kernel.at, lambda: min(rng.expovariate(1 / 0.1), 20.0))
        self.table.on_change = self._record_change
        self.audit = AuditTable()
        self.bucket = Bucket(lambda: kernel.now)
        self.queues = {
            name: Queue(lambda: kernel.now, kernel.at, settings, rng)
            for name, settings in stack.queues(self.template).items()
        }
        self.queue, self.deliveries = self.queues["DueQueue"], self.queues["DeliveryQueue"]
        self.deliveries.is_fair = scenario.is_fair
        self.dead_letter_bodies: dict[str, list[str]] = {name: [] for name in stack.dead_letter_queues(self.template)}
        self.bus = EventBus(kernel, stack.event_pattern(self.template), self.deliveries, self._rng("bus"))
        self.receivers = {endpoint.name: Receiver(endpoint) for endpoint in scenario.endpoints}
        self.vendor = Vendor(
            lambda: kernel.now,
            kernel.after,
            self._rng("vendor"),
            lifetime=scenario.link_lifetime,
            skew=rng.uniform(-3600, 3600),
        )
        self.vendor.broken = scenario.broken_links
        endpoints = json.dumps({"endpoints": [endpoint.entry for endpoint in scenario.endpoints]})
        self.secrets = {_CREDENTIALS: self._credentials(), _API_KEYS: _api_keys(), _ENDPOINTS: endpoints}
        self.rate_table = RateTable()
        self.results, self.endpoints_table = ResultsTable(), EndpointsTable()
        self.dynamodb = DynamoDb(
            self.calls, self.table, self.audit, self.rate_table, self.results, self.endpoints_table
        )
        self._clients = {
            "dynamodb": self.dynamodb,
            "s3": S3(self.calls, self.bucket),
            "events": Events(self.calls, self.bus),
            "sqs": Sqs(self.calls, self.queues, self.dead_letter_bodies),
            "secretsmanager": SecretsManager(self.calls, self.secrets),
        }

    def run(self) -> "SimulatedWorld":
        """Runs until no work is left, or until work has been left for too long."""
        began = time.perf_counter()
        with self._running():
            ends = START + max(self.scenario.faults_end, self.scenario.arrivals)
            self.kernel.run(ends)
            self._set_unreliability(0.0)
            latest = ends + float(self.parameters["GiveUpHours"]) * 3600 + 2 * 86400 + _DELIVERY_SECONDS
            while not self._is_settled() and self.kernel.now < latest:
                self.kernel.run(self.kernel.now + 300)
        self.wall_seconds = time.perf_counter() - began
        return self

    def run_for(self, seconds: float) -> "SimulatedWorld":
        with self._running():
            self.kernel.run(START + seconds)
        return self

    @contextmanager
    def _running(self) -> Iterator[None]:
        adapter = VendorAdapter(self.kernel, self.calls, self.vendor)
        posts = Receivers(self.kernel, self.calls, self.receivers, self._rng("receivers"))
        self.logs.on_failure = self._record_failure
        with isolated(self.kernel, lambda: adapter, posts, self.logs):
            self._start()
            try:
                yield
            finally:
                self.kernel.close()

    def _start(self) -> None:
        rng, scenario, kernel = self._rng("start"), self.scenario, self.kernel
        for each in self.people:
            self._enter(each, rng.random() * scenario.arrivals, UserFlow.run)
        for each in self.flooders:
            # They begin within the first minute.
            self._enter(each, rng.random() * 300, partial(UserFlow.flood, seconds=scenario.arrivals, pause=10.0))
        self.people += self.flooders
        self._clocks = [
            Scheduler(kernel, schedule, self.functions, rng, self.fault_counts) for schedule in self.stack.schedules
        ]
        if scenario.is_unreliable:
            self._set_unreliability(0.05)
        for clock in self._clocks:
            kernel.spawn("schedule", partial(clock.run, self.due))
        for source in self.stack.queues:
            QueueMapping(kernel, source, self.functions, self.queues[source.queue], rng)
        for _ in range(scenario.rotations):
            kernel.after(rng.random() * scenario.faults_end, self._rotate)

    def _enter(self, each: Person, seconds: float, flow: Callable[[UserFlow], None]) -> None:
        """Starts a person's flow after `seconds`."""
        kind = StartFlow if each.opens else UserFlow
        steps = kind(self.kernel, self.gateway, self.vendor, self._rng(each.name), each, self.scenario.profile)
        self.kernel.after(seconds, partial(self.kernel.spawn, each.name, partial(flow, steps)))

    def _rotate(self) -> None:
        """Rotates the vendor's credentials; the secret follows within a minute."""
        self.vendor.rotate()
        self.fault_counts.count("vendor", "rotation")
        new = self._credentials()
        self.kernel.after(self._rng("rotation").uniform(0, 60), lambda: self.secrets.__setitem__(_CREDENTIALS, new))

    def _set_unreliability(self, probability: float) -> None:
        """Sets how often AWS skips or repeats schedules, repeats or rejects messages, and ends pages early."""
        for clock in self._clocks:
            clock.unreliability = probability
        for queue in self.queues.values():
            queue.duplicates, queue.failures = probability, probability * 0.4
        self.dynamodb.short_pages = probability * 2
        self.bus.unreliability = probability * 0.4
        for stream in self.streams:
            stream.unreliability = probability

    def _is_settled(self) -> bool:
        has_messages = any(queue.messages for queue in self.queues.values())
        has_events = self.bus.in_transit or any(map(len, self.streams))
        return not (self.open_people() or len(self.due) or has_messages or has_events)

    def open_people(self) -> int:
        return self.kernel.running("person")

    def cached(self, name: str, make: Callable[[], Any]) -> Any:
        """Returns the result of `make`, which is called once per name. Invariants share slow results."""
        if name not in self._cache:
            self._cache[name] = make()
        return self._cache[name]

    def _record_change(self, change: Change) -> None:
        due_at = (change.after or {}).get("due_at")
        self.due.record(change.id, float(due_at["N"]) if due_at else None)
        for stream in self.streams:
            stream.add(change)

    def _record_failure(self, message: str) -> None:
        if owner := self.calls.owner():
            owner.logged.append(message)

    def _credentials(self) -> str:
        return json.dumps({"client_id": "bridge", "client_secret": self.vendor.secret})

    def _rng(self, purpose: str) -> random.Random:
        return random.Random(f"{self.seed}:{purpose}")


def _api_keys() -> str:
    scopes = [f"verifications:{right}" for right in ("write", "read", "read_result", "redact")] + ["events:replay"]
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
