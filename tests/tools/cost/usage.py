"""What a stack uses, counted in a run of the simulation in which nothing goes wrong, in the units of prices.json."""

import dataclasses
import math
from collections import Counter

from tests.simulation import scenarios
from tests.simulation.dynamodb import Change, Index
from tests.simulation.expressions import Item
from tests.simulation.functions import Invocation
from tests.simulation.items import size
from tests.simulation.leaks import LogCapture
from tests.simulation.person import Profile
from tests.simulation.receivers import Endpoint
from tests.simulation.world import World

PEOPLE = 400
SEED = "1"
# People as we expect them: a fifth never come back, a tenth never open their link, every result is read once.
USUAL = Profile(
    has_key=1.0, doubles_creation=0.02, never_opens=0.1, walks_away=0.1, skill=0.85, never_returns=0.2,
    returns_at_once=0.05, clicks_again=0.1, comes_late=0.02, polls=0.2, refreshes=0.02, reads=1.0, redacts=0.02,
    dawdles=0.2, inconsistent=0.0, last_minute=0.02, leaves=0.02, replays=0.0,
)  # fmt: skip
# The same people with a start page. It is opened once or twice, by them or by what scans their mail; a tenth leave a
# link unfinished, and most of them begin again.
START_PAGE = dataclasses.replace(
    USUAL, on_open=1.0, valid_for=(86400,), scanned=1.0, abandons=0.1, starts_again=0.7, taps_twice=0.1,
    taps_later=0.0, stored_late=0.0,
)  # fmt: skip
ONE_ENDPOINT = (Endpoint("crm"),)

# What the simulation does not know. Bytes: Lambda's three lines around each invocation; a line of the access log.
PLATFORM_LINES = 400
ACCESS_LINE = 350
# Bytes that a webhook sends beside its body: its headers, and our part of a TLS handshake.
WEBHOOK = 2_000
# Bytes of one record of the vendor with its pictures, gzipped (pictures hardly shrink).
EVIDENCE = 300_000
# Seconds that an invocation, and a cold start, keep a whole processor busy (docs/performance.md), generously, and the
# part of invocations that start cold. Lambda gives a whole processor to 1 769 MB, and to less memory a part of one.
PROCESSOR, COLD_START, COLD = 0.008, 0.35, 0.01
WHOLE_PROCESSOR = 1769 / 1024
# Metrics of our own that are there while nothing happens: OldestDueSeconds.
STEADY_METRICS = 1
# A month in which nothing happens: one long poll of 20 s after another, by Lambda's five pollers of a queue.
MINUTES = 30 * 24 * 60
POLLS_OF_A_QUEUE = 5 * 3 * MINUTES

_GB = 1e9
_PUTS = {"PutObject", "ListObjectVersions"}
_GETS = {"GetObject"}
_WRITES = {"PutItem", "UpdateItem", "DeleteItem"}
_SENDS = {"SendMessageBatch", "SendMessage", "ChangeMessageVisibility"}


class _Counting(LogCapture):
    """Counts our own lines, which are JSON; the simulation also has those that a library would write on DEBUG."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0
        self.entries = 0

    def write(self, text: str) -> int:
        if text.startswith("{"):
            self.bytes += len(text.encode())
            self.entries += 1
        return super().write(text)


class Run:
    """A run, and what each function called in it."""

    def __init__(self, endpoints: tuple[Endpoint, ...] = (), profile: Profile = USUAL) -> None:
        calm = scenarios.calm(SEED, PEOPLE)
        self.world = World(SEED, dataclasses.replace(calm, profile=profile, endpoints=endpoints))
        self.world.logs = self.log = _Counting()
        self.world.run()
        # (function, service, operation) of each call.
        self.calls = Counter(
            (call.by.function if call.by else "", call.service, call.operation) for call in self.world.calls.made
        )
        # GB by function.
        self.memory = {each.code.name: each.memory / 1024 for each in self.world.stack.functions.values()}

    @property
    def verifications(self) -> int:
        return len(self.world.table.items)

    def operations(self, service: str, names: set[str]) -> int:
        return sum(count for (_, of, name), count in self.calls.items() if of == service and name in names)


def of_verifications(run: Run, count: int = 1000) -> dict[str, float]:
    """Of so many verifications, but for what would also run if there were none."""
    invocations = [each for each in run.world.functions.invocations if each.function != "sweep"]
    requests = sum(each.function in ("verifications", "redirect", "about") for each in invocations)
    messages = sum(each.function in ("finalize", "deliver") for each in invocations)
    # The rule sends each event by itself.
    sends = run.operations("sqs", _SENDS) + len(run.world.bus.accepted)
    webhooks = [webhook for receiver in run.world.receivers.values() for webhook in receiver.webhooks]
    secrets = run.operations("secretsmanager", {"GetSecretValue"})
    log = run.log.bytes + PLATFORM_LINES * len(invocations) + ACCESS_LINE * requests
    kept = [key for key, _ in run.world.bucket.versions("")]
    evidence = sum(map(_kept, kept)) * EVIDENCE / _GB
    records = sum(size(item) for item in run.world.table.items.values()) / _GB
    used = {
        "API Gateway: HTTP API requests": requests,
        "CloudWatch: logs taken in, GB": log / _GB,
        "DynamoDB: backups, GB-month": records,
        "DynamoDB: read request units": _read_units(run),
        "DynamoDB: storage, GB-month": records,
        "DynamoDB: write request units": write_units(run.world.table.stream)
        + _failed_writes(run)
        + _audited(run)
        + _rated(run)
        + _results(run),
        "EC2: transfer out, GB": sum(_bytes_out(each) for each in invocations) / _GB
        + sum(len(webhook.body) + WEBHOOK for webhook in webhooks) / _GB,
        "EventBridge: custom events": len(run.world.bus.accepted),
        # Each secret that was read, and the data keys of table and queue; the bucket has a key of its own.
        "KMS: requests": secrets + _data_keys(run),
        "Lambda: GB-seconds (arm64)": sum(gb_seconds(each, run.memory[each.function]) for each in invocations),
        "Lambda: requests": len(invocations),
        "S3: GET requests": run.operations("s3", _GETS),
        "S3: PUT and LIST requests": run.operations("s3", _PUTS),
        "S3: storage, GB-month": evidence,
        "SQS: requests": sends + 2 * messages,
        "Secrets Manager: requests": secrets,
    }
    return {name: amount * count / run.verifications for name, amount in used.items()}


def of_an_idle_month(run: Run) -> dict[str, float]:
    """Of thirty days without a request, except for the storage of earlier records."""
    sweeps = [each for each in run.world.functions.invocations if each.function == "sweep"]
    idle = min(sweeps, key=lambda each: each.ended - each.started)
    queries = run.calls["sweep", "dynamodb", "Query due"] / len(sweeps)
    resources = run.world.template.document["Resources"].values()
    kinds = Counter(item["Type"] for item in resources)
    mappings = [item["Properties"] for item in resources if item["Type"] == "AWS::Lambda::EventSourceMapping"]
    # Lambda reads the stream without charge.
    polls = POLLS_OF_A_QUEUE * sum("FilterCriteria" not in each for each in mappings)
    return {
        "CloudWatch: alarms, per month": kinds["AWS::CloudWatch::Alarm"],
        "CloudWatch: logs taken in, GB": MINUTES * (PLATFORM_LINES + run.log.bytes / run.log.entries) / _GB,
        # An index is read in halves of a unit.
        "DynamoDB: read request units": MINUTES * queries * 0.5,
        "CloudWatch: metrics, per month": STEADY_METRICS,
        "KMS: keys, per month": kinds["AWS::KMS::Key"],
        "Lambda: GB-seconds (arm64)": MINUTES * gb_seconds(idle, run.memory[idle.function]),
        # The sweep keeps its data key of the table for five minutes, and calls every minute.
        "KMS: requests": MINUTES / 5,
        "Lambda: requests": MINUTES,
        # The sweep asks how many messages wait.
        "SQS: requests": polls + MINUTES,
        "Secrets Manager: requests": 0,
        "Secrets Manager: secrets, per month": kinds["AWS::SecretsManager::Secret"],
    }


def _data_keys(run: Run) -> int:
    """Requests for data keys: DynamoDB keeps one for each caller for five minutes, SQS for an hour, as configured."""
    seconds = {
        "verifications": (300,),
        "redirect": (300,),
        "finalize": (300, 3600),
        "publish": (300,),
        # The table that says which endpoints are off is read where there is one.
        "deliver": (300, 3600) if run.world.receivers else (3600,),
    }
    windows = {
        (each.function, span, each.started // span)
        for each in run.world.functions.invocations
        for span in seconds.get(each.function, ())
    }
    return len(windows)


def _kept(key: str) -> float:
    """The part of a month that an object is kept for: the vendor's record all of it, pictures cut out of it a day."""
    return 1.0 if key.startswith("records/") else 1 / 30


def gb_seconds(invocation: Invocation, memory: float) -> float:
    """Of its waiting, by the memory (GB) of its function, and of its work, which takes longer with less memory."""
    work = (PROCESSOR + COLD * COLD_START) * max(WHOLE_PROCESSOR, memory)
    return memory * (invocation.ended - invocation.started) + work


def write_units(changes: list[Change]) -> int:
    """Each started KB of the item, and each entry of an index that comes, goes or moves."""
    return sum(units(change) for change in changes)


def units(change: Change) -> int:
    """Write request units of one change."""
    return _kilobytes(change.before, change.after) + sum(_moved(index, change) for index in _indexes())


def _moved(index: Index, change: Change) -> int:
    before, after = index.entry(change.before), index.entry(change.after)
    if before == after:
        return 0
    if before and after and all(before[name] == after[name] for name in (index.partition, index.sort)):
        # Only a projected attribute changed.
        return 1
    return (before is not None) + (after is not None)


def _indexes() -> list[Index]:
    return [
        Index("due_shard", "due_at"),
        Index("reference_key", "created_at"),
        Index("created_day", "owner_created", ("status",)),
    ]


def _kilobytes(*items: Item | None) -> int:
    return max(math.ceil(size(item) / 1024) for item in items if item is not None)


def _rated(run: Run) -> int:
    """A window of the rate limiter is smaller than a KB."""
    return run.operations("dynamodb", {"UpdateItem rate"})


def _results(run: Run) -> int:
    """Write request units of the vendor's fields."""
    sizes = [math.ceil(size(item) / 1024) for item in run.world.results.items.values()]
    return math.ceil(sum(sizes) / len(sizes) * run.operations("dynamodb", {"PutItem results"}))


def _failed_writes(run: Run) -> int:
    """Conditions that did not hold cost as much as a write; the items are of two KB at most, nearly all."""
    return 2 * max(run.operations("dynamodb", _WRITES) - len(run.world.table.stream), 0)


def _audited(run: Run) -> int:
    """One unit for each entry of the audit trail; they are small, and in no index."""
    return run.operations("dynamodb", {"PutItem audit"})


def _read_units(run: Run) -> float:
    """Consistent reads of items, each started 4 KB; others in halves. The sweeps' own are in the idle month."""
    items = run.world.table.items.values()
    dear = max(math.ceil(size(item) / 4096) for item in items)
    queries = run.operations("dynamodb", {"Query by_reference", "GetItem endpoints"})
    return dear * run.operations("dynamodb", {"GetItem", "GetItem results", "BatchGetItem"}) + 0.5 * queries


def _bytes_out(invocation: Invocation) -> int:
    result = None if invocation.is_downstream else invocation.result
    return len(str(result.get("body", ""))) + 400 if isinstance(result, dict) else 0
