"""How callers, queries and cursors are parsed."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.caller import READ, WRITE, Caller
from bridge.domain.errors import InvalidRequest, MissingScope
from bridge.domain.listing import ListQuery
from bridge.domain.verification import Status
from bridge.web import requests
from bridge.web.list_query import MAX_LIMIT, encode_cursor, parse_list_query
from tests.unit.builders import event, pointers


def authorized(scopes: str) -> APIGatewayProxyEventV2:
    return event(requestContext={"authorizer": {"lambda": {"principal": "shop", "scopes": scopes, "key_id": "AAAA"}}})


def test_a_caller_needs_the_scope() -> None:
    assert requests.caller(authorized(f"{READ} {WRITE}"), WRITE) == Caller("shop", (READ, WRITE), "AAAA")


@pytest.mark.parametrize(
    "scopes", ["", "verifications:rea", "verifications:read_result", "verifications:readverifications:write"]
)
def test_a_part_of_a_scope_is_not_enough(scopes: str) -> None:
    with pytest.raises(MissingScope):
        requests.caller(authorized(scopes), READ)


def test_a_request_without_the_authorizers_context_raises() -> None:
    with pytest.raises((KeyError, TypeError, AttributeError)):
        requests.caller(event(requestContext={}), READ)


def test_the_base_url_is_the_parameter_or_else_the_requests_domain() -> None:
    called = event(requestContext={"domainName": "abc.execute-api.example"})
    assert requests.base_url(called, "") == "https://abc.execute-api.example"
    assert requests.base_url(called, "https://bridge.example") == "https://bridge.example"


@pytest.mark.parametrize(("query", "wanted"), [(None, False), ({}, False), ({"expand": "result"}, True)])
def test_the_result_is_expanded_only_on_request(query: dict[str, str] | None, *, wanted: bool) -> None:
    assert requests.wants_result(event(queryStringParameters=query)) is wanted


@pytest.mark.parametrize("expand", ["", "Result", "all", "result,result"])
def test_nothing_else_can_be_expanded(expand: str) -> None:
    assert pointers(lambda: requests.wants_result(event(queryStringParameters={"expand": expand}))) == ["query:expand"]


def parsed(**query: str) -> ListQuery:
    return parse_list_query(query)


def list_query(**changes: Any) -> ListQuery:
    defaults = dict.fromkeys(("reference", "status", "created_after", "created_before", "after"))
    return ListQuery(**{**defaults, "limit": 20, **changes})


@pytest.mark.parametrize(("limit", "count"), [("1", 1), ("020", 20), (str(MAX_LIMIT), MAX_LIMIT)])
def test_a_limit_is_a_number_up_to_the_maximum(limit: str, count: int) -> None:
    assert parsed(reference="r", limit=limit) == list_query(reference="r", limit=count)


def test_without_a_limit_a_page_has_twenty() -> None:
    assert parsed(reference="r" * 128) == list_query(reference="r" * 128)


@pytest.mark.parametrize("limit", ["", "0", "101", "1000", "-1", "+1", "1.0", "1e1", " 1", "٣", "10,20"])
def test_any_other_limit_is_refused(limit: str) -> None:
    assert pointers(lambda: parsed(reference="r", limit=limit)) == ["query:limit"]


def test_all_errors_of_a_query_are_reported_at_once() -> None:
    assert pointers(lambda: parsed(reference="r" * 129, status="done", limit="many", cursor="?", page="1")) == [
        *("query:cursor", "query:limit", "query:page", "query:reference", "query:status", "query:status")
    ]
    assert pointers(lambda: parsed(reference="")) == ["query:reference"]


def test_a_list_may_be_filtered_by_time_and_status() -> None:
    start, end = datetime(2026, 1, 31, 8, tzinfo=UTC), datetime(2026, 1, 31, 1, 30, tzinfo=UTC)
    assert parsed() == list_query()
    assert parsed(status="verified", created_after="2026-01-31T08:00:00Z") == list_query(
        status=Status.VERIFIED, created_after=start
    )
    assert parsed(created_before="2026-01-31T09:30:00+08:00") == list_query(created_before=end)


@pytest.mark.parametrize(
    "time", ["", "today", "2026-01-31", "2026-01-31T08:00:00", "0001-01-01T00:00:00+08:00", "9" * 41]
)
def test_a_time_needs_a_date_a_time_of_day_and_a_zone(time: str) -> None:
    assert pointers(lambda: parsed(created_after=time)) == ["query:created_after"]


def test_an_empty_time_span_is_refused() -> None:
    span = {"created_after": "2026-01-31T08:00:00Z", "created_before": "2026-01-31T08:00:00Z"}
    assert pointers(lambda: parsed(**span)) == ["query:created_before"]


POSITION = ("2026-01-31T08:01:31.500Z", "ver_abcdefghijklmnopqrstuvwxyz")


def test_a_cursor_decodes_to_its_position() -> None:
    cursor = encode_cursor(POSITION)
    assert cursor is not None
    assert parsed(reference="r", cursor=cursor) == list_query(reference="r", after=POSITION)
    assert encode_cursor(None) is None


def encoded(text: str) -> str:
    return b64encode(text.encode(), altchars=b"-_").decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "?",
        "é",
        "a",
        encoded(""),
        encoded("|"),
        encoded(POSITION[0]),
        encoded(POSITION[0] + "|"),
        encoded("|" + POSITION[1]),
        encoded("yesterday|" + POSITION[1]),
        encoded("2026-01-31|" + POSITION[1]),
        # A list by time queries the day of the position, which must exist.
        encoded("2026-02-31T08:00:00.000Z|" + POSITION[1]),
        # It also queries the days around the position, so years before 2000 and after 2200 are refused.
        encoded("0001-01-01T00:00:00.000Z|day"),
        encoded("1999-12-31T23:59:59.999Z|" + POSITION[1]),
        encoded("9999-12-31T23:59:59.999Z|" + POSITION[1]),
        encoded("|".join(POSITION) * 3),
        encoded(POSITION[0] + "|✓"),
        encoded("|".join(POSITION))[:-1],
        encoded("|".join(POSITION)) + "=",
        encoded("|".join(POSITION)) + "\n",
    ],
)
def test_a_tampered_cursor_is_refused(cursor: str) -> None:
    assert pointers(lambda: parsed(reference="r", cursor=cursor)) == ["query:cursor"]


@pytest.mark.parametrize(
    "span",
    [
        {"created_after": "2026-01-31T08:01:31.501Z"},
        {"created_before": "2026-01-31T08:01:31.500Z"},
        {"created_after": "2026-01-01T00:00:00Z", "created_before": "2026-01-31T09:01:31.500+01:00"},
    ],
)
def test_a_cursor_outside_the_time_span_of_the_list_is_refused(span: dict[str, str]) -> None:
    assert pointers(lambda: parsed(**span, cursor=encoded("|".join(POSITION)))) == ["query:cursor"]


@pytest.mark.parametrize(
    "span",
    [
        {"created_after": "2026-01-31T08:01:31.500Z"},
        # The list compares milliseconds, so its first page may end at this position.
        {"created_after": "2026-01-31T08:01:31.500999Z", "created_before": "2026-01-31T08:01:31.501Z"},
    ],
)
def test_a_cursor_at_the_edge_of_the_time_span_is_accepted(span: dict[str, str]) -> None:
    assert parsed(**span, cursor=encoded("|".join(POSITION))).after == POSITION


@given(st.text() | st.binary().map(lambda noise: b64encode(noise, altchars=b"-_").decode()))
def test_any_cursor_is_a_position_or_refused(cursor: str) -> None:
    try:
        position = parsed(reference="r", cursor=cursor).after
    except InvalidRequest:
        return
    assert position is not None
    assert all(position)
