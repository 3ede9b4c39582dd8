"""Where people may be sent, against what the senders of phishing mails have tried."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.redirect_urls import MAX_URL_LENGTH, add_outcome, has_outcome_parameters, validate_redirect_url
from tests.unit.hostile_urls import HOSTILE, LOCAL_HOSTILE

ALLOWED = frozenset({"https://app.example.com", "https://shop.example:8443"})
LOCAL = ALLOWED | {"http://localhost:*", "http://127.0.0.1:*", "https://localhost:*"}

HONEST = [
    "https://app.example.com",
    "https://app.example.com/",
    "https://app.example.com:443/done",
    "https://APP.Example.COM/Done",
    "https://app.example.com/a//b/../c;v=1/@me/(x)!$&'*+,=~_.-",
    "https://app.example.com/%E4%BD%A0%E5%A5%BD?name=%C3%A9",
    "https://app.example.com?x=1",
    "https://app.example.com#/step/2?x=1",
    "https://app.example.com/done?next=https://elsewhere.example/&a=b/c?d#/route",
    "https://shop.example:8443/return",
]


def test_the_corpus_is_large_and_has_no_case_twice() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 300


@pytest.mark.parametrize("url", HONEST)
def test_an_honest_url_of_an_allowed_origin_has_no_fault(url: str) -> None:
    assert validate_redirect_url(url, ALLOWED) is None


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_url_has_a_fault_that_does_not_quote_it(url: str) -> None:
    fault = validate_redirect_url(url, ALLOWED)
    assert fault
    assert len(url.strip()) < 12 or url not in fault


@pytest.mark.parametrize("url", LOCAL_HOSTILE)
def test_what_only_looks_local_has_a_fault(url: str) -> None:
    assert validate_redirect_url(url, LOCAL)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost",
        "http://localhost/",
        "http://localhost:3000/a?b#c",
        "http://localhost:65535/",
        "http://127.0.0.1:5173/",
        "https://localhost:3000/",
        "https://localhost/",
    ],
)
def test_a_wildcard_stands_for_any_port_of_its_own_scheme_and_host(url: str) -> None:
    assert validate_redirect_url(url, LOCAL) is None
    assert validate_redirect_url(url, ALLOWED)


def test_a_wildcard_counts_for_nothing_elsewhere() -> None:
    assert validate_redirect_url(
        "https://app.example.com:8443/", {"https://app.example.com:*", "https://*.example.com"}
    )


def test_a_loopback_origin_can_be_allowed_with_one_port_alone() -> None:
    assert validate_redirect_url("http://localhost:3000/", {"http://localhost:3000"}) is None
    assert validate_redirect_url("http://localhost:3001/", {"http://localhost:3000"})


@pytest.mark.parametrize("named", ["https://app.example.com", "https://app.example.com:443"])
@pytest.mark.parametrize("url", ["https://app.example.com/", "https://app.example.com:443/"])
def test_an_origin_may_name_its_schemes_own_port(named: str, url: str) -> None:
    assert validate_redirect_url(url, {named}) is None
    assert validate_redirect_url("https://app.example.com:8443/", {named})
    assert validate_redirect_url("https://app.example.com:80/", {named})
    assert validate_redirect_url("https://app.example.com:0443/", {named})


def test_plain_http_is_refused_even_where_its_origin_is_listed() -> None:
    assert validate_redirect_url("http://app.example.com/", {"http://app.example.com"}) == "must be an https URL"


def test_nothing_is_allowed_where_no_origin_is() -> None:
    assert all(validate_redirect_url(url, frozenset()) for url in HONEST)


def test_a_url_may_be_just_so_long() -> None:
    url = "https://app.example.com/"
    assert validate_redirect_url(url + "a" * (MAX_URL_LENGTH - len(url)), ALLOWED) is None
    assert (
        validate_redirect_url(url + "a" * (MAX_URL_LENGTH - len(url) + 1), ALLOWED)
        == f"must have at most {MAX_URL_LENGTH} characters"
    )


@given(st.text() | st.builds("https://app.example.com{}".format, st.text(max_size=20)))
def test_what_passes_is_read_by_other_parsers_as_the_same_origin(url: str) -> None:
    if validate_redirect_url(url, ALLOWED) is None:
        parts = urlsplit(url)
        assert (parts.scheme, parts.hostname, parts.username) == ("https", "app.example.com", None)
        assert parts.port in (None, 443)
        assert url.isascii()
        assert url.isprintable()


OUTCOME = "verification_id=ver_a&status=verified"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example", f"https://a.example?{OUTCOME}"),
        ("https://a.example/", f"https://a.example/?{OUTCOME}"),
        ("https://a.example/done?x=1", f"https://a.example/done?x=1&{OUTCOME}"),
        ("https://a.example/done?x=%2F%20a&x=2&y", f"https://a.example/done?x=%2F%20a&x=2&y&{OUTCOME}"),
        ("https://a.example/#/route?x=1", f"https://a.example/?{OUTCOME}#/route?x=1"),
        ("https://a.example?x=1#top", f"https://a.example?x=1&{OUTCOME}#top"),
        ("https://a.example:8443//b;v=1", f"https://a.example:8443//b;v=1?{OUTCOME}"),
        ("https://a.example/?", f"https://a.example/?{OUTCOME}"),
        ("https://a.example/??", f"https://a.example/??&{OUTCOME}"),
        ("https://a.example/?x=1?", f"https://a.example/?x=1?&{OUTCOME}"),
        ("https://a.example/#", f"https://a.example/?{OUTCOME}#"),
        ("https://a.example/?#", f"https://a.example/?{OUTCOME}#"),
        ("https://a.example/?x=1#?y=2", f"https://a.example/?x=1&{OUTCOME}#?y=2"),
    ],
)
def test_the_outcome_is_added_to_the_urls_own_query_and_fragment(url: str, expected: str) -> None:
    assert add_outcome(url, "ver_a", "verified") == expected


@pytest.mark.parametrize(
    "query",
    [
        "status=verified",
        "verification_id=ver_b",
        "status",
        "status=",
        "x=1&status=",
        "&&status&x",
        "%73tatus=verified",
        "%73%74%61%74%75%73=verified",
        "verification%5Fid=ver_b",
        "verification%5fid",
        "x=1?&status=2",
        "status==verified",
        "status=a&status=b#/route",
    ],
)
def test_a_query_that_names_a_parameter_of_the_outcome_is_recognised_however_it_is_spelled(query: str) -> None:
    assert has_outcome_parameters(f"https://app.example.com/done?{query}")


@pytest.mark.parametrize(
    "url",
    [
        *HONEST,
        "https://app.example.com/?Status=1&STATUS=2&verification_Id=3",
        "https://app.example.com/?statuses=1&my_status=2&status%5B%5D=3",
        "https://app.example.com/?x=status&y=%26status%3Dverified",
        # One decoding makes these `%73tatus` and ` status`: other names, to URLSearchParams as well.
        "https://app.example.com/?%2573tatus=1&+status=2&status+=3&%20status=4",
        # Not separators, to URLSearchParams.
        "https://app.example.com/?x=1;status=2&y=1?status=2",
        "https://app.example.com/status=1/verification_id",
        "https://app.example.com/#/done?status=1",
        "https://app.example.com/#?x=1&status=1",
    ],
)
def test_another_name_is_no_parameter_of_the_outcome(url: str) -> None:
    assert not has_outcome_parameters(url)


URLS = st.from_regex(
    r"https://app\.example\.com(/[a-z;=@:]{0,8})?(\?([a-z0-9&=/?+]|%2F){0,12})?(#[a-z/?=&]{0,8})?", fullmatch=True
)


@given(URLS)
def test_no_url_loses_its_origin_its_path_or_what_it_asked_for(url: str) -> None:
    sent = add_outcome(url, "ver_a", "failed")
    before, after = urlsplit(url), urlsplit(sent)
    assert (after.scheme, after.netloc, after.path, after.fragment) == (
        before.scheme,
        before.netloc,
        before.path,
        before.fragment,
    )
    own = parse_qsl(before.query, keep_blank_values=True)
    assert parse_qsl(after.query, keep_blank_values=True) == [*own, ("verification_id", "ver_a"), ("status", "failed")]
    assert validate_redirect_url(url, ALLOWED) or validate_redirect_url(sent, ALLOWED) is None
    assert has_outcome_parameters(sent)
