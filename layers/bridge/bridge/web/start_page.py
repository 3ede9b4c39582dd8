"""The page where a person begins: what will happen, what to have at hand, and one button."""

import json
from datetime import datetime, timedelta
from html import escape
from typing import NamedTuple

from aws_lambda_powertools.event_handler import Response

from bridge.domain.decision import OCR_ONLY
from bridge.domain.links import LinkState
from bridge.domain.verification import timestamp
from bridge.web.brand import Brand
from bridge.web.devices import Device, device
from bridge.web.page_layout import WAITING, page, paragraphs, reload_after
from bridge.web.page_script import SCRIPT
from bridge.web.page_texts import Language, StartTexts, Text

# So many starts that are left are worth a word; before the first they are no concern.
_FEW = 2
# A check ends a link within two minutes. If it takes longer the vendor is out of reach, perhaps for hours.
_RELOAD_SECONDS, _SLOW_RELOAD_SECONDS = 3, 30
_SOON = timedelta(minutes=5)
# Without script: a page that follows an open link, and one before a link, whose person may come in days.
_FOLLOW_SECONDS, _SLOW_FOLLOW_SECONDS = 5, 30
# What a desktop loads instead of the same page: after a final status that is the frontend.
_FOLLOW = "; url=?follow=1"


class StartView(NamedTuple):
    """What the page shows. `status_url` may be relative; `start_url` is absolute, because it is also scanned.

    waiting_since: as in domain/links.
    links_left: links that may still be made.
    """

    start_url: str
    status_url: str
    state: LinkState
    valid_until: datetime
    waiting_since: datetime
    now: datetime
    user_agent: str
    links_left: int
    type: str
    id_type: str


def start_page(view: StartView, language: Language, brand: Brand) -> Response[str]:
    texts = language.start
    kind = device(view.user_agent)
    is_desktop = kind is Device.DESKTOP
    if view.state is LinkState.WAIT:
        content = paragraphs(texts.wait.text) + WAITING
        seconds = _RELOAD_SECONDS if view.now < view.waiting_since + _SOON else _SLOW_RELOAD_SECONDS
        headers = reload_after(seconds)
        if is_desktop:
            headers["Refresh"] += _FOLLOW
        return page(200, texts.wait.title, content, language, brand, headers=headers)
    title, text = texts.ready if view.state is LinkState.READY else texts.resume
    first, second = _actions(view, kind, texts)
    content = _polling_marker(view, kind) + paragraphs(text) + first
    content += _needs(view, texts) + second + _validity(view, texts)
    head = _follow_without_script(view) if is_desktop else ""
    return page(200, title, content, language, brand, script=SCRIPT, polls=is_desktop, head=head)


def _polling_marker(view: StartView, kind: Device) -> str:
    """On a desktop, for the script: the person goes on with the phone, and the page follows."""
    if kind is not Device.DESKTOP:
        return ""
    soon = _SOON if view.state is LinkState.READY else view.waiting_since + _SOON - view.now
    return f'<p hidden data-status="{escape(view.status_url)}" data-soon="{int(soon.total_seconds())}"></p>'


def _follow_without_script(view: StartView) -> str:
    seconds = _SLOW_FOLLOW_SECONDS if view.state is LinkState.READY else _FOLLOW_SECONDS
    return f'<noscript><meta http-equiv="refresh" content="{seconds}{_FOLLOW}"></noscript>'


def _actions(view: StartView, kind: Device, texts: StartTexts) -> tuple[str, str]:
    """What stands before the list of needs, and what after it."""
    label = texts.ready_button if view.state is LinkState.READY else texts.resume_button
    if view.state is LinkState.READY and view.links_left <= 0:
        return "", paragraphs(texts.none_left)
    if kind is Device.DESKTOP:
        return _qr_code(view.start_url, texts), _button(view.start_url, texts.this_device, "second")
    if kind is Device.IN_APP:
        return _leave_app(view.start_url, texts), _button(view.start_url, label, "second")
    return "", _button(view.start_url, label, "first")


def _button(url: str, label: str, style: str) -> str:
    return f'<form method="post" action="{escape(url)}"><button class="{style}">{escape(label)}</button></form>'


def _needs(view: StartView, texts: StartTexts) -> str:
    needs = [texts.documents[view.id_type], texts.light, texts.camera]
    if view.type != OCR_ONLY:
        needs.append(texts.face)
    return f"<h2>{escape(texts.needs)}</h2><ul>{''.join(f'<li>{escape(need)}</li>' for need in needs)}</ul>"


def _section(text: Text, content: str = "") -> str:
    return f"<h2>{escape(text.title)}</h2>{paragraphs(text.text)}{content}"


def _qr_code(url: str, texts: StartTexts) -> str:
    """Black on white with its quiet zone in both colour schemes, because many scanners read no inverted code."""
    # Imported here, because only a desktop needs it and its import takes longer than the rest of the page.
    import segno

    code = segno.make(url, error="m", micro=False).svg_inline(
        border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None
    )
    label = f'<svg role="img" aria-label="{escape(texts.qr_code)}" '
    return _section(texts.scan, code.replace("<svg ", label, 1))


def _leave_app(url: str, texts: StartTexts) -> str:
    return _section(
        texts.in_app,
        f'<label for="link">{escape(texts.link)}</label><input id="link" readonly value="{escape(url)}">'
        f'<button type="button" hidden aria-live="polite" data-copy="{escape(texts.copied)}">'
        f"{escape(texts.copy)}</button>",
    )


def _validity(view: StartView, texts: StartTexts) -> str:
    left = max(0, int((view.valid_until - view.now).total_seconds()))
    time = (
        f'<time datetime="{timestamp(view.valid_until)}" data-left="{left}" '
        f'data-units="{escape(json.dumps(texts.units, ensure_ascii=False))}">{escape(duration(left, texts))}</time>'
    )
    valid = f'<p class="small">{escape(texts.valid).replace("{time}", time)}</p>'
    if view.state is LinkState.USABLE or not 0 < view.links_left <= _FEW:
        return valid
    left_text = texts.last_start if view.links_left == 1 else texts.starts_left.replace("{n}", str(view.links_left))
    return f'{valid}<p class="small">{escape(left_text)}</p>'


def duration(seconds: int, texts: StartTexts) -> str:
    """Whole days, hours, minutes or seconds, whichever is the largest unit that fits."""
    size, one, many = next((unit for unit in texts.units if seconds >= unit[0]), texts.units[-1])
    return one if seconds // size == 1 else many.replace("{n}", str(seconds // size))
