"""All permissions of the deployed roles that the emulator enforces, each with the call that needs it."""

from tests.deployed.permissions import Permission

READ_KEYS = Permission("AuthorizeRole", "ReadApiKeys", "secretsmanager:GetSecretValue")

# By permission: the AWS operation, and a backend's request that needs it.
REQUESTS = {
    Permission("VerificationsRole", sid, action): (operation, request)
    for sid, action, operation, request in (
        ("Records", "dynamodb:GetItem", "GetItem", "GET /verifications/{id}"),
        ("Records", "dynamodb:UpdateItem", "UpdateItem", "POST /verifications/{id}/refresh"),
        ("Records", "dynamodb:BatchGetItem", "BatchGetItem", "GET /verifications?reference={reference}"),
        ("List", "dynamodb:Query", "Query", "GET /verifications?reference={reference}"),
        ("Audit", "dynamodb:PutItem", "PutItem", "GET /verifications/{id}?expand=result"),
        ("StoreReadAndDeleteEvidence", "s3:GetObject", "GetObject", "GET /verifications/{id}?expand=result"),
        ("StoreReadAndDeleteEvidence", "s3:PutObject", "PutObject", "GET /verifications/{id}?expand=result"),
        ("Results", "dynamodb:GetItem", "GetItem", "GET /verifications/{id}?expand=result"),
    )
}
# Permissions that a create needs before it calls the vendor, with their AWS operations.
CREATES = {
    Permission("VerificationsRole", "Records", "dynamodb:PutItem"): "PutItem",
    Permission("VerificationsRole", "ReadEkycCredentials", "secretsmanager:GetSecretValue"): "GetSecretValue",
}
RELEASE = Permission("VerificationsRole", "Records", "dynamodb:DeleteItem")
# Permissions to erase: the redact request needs some, and finalize the others, for late data. Evidence is erased first.
ERASURES = {
    "evidence": {
        Permission("VerificationsRole", "ListEvidence", "s3:ListBucketVersions"): "ListObjectVersions",
        Permission("VerificationsRole", "StoreReadAndDeleteEvidence", "s3:DeleteObjectVersion"): "DeleteObject",
        Permission("FinalizeRole", "ListEvidence", "s3:ListBucketVersions"): "ListObjectVersions",
        Permission("FinalizeRole", "DeleteEvidence", "s3:DeleteObjectVersion"): "DeleteObject",
    },
    "results": {
        Permission(role, sid, f"dynamodb:{operation}"): operation
        for role, sid in (("VerificationsRole", "Results"), ("FinalizeRole", "KeepCompareAndEraseResults"))
        for operation in ("Query", "DeleteItem")
    },
}
READ_STATUS = Permission("RedirectRole", "Records", "dynamodb:GetItem")
CLAIM_AT_RETURN = Permission("RedirectRole", "Records", "dynamodb:UpdateItem")
# Permissions that a completion needs after its claim, with their AWS operations.
COMPLETIONS = (
    {
        Permission(role, sid, action): operation
        for role in ("RedirectRole", "FinalizeRole")
        for sid, action, operation in (
            ("StoreEvidence", "s3:PutObject", "PutObject"),
            ("ReadEkycCredentials", "secretsmanager:GetSecretValue", "GetSecretValue"),
        )
    }
    | {
        Permission(role, sid, f"dynamodb:{operation}"): operation
        for role, sid in (("RedirectRole", "KeepResultsAndCompare"), ("FinalizeRole", "KeepCompareAndEraseResults"))
        for operation in ("PutItem", "GetItem")
    }
    | {
        Permission("VerificationsRole", "Results", "dynamodb:PutItem"): "PutItem",
        Permission("FinalizeRole", "CountVendorCalls", "dynamodb:UpdateItem"): "UpdateItem",
    }
)
# Erases `expected` after the comparison.
ERASE_EXPECTED = Permission("RedirectRole", "KeepResultsAndCompare", "dynamodb:DeleteItem")
# Without the counter of vendor calls, creates and returns continue.
COUNTS = tuple(
    Permission(role, "CountVendorCalls", "dynamodb:UpdateItem") for role in ("VerificationsRole", "RedirectRole")
)
FOLLOW_UPS = tuple(Permission(role, "SendFollowUps", "sqs:SendMessage") for role in ("RedirectRole", "FinalizeRole"))
CLAIM_IN_BACKGROUND = Permission("FinalizeRole", "Records", "dynamodb:UpdateItem")
SWEEPS = {
    Permission("SweepRole", "Send", "sqs:GetQueueAttributes"): "GetQueueAttributes",
    Permission("SweepRole", "FindDue", "dynamodb:Query"): "Query",
    Permission("SweepRole", "ClaimDue", "dynamodb:UpdateItem"): "UpdateItem",
    Permission("SweepRole", "Send", "sqs:SendMessage"): "SendMessageBatch",
}
PUBLISH = Permission("PublishRole", "Publish", "events:PutEvents")
SET_ASIDE = Permission("PublishRole", "PutFailedRecordsAway", "sqs:SendMessage")
REPLAY = Permission("VerificationsRole", "ReplayEvents", "events:PutEvents")
# Permissions that an attempt at a webhook needs, with their AWS operations.
DELIVERIES = {
    Permission("DeliverRole", sid, action): operation
    for sid, action, operation in (
        ("ReadEndpoints", "secretsmanager:GetSecretValue", "GetSecretValue"),
        ("SendToEachEndpoint", "sqs:SendMessage", "SendMessageBatch"),
        ("SwitchOff", "dynamodb:GetItem", "GetItem"),
        ("SwitchOff", "dynamodb:PutItem", "PutItem"),
        ("SetAside", "sqs:SendMessage", "SendMessage"),
        ("PlanNextAttempt", "sqs:ChangeMessageVisibility", "ChangeMessageVisibility"),
    )
}
TESTED = {
    READ_KEYS, *REQUESTS, *CREATES, RELEASE, *ERASURES["evidence"], *ERASURES["results"], READ_STATUS, CLAIM_AT_RETURN,
    *COMPLETIONS, ERASE_EXPECTED, CLAIM_IN_BACKGROUND, *SWEEPS, *COUNTS, *FOLLOW_UPS, PUBLISH, SET_ASIDE, REPLAY,
    *DELIVERIES,
}  # fmt: skip


_POLLS = {"Receive", "ReadStream", "ListStreams"}


def is_enforced(permission: Permission) -> bool:
    """Whether the emulator enforces a permission. It writes logs and polls queues and streams without the role, uses no
    KMS key, and returns NoSuchKey for a missing object to any caller."""
    is_ours = permission.sid not in _POLLS and permission.action != "s3:ListBucket"
    return is_ours and not permission.action.startswith(("logs:", "kms:"))
