"""The invariants that hold at the end of every run. Each rule is a function from a world to violations."""

from tests.simulation.world import SimulatedWorld

from . import calls, evidence, final_status, links, records, responses, secrecy, webhooks, work
from .history import Rule, Violation

RULES: tuple[Rule, ...] = (
    records.sequence_has_no_gap,
    records.history_has_every_advance,
    records.status_only_advances,
    records.only_final_verifications_have_a_ttl,
    records.every_verification_ends,
    final_status.final_status_matches_the_vendor,
    final_status.verified_only_after_the_vendor_said_so,
    evidence.verified_has_evidence,
    evidence.evidence_is_kept,
    calls.vendor_is_called_after_a_claim,
    calls.vendor_calls_are_bounded,
    calls.returns_get_a_follow_up,
    calls.refreshes_delay_no_check,
    calls.no_request_creates_two_links,
    calls.no_cookie_is_sent,
    calls.rate_limit_is_kept,
    links.at_most_three_links_are_created,
    links.no_two_links_overlap,
    links.each_link_is_stored,
    links.no_link_is_created_after_the_end,
    links.link_outcomes_match_the_vendor,
    links.it_ends_only_if_no_link_can_follow,
    links.unopened_start_pages_cost_no_vendor_call,
    links.taps_redirect,
    links.scans_change_nothing,
    responses.people_are_redirected,
    responses.status_never_goes_back,
    responses.errors_have_a_cause,
    responses.same_key_same_verification,
    secrecy.redacted_verifications_hold_no_personal_data,
    secrecy.expected_person_is_erased,
    secrecy.results_are_in_the_audit_trail,
    secrecy.nothing_leaks,
    webhooks.stream_has_every_advance,
    webhooks.webhooks_are_delivered,
    webhooks.webhooks_match_the_history,
    webhooks.webhook_dead_letters_have_a_cause,
    webhooks.gone_endpoints_get_no_webhooks,
    webhooks.redacted_events_have_no_reference,
    webhooks.events_leak_nothing,
    webhooks.failures_are_logged,
    work.nothing_is_left_to_do,
    work.dead_letters_have_a_cause,
    work.handlers_raise_no_unknown_error,
    work.retention_clears_the_table,
)


def check(world: SimulatedWorld) -> list[Violation]:
    """Returns all violations. The last rule expires the items of the table, so call this once per world."""
    return [violation for rule in RULES for violation in rule(world)]


__all__ = ["RULES", "Violation", "check"]
