"""What has to hold when the dust has settled, whatever went wrong. A rule goes from a world to violations."""

from collections.abc import Callable, Iterable

from tests.simulation.world import World

from . import answers, calls, proof, records, secrecy, truth, work
from .violation import Violation

Rule = Callable[[World], Iterable[Violation]]

RULES: tuple[Rule, ...] = (
    records.sequence_has_no_gap,
    records.history_has_every_advance,
    records.status_only_rises,
    records.only_final_ones_have_a_ttl,
    records.reservations_are_settled,
    truth.final_status_is_the_truth,
    truth.nothing_said_too_much,
    proof.verified_rests_on_proof,
    proof.whatever_was_found_is_kept,
    calls.who_asks_has_claimed,
    calls.vendor_is_asked_no_more_than_allowed,
    calls.returns_are_followed,
    calls.no_link_is_made_twice,
    calls.no_cookie_is_sent,
    calls.rate_limit_is_kept,
    answers.people_are_sent_on,
    answers.status_never_falls,
    answers.errors_have_a_cause,
    answers.same_key_same_verification,
    secrecy.redacted_ones_hold_nothing,
    secrecy.whoever_was_given_data_stands_in_the_trail,
    secrecy.nothing_leaks,
    work.nothing_is_left_to_do,
    work.dead_letters_have_a_cause,
    work.errors_have_names,
    work.retention_clears_the_table,
)


def check(world: World) -> list[Violation]:
    """All violations, in the order of the rules. The last rule lets retention pass, so check once."""
    return [violation for rule in RULES for violation in rule(world)]


__all__ = ["RULES", "Violation", "check"]
