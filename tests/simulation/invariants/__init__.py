"""What has to hold at the end of a run, whatever went wrong. A rule goes from a world to violations."""

from tests.simulation.world import World

from . import calls, evidence, links, records, responses, secrecy, truth, webhooks, work
from .history import Rule, Violation

RULES: tuple[Rule, ...] = (
    records.sequence_has_no_gap,
    records.history_has_every_advance,
    records.status_only_advances,
    records.only_final_ones_have_a_ttl,
    records.reservations_are_settled,
    truth.final_status_is_the_truth,
    truth.nothing_said_too_much,
    evidence.verified_has_evidence,
    evidence.evidence_is_kept,
    calls.vendor_is_called_after_a_claim,
    calls.vendor_calls_are_bounded,
    calls.returns_are_followed,
    calls.no_link_is_made_twice,
    calls.no_cookie_is_sent,
    calls.rate_limit_is_kept,
    links.at_most_three_are_made,
    links.never_two_can_be_used,
    links.each_is_in_the_record,
    links.none_is_made_after_the_end,
    links.ended_links_are_the_truth,
    links.it_ends_only_when_no_link_can_follow,
    links.unopened_ones_cost_nothing,
    links.taps_lead_on,
    links.scans_change_nothing,
    responses.people_are_sent_on,
    responses.status_never_falls,
    responses.errors_have_a_cause,
    responses.same_key_same_verification,
    secrecy.redacted_ones_hold_nothing,
    secrecy.expected_is_erased,
    secrecy.results_are_in_the_audit_trail,
    secrecy.nothing_leaks,
    webhooks.stream_has_every_advance,
    webhooks.webhooks_are_delivered,
    webhooks.webhooks_are_the_truth,
    webhooks.letters_have_a_cause,
    webhooks.gone_receivers_are_left_alone,
    webhooks.redacted_events_name_nobody,
    webhooks.events_leak_nothing,
    webhooks.failures_are_logged,
    work.nothing_is_left_to_do,
    work.dead_letters_have_a_cause,
    work.errors_have_names,
    work.retention_clears_the_table,
)


def check(world: World) -> list[Violation]:
    """All violations, in the order of the rules. The last rule lets retention pass, so check once."""
    return [violation for rule in RULES for violation in rule(world)]


__all__ = ["RULES", "Violation", "check"]
