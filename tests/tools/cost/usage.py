"""The usage of a stack in the units of prices.json, counted in a simulation without faults."""

import dataclasses
import math
from collections import Counter

from tests.simulation import scenarios
from tests.simulation.functions import Invocation
from tests.simulation.items import size
from tests.simulation.leaks import LogCapture
from tests.simulation.person import Profile
from tests.simulation.receivers import Endpoint
from tests.simulation.world import SimulatedWorld

from .write_units import units

PEOPLE = 400
SEED = "1"
# The expected people: a fifth never return, a tenth never open their link, every result is read once.
USUAL = Profile(
    has_key=1.0, doubles_creation=0.02, never_opens=0.1, walks_away=0.1, skill=0.85, never_returns=0.2,
    returns_at_once=0.05, clicks_again=0.1, comes_late=0.02, polls=0.2, refreshes=0.02, reads=1.0, redacts=0.02,
    dawdles=0.2, inconsistent=0.0, last_minute=0.02, leaves=0.02, replays=0.0,
)  # fmt: skip
# The same people with a start page. They or a mail scanner open it once or twice. A tenth leave a link unfinished, and
# most of them start again.
START_PAGE = dataclasses.replace(
    USUAL, on_open=1.0, valid_for=(86400,), scanned=1.0, abandons=0.1, starts_again=0.7, taps_twice=0.1,
    taps_later=0.0, stored_late=0.0,
)  # fmt: skip
ONE_ENDPOINT = (Endpoint("crm"),)

# Values that the simulation lacks. Bytes of Lambda's three log lines per invocation, and of an access log line.
PLATFORM_LINES = 400
ACCESS_LINE = 350
# Bytes that a webhook sends besides its body: its headers, and our part of a TLS handshake.
WEBHOOK = 2_000
# Bytes of a gzipped vendor record with its pictures, which hardly shrink.
EVIDENCE = 300_000
# High estimates of the processor seconds of an invocation and of a cold start (docs/performance.md), and the share of
# cold starts. Lambda gives a whole processor to 1 769 MB, and a share of one to less memory.
PROCESSOR, COLD_START, COLD = 0.008, 0.35, 0.01
WHOLE_PROCESSOR = 1769 / 1024
# Our own metrics that exist without traffic: OldestDueSeconds.
STEADY_METRICS = 1
# Minutes of a month, and its polls of an idle queue: Lambda's five pollers each make a long poll every 20 s.
MINUTES = 30 * 24 * 60
POLLS_OF_A_QUEUE = 5 * 3 * MINUTES

_GB = 1e9
_PUTS = {"PutObject", "ListObjectVersions"}
_GETS = {"GetObject"}
_WRITES = {"PutItem", "UpdateItem", "DeleteItem"}
_SENDS = {"SendMessageBatch", "SendMessage", "ChangeMessageVisibility"}


class _Counting(LogCapture):
    """Counts our own log lines, which are JSON. The simulation also captures the DEBUG lines of libraries."""

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
    """A run of the simulation, and the calls of each function."""

    def __init__(self, endpoints: tuple[Endpoint, ...] = (), profile: Profile = USUAL) -> None:
        calm = scenarios.calm(SEED, PEOPLE)
        self.world = SimulatedWorld(SEED, dataclasses.replace(calm, profile=profile, endpoints=endpoints))
        self.world.logs = self.log = _Counting()
        self.world.run()
        # (function, service, operation) of each call.
        self.calls = Counter(
            (call.by.function if call.by else "", call.service, call.operation) for call in self.world.calls.made
        )
        # The memory in GB by function.
        self.memory = {each.code.name: each.memory / 1024 for each in self.world.stack.functions.values()}

    @property
    def verifications(self) -> int:
        return len(self.world.table.items)

    def operations(self, service: str, names: set[str]) -> int:
        return sum(count for (_, of, name), count in self.calls.items() if of == service and name in names)


def of_verifications(run: Run) -> dict[str, float]:
    """Returns the usage of 1 000 verifications, without the usage of an idle stack."""
    invocations = [each for each in run.world.functions.invocations if each.function != "sweep"]
    requests = sum(each.function in ("verifications", "redirect", "about") for each in invocations)
    messages = sum(each.function in ("finalize", "deliver") for each in invocations)
    # The event bus sends each event to the queue in its own request.
    sends = run.operations("sqs", _SENDS) + len(run.world.bus.accepted)
    webhooks = [webhook for receiver in run.world.receivers.values() for webhook in receiver.webhooks]
    secrets = run.operations("secretsmanager", {"GetSecretValue"})
    log = run.log.bytes + PLATFORM_LINES * len(invocations) + ACCESS_LINE * requests
    stored = [key for key, _ in run.world.bucket.versions("")]
    evidence = sum(map(_months_stored, stored)) * EVIDENCE / _GB
    records = sum(size(item) for item in run.world.table.items.values()) / _GB
    used = {
        "API Gateway: HTTP API requests": requests,
        "CloudWatch: logs taken in, GB": log / _GB,
        "DynamoDB: backups, GB-month": records,
        "DynamoDB: read request units": _read_units(run),
        "DynamoDB: storage, GB-month": records,
        "DynamoDB: write request units": sum(map(units, run.world.table.stream))
        + _failed_writes(run)
        + _audit_writes(run)
        + _rate_limiter_writes(run)
        + _result_writes(run),
        "EC2: transfer out, GB": sum(_bytes_out(each) for each in invocations) / _GB
        + sum(len(webhook.body) + WEBHOOK for webhook in webhooks) / _GB,
        "EventBridge: custom events": len(run.world.bus.accepted),
        # Reads of secrets, and the data keys of tables and queues. The bucket has a bucket key.
        "KMS: requests": secrets + _data_keys(run),
        "Lambda: GB-seconds (arm64)": sum(gb_seconds(each, run.memory[each.function]) for each in invocations),
        "Lambda: requests": len(invocations),
        "S3: GET requests": run.operations("s3", _GETS),
        "S3: PUT and LIST requests": run.operations("s3", _PUTS),
        "S3: storage, GB-month": evidence,
        "SQS: requests": sends + 2 * messages,
        "Secrets Manager: requests": secrets,
    }
    return {name: amount * 1000 / run.verifications for name, amount in used.items()}


def of_an_idle_month(run: Run) -> dict[str, float]:
    """Returns the usage of thirty days without requests, except for the storage of earlier records."""
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
        # A query of an index takes half a unit.
        "DynamoDB: read request units": MINUTES * queries * 0.5,
        "CloudWatch: metrics, per month": STEADY_METRICS,
        "KMS: keys, per month": kinds["AWS::KMS::Key"],
        "Lambda: GB-seconds (arm64)": MINUTES * gb_seconds(idle, run.memory[idle.function]),
        # The sweep runs every minute, and DynamoDB caches the table's data key for five minutes.
        "KMS: requests": MINUTES / 5,
        "Lambda: requests": MINUTES,
        # Each sweep requests the queue's number of messages.
        "SQS: requests": polls + MINUTES,
        "Secrets Manager: requests": 0,
        "Secrets Manager: secrets, per month": kinds["AWS::SecretsManager::Secret"],
    }


def _data_keys(run: Run) -> int:
    """Returns the requests for data keys. DynamoDB caches a caller's key for 5 minutes, SQS for a configured hour."""
    seconds = {
        "verifications": (300,),
        "redirect": (300,),
        "finalize": (300, 3600),
        "publish": (300,),
        # deliver reads the table of endpoints only if there are any.
        "deliver": (300, 3600) if run.world.receivers else (3600,),
    }
    windows = {
        (each.function, span, each.started // span)
        for each in run.world.functions.invocations
        for span in seconds.get(each.function, ())
    }
    return len(windows)


def _months_stored(key: str) -> float:
    """Returns how long an object is stored within a month: the vendor's record all of it, a picture one day."""
    return 1.0 if key.startswith("records/") else 1 / 30


def gb_seconds(invocation: Invocation, memory: float) -> float:
    """Returns GB-seconds of waiting with `memory` GB, and of work, which takes longer with less memory."""
    work = (PROCESSOR + COLD * COLD_START) * max(WHOLE_PROCESSOR, memory)
    return memory * (invocation.ended - invocation.started) + work


def _rate_limiter_writes(run: Run) -> int:
    """Returns one unit for each write, because an item of the rate limiter is smaller than a KB."""
    return run.operations("dynamodb", {"UpdateItem rate"})


def _result_writes(run: Run) -> int:
    """Returns the units for the vendor's fields."""
    sizes = [math.ceil(size(item) / 1024) for item in run.world.results.items.values()]
    return math.ceil(sum(sizes) / len(sizes) * run.operations("dynamodb", {"PutItem results"}))


def _failed_writes(run: Run) -> int:
    """Returns two units for each failed condition, which costs a write. Nearly all items have at most two KB."""
    return 2 * max(run.operations("dynamodb", _WRITES) - len(run.world.table.stream), 0)


def _audit_writes(run: Run) -> int:
    """Returns one unit for each entry of the audit trail, which is small and in no index."""
    return run.operations("dynamodb", {"PutItem audit"})


def _read_units(run: Run) -> float:
    """Returns one unit per started 4 KB of consistent reads, and half a unit per other read, without the sweeps."""
    items = run.world.table.items.values()
    per_item = max(math.ceil(size(item) / 4096) for item in items)
    queries = run.operations("dynamodb", {"Query by_reference", "GetItem endpoints"})
    return per_item * run.operations("dynamodb", {"GetItem", "GetItem results", "BatchGetItem"}) + 0.5 * queries


def _bytes_out(invocation: Invocation) -> int:
    result = None if invocation.is_downstream else invocation.result
    return len(str(result.get("body", ""))) + 400 if isinstance(result, dict) else 0
