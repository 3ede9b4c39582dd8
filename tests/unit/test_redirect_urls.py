"""Which redirect URLs are allowed, and how the outcome is added to them."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.redirect_urls import MAX_URL_LENGTH, add_outcome, has_outcome_parameters, validate_redirect_url
from tests.unit.hostile_urls import HOSTILE, LOCAL_HOSTILE

ALLOWED = frozenset({"https://app.example.com", "https://shop.example:8443"})
LOCAL = ALLOWED | {"http://localhost:*", "http://127.0.0.1:*", "https://localhost:*"}

VALID = [
    "https://app.example.com",
    "https://app.example.com/",
    "https://app.example.com:443/done",
    "https://APP.Example.COM/Done",
    "https://app.example.com/a//b/../c;v=1/@me/(x)!$&'*+,=~_.-",
    "https://app.example.com/%E4%BD%A0%E5%A5%BD?name=%C3%A9",
    "https://app.example.com?x=1",
    "https://app.example.com#/step/2?x=1",
    "https://app.example.com#/Step/%C3%A9",
    "https://app.example.com/done?next=https://elsewhere.example/&a=b/c?d#/route",
    "https://shop.example:8443/return",
]


def test_the_corpus_is_large_and_has_no_duplicates() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 300


@pytest.mark.parametrize("url", VALID)
def test_a_valid_url_of_an_allowed_origin_is_accepted(url: str) -> None:
    assert validate_redirect_url(url, ALLOWED) is None


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("app.example.com", "must be an absolute https URL without user info, in the characters of RFC 3986"),
        ("https://other.example.com", "must have one of the origins that this deployment allows"),
    ],
)
def test_a_refused_url_has_its_reason(url: str, error: str) -> None:
    assert validate_redirect_url(url, ALLOWED) == error


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_url_is_refused_without_quoting_it(url: str) -> None:
    error = validate_redirect_url(url, ALLOWED)
    assert error
    assert len(url.strip()) < 12 or url not in error


@pytest.mark.parametrize("url", LOCAL_HOSTILE)
def test_a_url_that_only_looks_local_is_refused(url: str) -> None:
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
def test_a_wildcard_port_allows_any_port_of_that_scheme_and_host(url: str) -> None:
    assert validate_redirect_url(url, LOCAL) is None
    assert validate_redirect_url(url, ALLOWED)


def test_a_wildcard_is_ignored_in_an_origin_that_is_not_loopback() -> None:
    assert validate_redirect_url(
        "https://app.example.com:8443/", {"https://app.example.com:*", "https://*.example.com"}
    )


def test_a_loopback_origin_with_a_port_allows_only_that_port() -> None:
    assert validate_redirect_url("http://localhost:3000/", {"http://localhost:3000"}) is None
    assert validate_redirect_url("http://localhost:3001/", {"http://localhost:3000"})


@pytest.mark.parametrize("origin", ["https://app.example.com", "https://app.example.com:443"])
@pytest.mark.parametrize("url", ["https://app.example.com/", "https://app.example.com:443/"])
def test_an_origin_may_have_the_default_port(origin: str, url: str) -> None:
    assert validate_redirect_url(url, {origin}) is None
    assert validate_redirect_url("https://app.example.com:8443/", {origin})
    assert validate_redirect_url("https://app.example.com:80/", {origin})
    assert validate_redirect_url("https://app.example.com:0443/", {origin})


def test_plain_http_is_refused_even_if_its_origin_is_listed() -> None:
    assert validate_redirect_url("http://app.example.com/", {"http://app.example.com"}) == "must be an https URL"


def test_no_url_is_accepted_if_no_origin_is_allowed() -> None:
    assert all(validate_redirect_url(url, frozenset()) for url in VALID)


def test_a_url_of_the_maximum_length_is_accepted_and_a_longer_one_refused() -> None:
    url = "https://app.example.com/"
    assert validate_redirect_url(url + "a" * (MAX_URL_LENGTH - len(url)), ALLOWED) is None
    assert (
        validate_redirect_url(url + "a" * (MAX_URL_LENGTH - len(url) + 1), ALLOWED)
        == f"must have at most {MAX_URL_LENGTH} characters"
    )


@given(st.text() | st.builds("https://app.example.com{}".format, st.text(max_size=20)))
def test_other_parsers_see_the_same_origin_in_an_accepted_url(url: str) -> None:
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
def test_the_outcome_is_added_to_the_query_and_the_fragment_stays(url: str, expected: str) -> None:
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
def test_a_query_with_an_outcome_parameter_is_recognised_in_any_spelling(query: str) -> None:
    assert has_outcome_parameters(f"https://app.example.com/done?{query}")


@pytest.mark.parametrize(
    "url",
    [
        *VALID,
        "https://app.example.com/?Status=1&STATUS=2&verification_Id=3",
        "https://app.example.com/?statuses=1&my_status=2&status%5B%5D=3",
        "https://app.example.com/?x=status&y=%26status%3Dverified",
        # Decoded once, as URLSearchParams does, these are `%73tatus` and ` status`.
        "https://app.example.com/?%2573tatus=1&+status=2&status+=3&%20status=4",
        # URLSearchParams does not separate parameters by these.
        "https://app.example.com/?x=1;status=2&y=1?status=2",
        "https://app.example.com/status=1/verification_id",
        "https://app.example.com/#/done?status=1",
        "https://app.example.com/#?x=1&status=1",
    ],
)
def test_other_parameters_are_no_outcome_parameters(url: str) -> None:
    assert not has_outcome_parameters(url)


URLS = st.from_regex(
    r"https://app\.example\.com(/[a-z;=@:]{0,8})?(\?([a-z0-9&=/?+]|%2F){0,12})?(#[a-z/?=&]{0,8})?", fullmatch=True
)


@given(URLS)
def test_adding_the_outcome_keeps_the_origin_path_query_and_fragment(url: str) -> None:
    sent = add_outcome(url, "ver_a", "failed")
    before, after = urlsplit(url), urlsplit(sent)
    assert after._replace(query="") == before._replace(query="")
    own = parse_qsl(before.query, keep_blank_values=True)
    assert parse_qsl(after.query, keep_blank_values=True) == [*own, ("verification_id", "ver_a"), ("status", "failed")]
    assert validate_redirect_url(url, ALLOWED) or validate_redirect_url(sent, ALLOWED) is None
    assert has_outcome_parameters(sent)
