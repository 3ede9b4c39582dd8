"""DynamoDB: the one table, and what may happen to a verification in it. Every write is conditional and may be repeated.

    (nothing) ─creation.reserve─▶ reserved ─creation.commit_link─▶ pending ─completion.rise─▶ processing
        ▲                          │    │                             │                          │
        └─────creation.release─────┘    └─creation.fail─▶ failed      ├────────completion.rise───┤
                                                            │         ▼                          ▼
                                                            │   rejected │ failed │ expired ─rise─▶ verified
                                                            ▼
                            redaction.redact: from anything that was handed out to a tombstone, which nothing leaves

    completion.claim      one asker at a time: who claims may ask the vendor, for QUIET seconds nobody else
    completion.postpone   the same status, another time to look again

An answer that was lost after its write happened is recognised by the nonce that the write left (`attempt`, `asked_by`).
"""
