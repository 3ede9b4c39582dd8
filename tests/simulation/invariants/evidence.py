"""A verified status needs the vendor's own bytes as evidence."""

import gzip
import hashlib
from collections.abc import Iterator

from tests.simulation.expressions import Item
from tests.simulation.world import SimulatedWorld

from .history import History, of_each, status


@of_each("proof")
def verified_has_evidence(world: SimulatedWorld, history: History) -> Iterator[str]:
    """A record that shows success is in the bucket before the status becomes verified."""
    for change in history.status_changes():
        if change.after and status(change.after) == "verified":
            evidence = change.after.get("evidence")
            if evidence is None:
                yield "verified without evidence"
                continue
            key = evidence["M"]["key"]["S"]
            if world.bucket.first_put.get(key, change.time + 1) > change.time:
                yield "verified before its evidence was stored"
            sha256 = evidence["M"]["sha256"]["S"]
            if not any(sha256 in link.success_records for link in history.links):
                yield "the evidence does not show success"


@of_each("evidence")
def evidence_is_kept(world: SimulatedWorld, history: History) -> Iterator[str]:
    """The evidence of a verification is in the bucket, byte for byte what the vendor sent for one of its tokens."""
    if history.is_redacted:
        return
    # Also while a verification is open: a caller may read evidence before a later check replaces it.
    found = [(change.after or {}).get("evidence") for change in history.status_changes()]
    named = {evidence["M"]["sha256"]["S"] for evidence in found if evidence}
    if any(link.foreign_records & named for link in history.links):
        yield "the evidence may be another person's"
    evidence = history.item.get("evidence")
    if evidence is None:
        if status(history.item) == "verified":
            yield "verified without evidence"
        return
    fault = _fault(world, history, evidence["M"])
    if fault:
        yield fault


def _fault(world: SimulatedWorld, history: History, evidence: Item) -> str | None:
    body = world.bucket.get(evidence["key"]["S"])
    if body is None:
        return "the evidence is missing"
    raw = gzip.decompress(body)
    sha256 = hashlib.sha256(raw).hexdigest()
    if sha256 != evidence["sha256"]["S"] or len(raw) != int(evidence["size"]["N"]):
        return "the evidence differs from its hash or size"
    if sha256 not in world.results.of(history.id):
        return "its fields are not stored"
    if not any(link.sent.get(sha256) == raw for link in history.links):
        return "the vendor never sent this"
    return None
