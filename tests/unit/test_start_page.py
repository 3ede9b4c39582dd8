"""The start page in each state and language, and for each kind of browser, without a script."""

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import product
from typing import Any

import pytest

from bridge.domain.links import LinkState
from bridge.web.brand import Brand
from bridge.web.devices import Device, device
from bridge.web.page_texts import NAMES, load_language
from bridge.web.start_page import StartView, duration, start_page
from tests.unit.page_checks import assert_strict, directives

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
START = f"https://api.example.com/ekyc/start/ver_{'a' * 26}/{'c' * 32}"
ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 9{}) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36"
AGENTS = {Device.PHONE: ANDROID.format(""), Device.DESKTOP: DESKTOP, Device.IN_APP: ANDROID.format("; wv")}


def view(**changes: Any) -> StartView:
    defaults: dict[str, Any] = {
        "start_url": START,
        "status_url": "../../status/x",
        "state": LinkState.READY,
        "valid_until": NOW + timedelta(minutes=14, seconds=59),
        "waiting_since": NOW,
        "now": NOW,
        "user_agent": AGENTS[Device.PHONE],
        "links_left": 5,
        "type": "00",
        "id_type": "PASSPORT",
    }
    return StartView(**defaults | changes)


def shown(language: str = "en", brand: Brand | None = None, **changes: Any) -> str:
    return str(start_page(view(**changes), load_language(language), brand or Brand()).body)


@pytest.mark.parametrize(("state", "name", "kind"), list(product(LinkState, NAMES, Device)))
def test_the_page_has_one_button_that_needs_no_script(state: LinkState, name: str, kind: Device) -> None:
    language = load_language(name)
    response = start_page(view(state=state, user_agent=AGENTS[kind]), language, Brand())
    html = str(response.body)
    assert_strict(response)
    assert f'<html lang="{language.tag}">' in html
    forms = re.findall(r'<form method="post" action="(.*?)"><button class="(\w+)">(.*?)</button></form>', html)
    is_waiting = state is LinkState.WAIT
    start_texts = language.start
    label = start_texts.ready_button if state is LinkState.READY else start_texts.resume_button
    expected = {
        Device.PHONE: (START, "first", label),
        Device.DESKTOP: (START, "second", start_texts.this_device),
        Device.IN_APP: (START, "second", label),
    }[kind]
    assert [tuple(map(unescape, form)) for form in forms] == ([] if is_waiting else [expected])
    # Buttons that need the script are hidden in the HTML.
    assert len(re.findall("<button(?! class| type=.button. hidden)", html)) == 0
    # A desktop follows a page that is_waiting, too.
    reload = "3; url=?follow=1" if kind is Device.DESKTOP else "3"
    assert response.headers.get("Refresh") == (reload if is_waiting else None)
    is_polled = kind is Device.DESKTOP and not is_waiting
    assert ('<noscript><meta http-equiv="refresh"' in html) is is_polled
    assert ('data-status="../../status/x"' in html) is is_polled
    assert ("connect-src" in directives(response)) is is_polled
    assert (f'<svg role="img" aria-label="{language.start.qr_code}" viewBox=' in html) is is_polled
    assert (f'readonly value="{START}"' in html) is (kind is Device.IN_APP and not is_waiting)


@pytest.mark.parametrize(
    ("state", "waiting_since", "reload", "soon"),
    [
        # Without a link, waiting_since is valid_until.
        (LinkState.READY, timedelta(days=3), 30, 300),
        (LinkState.USABLE, timedelta(minutes=15), 5, 1200),
    ],
)
def test_a_desktop_polls_often_only_while_a_link_may_have_a_result(
    state: LinkState, waiting_since: timedelta, reload: int, soon: int
) -> None:
    html = shown(state=state, waiting_since=NOW + waiting_since, user_agent=DESKTOP)
    assert f'<noscript><meta http-equiv="refresh" content="{reload}; url=?follow=1"></noscript>' in html
    assert f'data-status="../../status/x" data-soon="{soon}"' in html


def test_the_qr_code_has_the_start_url_black_on_white_with_a_quiet_zone() -> None:
    import segno

    html = shown(user_agent=DESKTOP)
    code = segno.make(START, error="m", micro=False)
    drawn = r'viewBox="0 0 (\d+) \d+" class="qr"><path fill="#fff" d="M0 0h(\d+).*?"/>(.*?)>'
    ((size, white, path),) = re.findall(drawn, html)
    assert int(size) == int(white) == len(code.matrix) + 8
    assert path.startswith('<path stroke="#000" d="M4 4.5h7')
    # The path draws exactly the dark modules of the code.
    assert sum(map(int, re.findall(r"h(\d+)", path))) == sum(cell for row in code.matrix for cell in row)


@pytest.mark.parametrize(
    ("type", "id_type", "present", "absent"),
    [
        ("00", "PASSPORT", ["passport", "light", "camera", "Your face"], ["identity card"]),
        ("01", "ID_CARD", ["identity card", "light", "camera"], ["passport", "Your face"]),
    ],
)
def test_the_page_lists_what_the_person_needs(type: str, id_type: str, present: list[str], absent: list[str]) -> None:
    (needs,) = re.findall("<ul>(.*?)</ul>", shown(type=type, id_type=id_type))
    assert [word for word in present if word not in needs] + [word for word in absent if word in needs] == []


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (timedelta(days=6, hours=23), "6 days"),
        (timedelta(days=1), "1 day"),
        (timedelta(hours=23, minutes=59), "23 hours"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(seconds=59.9), "59 seconds"),
        (timedelta(seconds=-5), "0 seconds"),
    ],
)
def test_the_page_shows_how_long_the_link_is_valid(left: timedelta, text: str) -> None:
    html = shown(valid_until=NOW + left)
    ((until, seconds, units, time_text),) = re.findall(
        r'<time datetime="(.*?)" data-left="(\d+)" data-units="(.*?)">(.*?)</time>', html
    )
    assert time_text == text
    assert datetime.fromisoformat(until) - (NOW + left) < timedelta(milliseconds=1)
    # The script continues from these values.
    assert [tuple(unit) for unit in json.loads(unescape(units))] == list(load_language("en").start.units)
    assert duration(int(seconds), load_language("en").start) == text


@pytest.mark.parametrize(
    ("state", "left", "text", "buttons"),
    [
        (LinkState.READY, 3, None, 1),
        (LinkState.READY, 2, "You can start 2 more times.", 1),
        (LinkState.READY, 1, "You can start once more.", 1),
        (LinkState.READY, 0, "You have used all attempts.", 0),
        (LinkState.USABLE, 0, None, 1),
    ],
)
@pytest.mark.parametrize("agent", AGENTS.values(), ids=AGENTS)
def test_the_page_shows_how_many_starts_are_left(
    state: LinkState, left: int, text: str | None, buttons: int, agent: str
) -> None:
    html = shown(state=state, links_left=left, user_agent=agent)
    assert html.count("<form") == buttons
    assert (text in html) if text else "You can start" not in html and "all attempts" not in html


@pytest.mark.parametrize(
    ("user_agent", "kind"),
    [
        ("", Device.DESKTOP),
        (DESKTOP, Device.DESKTOP),
        (f"{DESKTOP} WindowsWechat MicroMessenger/7.0", Device.DESKTOP),
        (IPHONE, Device.PHONE),
        (ANDROID.format(""), Device.PHONE),
        ("Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X)", Device.PHONE),
        (ANDROID.format("; wv"), Device.IN_APP),
        (f"{IPHONE} [FBAN/FBIOS;FBAV/480.0]", Device.IN_APP),
        (f"{IPHONE} Instagram 350.0.0", Device.IN_APP),
        (f"{IPHONE} Safari Line/14.19.0", Device.IN_APP),
        (f"{IPHONE} MicroMessenger/8.0.50", Device.IN_APP),
        (f"{IPHONE} WhatsApp/24.1", Device.IN_APP),
        (f"{ANDROID.format('')} Telegram-Android/11.2", Device.IN_APP),
        (f"{IPHONE} musical_ly_36.0 BytedanceWebview/d8a21c6", Device.IN_APP),
        (f"{IPHONE} Online/1", Device.PHONE),
    ],
)
def test_the_user_agent_tells_the_kind_of_browser(user_agent: str, kind: Device) -> None:
    assert device(user_agent) is kind
