"""No status without the vendor's own bytes."""

import gzip
import hashlib
from collections.abc import Iterator

from tests.simulation.expressions import Item
from tests.simulation.world import World

from .looking import Case, cases, status
from .violation import Violation


def verified_rests_on_proof(world: World) -> Iterator[Violation]:
    """The bytes that said success lay in the bucket before the record said verified, and lie there still."""
    for case in cases(world):
        for change in case.rises():
            if change.after and status(change.after) == "verified":
                evidence = change.after.get("evidence")
                if evidence is None:
                    yield Violation("proof", case.about, "verified without evidence")
                    continue
                key = evidence["M"]["key"]["S"]
                if world.bucket.first_put.get(key, change.time + 1) > change.time:
                    yield Violation("proof", case.about, "verified before its evidence was kept")
                sha256 = evidence["M"]["sha256"]["S"]
                if case.link is None or sha256 not in case.link.said_success:
                    yield Violation("proof", case.about, "the evidence does not say success")


def whatever_was_found_is_kept(world: World) -> Iterator[Violation]:
    """Evidence that a record names is there, whole, and byte for byte what the vendor sent for that token."""
    for case in cases(world):
        if case.is_redacted:
            continue
        # While a verification is open, too: a later check would replace it, and somebody may have seen it by then.
        found = [(change.after or {}).get("evidence") for change in case.rises()]
        if case.link and case.link.foreign & {evidence["M"]["sha256"]["S"] for evidence in found if evidence}:
            yield Violation("kept", case.about, "the evidence may be another person's")
        evidence = case.item.get("evidence")
        if evidence is None:
            if status(case.item) == "verified":
                yield Violation("kept", case.about, "verified without evidence")
            continue
        fault = _fault(world, case, evidence["M"])
        if fault:
            yield Violation("kept", case.about, fault)


def _fault(world: World, case: Case, evidence: Item) -> str | None:
    body = world.bucket.get(evidence["key"]["S"])
    if body is None:
        return "the evidence is gone"
    raw = gzip.decompress(body)
    sha256 = hashlib.sha256(raw).hexdigest()
    if sha256 != evidence["sha256"]["S"] or len(raw) != int(evidence["size"]["N"]):
        return "the evidence is not what the record says"
    if sha256 not in world.results.of(case.id):
        return "its fields are not stored"
    if case.link is None or case.link.sent.get(sha256) != raw:
        return "the vendor never sent this"
    return None
