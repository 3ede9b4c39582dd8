"""The frame of every page for a person: header with the brand, one card, footer; and its strict headers."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape

from aws_lambda_powertools.event_handler import Response

from bridge.web.brand import Brand
from bridge.web.page_style import style
from bridge.web.page_texts import Language
from bridge.web.responses import PRIVATE_HEADERS

WAITING = '<span class="pulse" aria-hidden="true"></span>'


def page(
    status: int,
    title: str,
    content: str,
    language: Language,
    brand: Brand,
    *,
    mark: str = "",
    script: str = "",
    polls: bool = False,
    head: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    """A page with the heading `title`. `content`, `mark` and `head` are HTML, already escaped.

    mark: stands above the heading.
    polls: the script may call this API.
    """
    css = style(brand)
    policy = _policy(css, script, brand.logo_origin, polls=polls)
    html = (
        f'<!doctype html>\n<html lang="{language.tag}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(f'{title} · {brand.name}' if brand.name else title)}</title>{head}<style>{css}</style></head>"
        f"<body><header>{_header(language, brand)}</header><main>{mark}<h1>{escape(title)}</h1>{content}</main>"
        f"{_footer(language, brand)}{f'<script>{script}</script>' if script else ''}</body></html>\n"
    )
    return Response(
        status,
        "text/html; charset=utf-8",
        html,
        {
            **PRIVATE_HEADERS,
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Content-Language": language.tag,
            **(headers or {}),
        },
    )


def reload_after(seconds: int | None) -> dict[str, str]:
    """The headers of a page that loads itself again, without a script; empty if it need not."""
    return {"Refresh": str(seconds), "Retry-After": str(seconds)} if seconds else {}


def paragraphs(*texts: str) -> str:
    return "".join(f"<p>{escape(text)}</p>" for text in texts)


def _header(language: Language, brand: Brand) -> str:
    # The name follows as text, so the picture says nothing of its own.
    logo = f'<img src="{escape(brand.logo_url)}" alt="">' if brand.logo_url else ""
    return f"{logo}<p>{escape(brand.name or language.service)}</p>"


def _footer(language: Language, brand: Brand) -> str:
    if not brand.support_url:
        return ""
    return f'<footer><a href="{escape(brand.support_url)}" rel="noreferrer">{escape(language.help)}</a></footer>'


def _policy(css: str, script: str, logo_origin: str, *, polls: bool) -> str:
    # No form-action: browsers apply it to the redirect that follows a form too, and this one ends at the vendor's
    # page, whose origin only the vendor knows. A form can lead elsewhere only by markup from outside; there is none.
    directives = (
        "default-src 'none'",
        f"style-src {_hash(css)}",
        f"script-src {_hash(script)}" if script else "",
        f"img-src {logo_origin}" if logo_origin else "",
        "connect-src 'self'" if polls else "",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    return "; ".join(filter(None, directives))


def _hash(inline: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"
