"""Timeouts that depend on each other: each caller waits longer than what it calls may take."""

import pytest

from bridge.aws import clients
from bridge.domain import schedule, webhook_retries
from bridge.outbound import public_post
from bridge.vendor import client as vendor_client
from bridge.vendor import transport as vendor_transport
from bridge.web.time_limit import RESERVE
from tests.sandbox import template, triggers

# Seconds. API Gateway's own limits, which nobody can raise: on an integration, and on an authorizer.
API_GATEWAY = 30
AUTHORIZER = 10
# Seconds that a person may be held by a slow vendor.
PATIENCE = 10
# Seconds that finalize has for the claim, the evidence and the status change of one verification.
STORE_CALLS = 2

TEMPLATE = template.read()
TIMEOUTS = {name: int(function["Timeout"]) for name, function in TEMPLATE.of_type("AWS::Lambda::Function").items()}
ROUTED = sorted({route.function for route in triggers.api(TEMPLATE, {"ttl/BearerKey": 0}).routes})
ASKING = sorted(
    name
    for name, function in TEMPLATE.of_type("AWS::Lambda::Function").items()
    if "EKYC_API_URL" in function.get("Environment", {}).get("Variables", {})
)
QUEUES = TEMPLATE.of_type("AWS::SQS::Queue")
QUEUE, DELIVERIES = QUEUES["DueQueue"], QUEUES["DeliveryQueue"]
SOURCES = {
    its["EventSourceArn"]["Fn::GetAtt"][0]: its
    for its in TEMPLATE.of_type("AWS::Lambda::EventSourceMapping").values()
    if its["EventSourceArn"]["Fn::GetAtt"][0] in QUEUES
}
SOURCE = SOURCES["DueQueue"]
CONCURRENCY = {source.queue: source.max_concurrency or 0 for source in triggers.queue_sources(TEMPLATE)}
CHECKS_PER_MINUTE = TEMPLATE.document["Parameters"]["VendorCallsPerMinute"]["Default"]
FINALIZE, DELIVER = TIMEOUTS["FinalizeFunction"], TIMEOUTS["DeliverFunction"]
by_queue = pytest.mark.parametrize("queue", ["DueQueue", "DeliveryQueue"])


# botocore's standard mode: seconds before another attempt after a throttle, without and with AWS's own wish.
PAUSES = (1, 2)
MOST_THAT_AWS_MAY_ASK_FOR = 5


@pytest.fixture(params=sorted(clients.ATTEMPTS))
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def never_answers(service: str) -> float:
    """Seconds of a call that never gets a response, all attempts together."""
    return clients.ATTEMPTS[service] * (clients.CONNECT_TIMEOUT + clients.READ_TIMEOUT)


def throttled(service: str) -> float:
    """Seconds of the pauses of a call that AWS throttles, and asks to wait each time."""
    return sum(pause + MOST_THAT_AWS_MAY_ASK_FOR for pause in PAUSES[: clients.ATTEMPTS[service] - 1])


def test_the_vendors_timeouts_are_below_its_budget() -> None:
    assert 0 < vendor_transport.CONNECT_TIMEOUT < vendor_transport.READ_TIMEOUT < vendor_client.BUDGET < PATIENCE


def test_these_functions_ask_the_vendor() -> None:
    assert ASKING == ["FinalizeFunction", "RedirectFunction", "VerificationsFunction"]


@pytest.mark.parametrize("name", ASKING)
def test_a_function_outlives_the_vendors_budget_and_a_storage_call_that_fails(name: str, service: str) -> None:
    assert vendor_client.BUDGET + never_answers(service) < TIMEOUTS[name] - RESERVE
    assert vendor_client.BUDGET + throttled(service) < TIMEOUTS[name] - RESERVE


@pytest.mark.parametrize("name", ROUTED)
def test_a_function_ends_before_the_gateway_gives_up(name: str) -> None:
    assert TIMEOUTS[name] < API_GATEWAY


def test_the_authorizer_ends_with_the_gateways_patience_and_outlives_a_secret_that_is_not_given() -> None:
    slowest = max(never_answers("secretsmanager"), throttled("secretsmanager"))
    assert slowest < TIMEOUTS["AuthorizeFunction"] - RESERVE < AUTHORIZER


def test_a_whole_batch_fits_into_finalize_however_slow_the_vendor_is() -> None:
    assert SOURCE["BatchSize"] * (vendor_client.BUDGET + STORE_CALLS) <= FINALIZE


def test_no_message_waits_until_it_is_sent_again_however_slow_the_vendor_is() -> None:
    longest = CHECKS_PER_MINUTE * (vendor_client.BUDGET + STORE_CALLS / 10) / CONCURRENCY["DueQueue"]
    assert longest < schedule.RESEND_SECONDS


def test_as_many_checks_run_at_once_as_the_rate_of_scheduled_checks_needs() -> None:
    seconds_per_check = 2
    assert CONCURRENCY["DueQueue"] * 60 / seconds_per_check >= CHECKS_PER_MINUTE


@by_queue
def test_a_message_is_hidden_for_six_times_as_long_as_its_function_runs(queue: str) -> None:
    assert QUEUES[queue]["VisibilityTimeout"] >= 6 * TIMEOUTS[SOURCES[queue]["FunctionName"]["Ref"]]


@by_queue
def test_one_that_fails_does_not_take_its_batch_with_it(queue: str) -> None:
    assert SOURCES[queue]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_deliver_outlives_an_exchange_and_a_storage_call_that_fails(service: str) -> None:
    assert public_post.CONNECT_TIMEOUT < public_post.BUDGET
    assert SOURCES["DeliveryQueue"]["BatchSize"] == 1
    assert public_post.BUDGET + max(never_answers(service), throttled(service)) < DELIVER - RESERVE


def test_a_webhook_is_hidden_no_longer_than_sqs_can_and_tried_until_it_is_given_up() -> None:
    # SQS counts from when the message was received.
    assert webhook_retries.LONGEST + DELIVER <= 12 * 3600
    # The last attempt begins within the time, and what it fails with is written down by then.
    longest = webhook_retries.GIVE_UP_AFTER + webhook_retries.LONGEST + DELIVERIES["VisibilityTimeout"]
    assert longest < DELIVERIES["MessageRetentionPeriod"]
    soonest = 0.9 * sum(webhook_retries.DELAYS)
    attempts = len(webhook_retries.DELAYS) + (webhook_retries.GIVE_UP_AFTER - soonest) / (0.9 * webhook_retries.LONGEST)
    assert attempts + 2 < DELIVERIES["RedrivePolicy"]["maxReceiveCount"]


def test_a_verification_is_not_sent_again_while_its_message_is_hidden() -> None:
    assert QUEUE["VisibilityTimeout"] < schedule.RESEND_SECONDS


def test_a_lease_outlives_the_function_that_holds_it_and_ends_before_the_reservation_does() -> None:
    assert TIMEOUTS["VerificationsFunction"] < schedule.LEASE_SECONDS < schedule.RESERVATION_SECONDS


def test_a_claim_outlives_the_functions_that_make_it() -> None:
    assert all(TIMEOUTS[name] <= schedule.CLAIM_SECONDS for name in ASKING)


def test_nobody_is_due_again_before_the_vendor_may_be_asked_again() -> None:
    soonest = schedule.after_failure(0, 1, lambda low, high: low)
    assert min(soonest, schedule.CLAIM_SECONDS, schedule.RESEND_SECONDS) > schedule.MIN_CHECK_INTERVAL_SECONDS


def test_one_run_of_the_sweep_ends_before_the_next_begins() -> None:
    (every,) = triggers.schedules(TEMPLATE)
    assert TIMEOUTS[every.function] < every.seconds


@by_queue
def test_a_message_is_tried_some_times_and_reaches_the_dead_letters_before_it_is_too_old(queue: str) -> None:
    receives = QUEUES[queue]["RedrivePolicy"]["maxReceiveCount"]
    assert receives >= 2
    assert receives * QUEUES[queue]["VisibilityTimeout"] < QUEUES[queue]["MessageRetentionPeriod"]


@by_queue
def test_dead_letters_are_kept_longer_than_the_queue_keeps_messages_for_their_age_is_not_begun_anew(queue: str) -> None:
    (dead, attribute) = QUEUES[queue]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"]
    assert (dead, attribute) == (queue.replace("Queue", "DeadLetterQueue"), "Arn")
    assert QUEUES[dead]["MessageRetentionPeriod"] - QUEUES[queue]["MessageRetentionPeriod"] >= 7 * 86400
