"""DynamoDB and S3: the verifications and their transitions. Every write is conditional and can be repeated.

    (nothing) ──creation.reserve──▶ reserved ──creation.commit_link──▶ pending ──┐ returns.claim_first_return
        ▲                            │    │                               │      │ completion.advance
        └──────creation.release──────┘    └──fail_abandoned──▶ failed     │      ▼
                                                                          │  processing
                                                       completion.advance │      │ completion.advance
                                                                          ▼      ▼
                                           rejected, failed or expired ──completion.advance──▶ verified

    claims.claim_on_…          allows one claimer at a time to call the vendor
    completion.reschedule,     keep the status, and plan the next check
    back_off, release
    redaction.redact           turns any status into a tombstone, which never changes again

If the response to a write is lost, a retry recognises the write by its nonce (`attempt`, `claimed_by`).
"""
