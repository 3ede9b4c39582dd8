"""DynamoDB: the verifications, and what may happen to one. Every write is conditional and may be repeated.

    (nothing) ──creation.reserve──▶ reserved ──creation.commit_link──▶ pending ──┐ returns.claim_on_return
        ▲                            │    │                               │      │ completion.advance
        └──────creation.release──────┘    └──creation.fail──▶ failed      │      ▼
                                                                          │  processing
                                                       completion.advance │      │ completion.advance
                                                                          ▼      ▼
                                           rejected, failed or expired ──completion.advance──▶ verified

    completion.claim_on_…      one claimer at a time may ask the vendor
    completion.reschedule,     the same status, another time for the next check
    back_off, release
    redaction.redact           from anything that was handed out to a tombstone, which nothing leaves

A response that was lost after its write is recognised by the nonce in the write (`attempt`, `claimed_by`).
"""
