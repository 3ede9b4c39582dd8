"""How long personal data rests where: each place by its parameter, and no place without an end."""

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
    """Days from when an object is written until no version of it is left, by the rules that are on."""
    rules = [rule for rule in RULES if rule["Status"] == "Enabled" and key.startswith(rule.get("Prefix", ""))]
    never = float("inf")
    # An object of a bucket with versions is marked as deleted first, and goes as a version that is current no more.
    hidden = min((days(rule["ExpirationInDays"]) for rule in rules if "ExpirationInDays" in rule), default=never)
    expiring = [rule["NoncurrentVersionExpiration"] for rule in rules if "NoncurrentVersionExpiration" in rule]
    kept = [each for each in expiring if "NewerNoncurrentVersions" in each]
    after = min((days(each["NoncurrentDays"]) for each in expiring), default=never)
    return never if kept else hidden + after


@pytest.mark.parametrize(
    ("key", "gone_after"), [("records/ver_a/b.json.gz", RETENTION_DAYS + 1), ("pictures/ver_a/b", 2)]
)
def test_no_version_of_evidence_outlives_the_retention_by_more_than_a_day(key: str, gone_after: int) -> None:
    assert BUCKET["VersioningConfiguration"]["Status"] == "Enabled"
    assert days(PARAMETERS["RetentionDays"]["Default"]) == RETENTION_DAYS
    assert days_until_gone(key) == gone_after


def test_the_retention_of_evidence_is_the_parameter_and_no_number() -> None:
    (whole,) = [rule for rule in RULES if "Prefix" not in rule]
    assert whole["ExpirationInDays"] == {"Ref": "RetentionDays"}
    # What was begun and never ended is no object, and has its own end.
    assert whole["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


@pytest.mark.parametrize(("table", "backup_days"), [("VerificationsTable", 7), ("AuditTable", 35)])
def test_a_table_forgets_what_its_ttl_says_and_its_backups_soon_after(table: str, backup_days: int) -> None:
    declared = TEMPLATE.of_type("AWS::DynamoDB::Table")[table]
    assert declared["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert declared["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] == backup_days


def test_every_function_that_ends_verifications_knows_the_same_retention() -> None:
    functions = TEMPLATE.of_type("AWS::Lambda::Function")
    having = {
        name: function["Environment"]["Variables"]
        for name, function in functions.items()
        if "TABLE_NAME" in function.get("Environment", {}).get("Variables", {})
    }
    assert having.keys() == {"VerificationsFunction", "RedirectFunction", "SweepFunction", "FinalizeFunction"}
    assert all(variables["RETENTION_DAYS"] == {"Ref": "RetentionDays"} for variables in having.values())


@pytest.mark.parametrize("queue", ["DueQueue", "DueDeadLetterQueue", "DeliveryQueue", "DeliveryDeadLetterQueue"])
def test_no_message_waits_for_more_than_two_weeks(queue: str) -> None:
    assert 0 < TEMPLATE.of_type("AWS::SQS::Queue")[queue]["MessageRetentionPeriod"] <= 14 * 86400
