"""Timeouts that depend on each other: each caller waits longer than its callee may take."""

import pytest

from bridge.aws import clients
from bridge.domain import schedule, webhook_retries
from bridge.outbound import public_post
from bridge.vendor import client as vendor_client
from bridge.vendor import transport as vendor_transport
from bridge.web.time_limit import RESERVE
from tests.sandbox import template, triggers

# In seconds. Fixed limits of API Gateway for an integration and for an authorizer.
API_GATEWAY = 30
AUTHORIZER = 10
# In seconds. A slow vendor may delay a person for this long.
MAX_PERSON_WAIT = 10
# In seconds. The time in finalize for the claim, the evidence and the status change of one verification.
STORE_CALLS = 2

TEMPLATE = template.read()
TIMEOUTS = {name: int(function["Timeout"]) for name, function in TEMPLATE.of_type("AWS::Lambda::Function").items()}
ROUTED = sorted({route.function for route in triggers.api(TEMPLATE, {"ttl/BearerKey": 0}).routes})
VENDOR_CALLERS = sorted(
    name
    for name, function in TEMPLATE.of_type("AWS::Lambda::Function").items()
    if "EKYC_API_URL" in function.get("Environment", {}).get("Variables", {})
)
QUEUES = TEMPLATE.of_type("AWS::SQS::Queue")
QUEUE, DELIVERIES = QUEUES["DueQueue"], QUEUES["DeliveryQueue"]
SOURCES = {
    source["EventSourceArn"]["Fn::GetAtt"][0]: source
    for source in TEMPLATE.of_type("AWS::Lambda::EventSourceMapping").values()
    if source["EventSourceArn"]["Fn::GetAtt"][0] in QUEUES
}
SOURCE = SOURCES["DueQueue"]
CONCURRENCY = {source.queue: source.max_concurrency or 0 for source in triggers.queue_sources(TEMPLATE)}
CHECKS_PER_MINUTE = TEMPLATE.document["Parameters"]["VendorCallsPerMinute"]["Default"]
FINALIZE, DELIVER = TIMEOUTS["FinalizeFunction"], TIMEOUTS["DeliverFunction"]
by_queue = pytest.mark.parametrize("queue", ["DueQueue", "DeliveryQueue"])


# botocore's standard mode, in seconds: the pauses before retries of a throttled call, and what AWS may add to each.
PAUSES = (1, 2)
MAX_ADDED_PAUSE = 5


@pytest.fixture(params=sorted(clients.ATTEMPTS))
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def unanswered_seconds(service: str) -> float:
    """Returns the seconds of all attempts of a call without any response."""
    return clients.ATTEMPTS[service] * (clients.CONNECT_TIMEOUT + clients.READ_TIMEOUT)


def throttled_seconds(service: str) -> float:
    """Returns the seconds of the pauses of a call that AWS throttles at each attempt."""
    return sum(pause + MAX_ADDED_PAUSE for pause in PAUSES[: clients.ATTEMPTS[service] - 1])


def test_the_vendors_timeouts_are_below_its_budget() -> None:
    assert 0 < vendor_transport.CONNECT_TIMEOUT < vendor_transport.READ_TIMEOUT < vendor_client.BUDGET < MAX_PERSON_WAIT


def test_only_these_functions_call_the_vendor() -> None:
    assert VENDOR_CALLERS == ["FinalizeFunction", "RedirectFunction", "VerificationsFunction"]


@pytest.mark.parametrize("name", VENDOR_CALLERS)
def test_a_function_outlives_the_vendor_budget_and_a_failing_storage_call(name: str, service: str) -> None:
    assert vendor_client.BUDGET + unanswered_seconds(service) < TIMEOUTS[name] - RESERVE
    assert vendor_client.BUDGET + throttled_seconds(service) < TIMEOUTS[name] - RESERVE


@pytest.mark.parametrize("name", ROUTED)
def test_a_function_ends_before_the_gateways_timeout(name: str) -> None:
    assert TIMEOUTS[name] < API_GATEWAY


def test_the_authorizer_outlives_a_failing_secret_and_ends_before_its_limit() -> None:
    slowest = max(unanswered_seconds("secretsmanager"), throttled_seconds("secretsmanager"))
    assert slowest < TIMEOUTS["AuthorizeFunction"] - RESERVE < AUTHORIZER


def test_finalize_has_time_for_a_whole_batch_with_a_slow_vendor() -> None:
    assert SOURCE["BatchSize"] * (vendor_client.BUDGET + STORE_CALLS) <= FINALIZE


def test_a_message_is_processed_before_the_resend_with_a_slow_vendor() -> None:
    longest = CHECKS_PER_MINUTE * (vendor_client.BUDGET + STORE_CALLS / 10) / CONCURRENCY["DueQueue"]
    assert longest < schedule.RESEND_SECONDS


def test_the_concurrency_suffices_for_the_rate_of_scheduled_checks() -> None:
    seconds_per_check = 2
    assert CONCURRENCY["DueQueue"] * 60 / seconds_per_check >= CHECKS_PER_MINUTE


@by_queue
def test_a_message_is_hidden_for_at_least_six_function_timeouts(queue: str) -> None:
    assert QUEUES[queue]["VisibilityTimeout"] >= 6 * TIMEOUTS[SOURCES[queue]["FunctionName"]["Ref"]]


@by_queue
def test_a_failed_message_does_not_fail_its_batch(queue: str) -> None:
    assert SOURCES[queue]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_deliver_outlives_an_exchange_and_a_failing_storage_call(service: str) -> None:
    assert public_post.CONNECT_TIMEOUT < public_post.BUDGET
    assert SOURCES["DeliveryQueue"]["BatchSize"] == 1
    assert public_post.BUDGET + max(unanswered_seconds(service), throttled_seconds(service)) < DELIVER - RESERVE


def test_sqs_can_hide_and_keep_a_webhook_until_it_is_given_up() -> None:
    # SQS counts the 12 hours from the receipt of the message.
    assert webhook_retries.LONGEST + DELIVER <= 12 * 3600
    # The last attempt begins before GIVE_UP_AFTER, and its failure is recorded before the message expires.
    longest = webhook_retries.GIVE_UP_AFTER + webhook_retries.LONGEST + DELIVERIES["VisibilityTimeout"]
    assert longest < DELIVERIES["MessageRetentionPeriod"]
    soonest = 0.9 * sum(webhook_retries.DELAYS)
    attempts = len(webhook_retries.DELAYS) + (webhook_retries.GIVE_UP_AFTER - soonest) / (0.9 * webhook_retries.LONGEST)
    assert attempts + 2 < DELIVERIES["RedrivePolicy"]["maxReceiveCount"]


def test_a_verification_is_not_sent_again_while_its_message_is_hidden() -> None:
    assert QUEUE["VisibilityTimeout"] < schedule.RESEND_SECONDS


def test_a_lease_outlives_its_function_and_ends_before_the_reservation() -> None:
    assert TIMEOUTS["VerificationsFunction"] < schedule.LEASE_SECONDS < schedule.RESERVATION_SECONDS


def test_a_claim_outlives_the_functions_that_make_it() -> None:
    assert all(TIMEOUTS[name] <= schedule.CLAIM_SECONDS for name in VENDOR_CALLERS)


def test_no_verification_is_due_again_within_the_minimum_check_interval() -> None:
    soonest = schedule.after_failure(0, 1, lambda low, high: low)
    assert min(soonest, schedule.CLAIM_SECONDS, schedule.RESEND_SECONDS) > schedule.MIN_CHECK_INTERVAL_SECONDS


def test_one_run_of_the_sweep_ends_before_the_next_begins() -> None:
    (every,) = triggers.schedules(TEMPLATE)
    assert TIMEOUTS[every.function] < every.seconds


@by_queue
def test_a_message_is_retried_and_becomes_a_dead_letter_before_it_expires(queue: str) -> None:
    receives = QUEUES[queue]["RedrivePolicy"]["maxReceiveCount"]
    assert receives >= 2
    assert receives * QUEUES[queue]["VisibilityTimeout"] < QUEUES[queue]["MessageRetentionPeriod"]


@by_queue
def test_dead_letters_are_kept_a_week_longer_than_the_queue_keeps_messages(queue: str) -> None:
    (dead, attribute) = QUEUES[queue]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"]
    assert (dead, attribute) == (queue.replace("Queue", "DeadLetterQueue"), "Arn")
    assert QUEUES[dead]["MessageRetentionPeriod"] - QUEUES[queue]["MessageRetentionPeriod"] >= 7 * 86400
