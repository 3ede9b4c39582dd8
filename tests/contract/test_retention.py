"""How long personal data is stored: every store has a limit, given by a parameter where there is one."""

from typing import Any

import pytest

from tests.sandbox import template

RETENTION_DAYS = 30
TEMPLATE = template.read()
PARAMETERS = TEMPLATE.document["Parameters"]
BUCKET = TEMPLATE.of_type("AWS::S3::Bucket")["EvidenceBucket"]
RULES: list[dict[str, Any]] = BUCKET["LifecycleConfiguration"]["Rules"]


def days(value: Any) -> int:
    number: int = PARAMETERS[value["Ref"]]["Default"] if isinstance(value, dict) else value
    return number


def days_until_gone(key: str) -> float:
    """Returns the days from the write of an object until the enabled rules have deleted all its versions."""
    rules = [rule for rule in RULES if rule["Status"] == "Enabled" and key.startswith(rule.get("Prefix", ""))]
    never = float("inf")
    # With versions, an expired object gets a delete marker first. Then its noncurrent version is deleted.
    hidden = min((days(rule["ExpirationInDays"]) for rule in rules if "ExpirationInDays" in rule), default=never)
    expiring = [rule["NoncurrentVersionExpiration"] for rule in rules if "NoncurrentVersionExpiration" in rule]
    kept = [each for each in expiring if "NewerNoncurrentVersions" in each]
    after = min((days(each["NoncurrentDays"]) for each in expiring), default=never)
    return never if kept else hidden + after


@pytest.mark.parametrize(
    ("key", "expected_days"), [("records/ver_a/b.json.gz", RETENTION_DAYS + 1), ("pictures/ver_a/b", 2)]
)
def test_evidence_outlives_the_retention_by_at_most_a_day(key: str, expected_days: int) -> None:
    assert BUCKET["VersioningConfiguration"]["Status"] == "Enabled"
    assert days(PARAMETERS["RetentionDays"]["Default"]) == RETENTION_DAYS
    assert days_until_gone(key) == expected_days


def test_the_retention_of_evidence_is_the_parameter() -> None:
    (default_rule,) = [rule for rule in RULES if "Prefix" not in rule]
    assert default_rule["ExpirationInDays"] == {"Ref": "RetentionDays"}
    # An unfinished upload is no object, so it needs its own rule.
    assert default_rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


@pytest.mark.parametrize(("table", "backup_days"), [("VerificationsTable", 7), ("AuditTable", 35)])
def test_a_table_has_a_ttl_and_backups_for_a_limited_time(table: str, backup_days: int) -> None:
    declared = TEMPLATE.of_type("AWS::DynamoDB::Table")[table]
    assert declared["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert declared["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] == backup_days


def test_every_function_that_writes_verifications_has_the_same_retention() -> None:
    functions = TEMPLATE.of_type("AWS::Lambda::Function")
    with_table = {
        name: function["Environment"]["Variables"]
        for name, function in functions.items()
        if "TABLE_NAME" in function.get("Environment", {}).get("Variables", {})
    }
    assert with_table.keys() == {"VerificationsFunction", "RedirectFunction", "SweepFunction", "FinalizeFunction"}
    assert all(variables["RETENTION_DAYS"] == {"Ref": "RetentionDays"} for variables in with_table.values())


@pytest.mark.parametrize("queue", ["DueQueue", "DueDeadLetterQueue", "DeliveryQueue", "DeliveryDeadLetterQueue"])
def test_no_queue_keeps_messages_for_more_than_two_weeks(queue: str) -> None:
    assert 0 < TEMPLATE.of_type("AWS::SQS::Queue")[queue]["MessageRetentionPeriod"] <= 14 * 86400
