"""What all pages have: a strict content security policy, the brand, and readable colours."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.errors import NotFound, StorageUnavailable
from bridge.domain.verification import Status
from bridge.web import page_style
from bridge.web.brand import DEFAULT_COLOUR, Brand, contrast
from bridge.web.page_texts import load_language
from bridge.web.pages import done_page, error_page
from tests.unit.builders import reservation
from tests.unit.page_checks import assert_strict, directives

ACME = Brand("Acme & Söhne", "https://cdn.acme.example:8443/logo.svg?v=1&w=2", "#ffd400", "mailto:help@acme.example")
COLOURS = st.from_regex("#[0-9a-f]{6}", fullmatch=True)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("brand", [Brand(), ACME], ids=["no brand", "brand"])
def test_the_done_page_is_strict_and_shows_the_brand(status: Status, brand: Brand) -> None:
    response = done_page(reservation(status=status), load_language("en"), brand)
    html = str(response.body)
    assert_strict(response)
    if brand is ACME:
        assert "· Acme &amp; Söhne</title>" in html
        image = '<img src="https://cdn.acme.example:8443/logo.svg?v=1&amp;w=2" alt="">'
        assert f"<header>{image}<p>Acme &amp; Söhne</p></header>" in html
        assert '<footer><a href="mailto:help@acme.example" rel="noreferrer">Help</a></footer>' in html
        assert directives(response)["img-src"] == ["https://cdn.acme.example:8443"]
    else:
        assert "<header><p>Identity check</p></header>" in html
        assert "://" not in html
        assert not re.search("<img|<footer", html)
        assert "img-src" not in directives(response)


def test_an_error_page_is_strict_and_reloads_only_for_a_temporary_error() -> None:
    errors = (NotFound(), StorageUnavailable("GetItem", "x"))
    gone, busy = (error_page(error, load_language("ms"), ACME) for error in errors)
    for response in (gone, busy):
        assert_strict(response)
        assert "Bantuan" in str(response.body)
    assert (gone.status_code, "Refresh" in gone.headers) == (404, False)
    assert (busy.status_code, busy.headers["Refresh"]) == (503, "5")


@given(COLOURS)
def test_the_text_on_a_button_is_readable_in_every_colour(colour: str) -> None:
    brand = Brand(colour=colour)
    assert contrast(brand.on_accent, brand.accent) >= 4.5
    for scheme in (page_style.LIGHT, page_style.DARK):
        assert contrast(page_style._edge(brand, scheme), scheme["card"]) >= 3


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21), ("#ffffff", "#777777", 4.48), ("#0000ff", "#ffffff", 8.59), ("#123456", "#123456", 1)],
)
def test_the_contrast_ratio_of_two_colours(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)
    assert contrast(other, one) == contrast(one, other)


@pytest.mark.parametrize("scheme", [page_style.LIGHT, page_style.DARK], ids=["light", "dark"])
def test_text_is_readable_in_both_colour_schemes(scheme: dict[str, str]) -> None:
    for text in ("text", "muted"):
        for background in ("page", "card"):
            assert contrast(scheme[text], scheme[background]) >= 4.5
    assert contrast(DEFAULT_COLOUR, scheme["card"]) >= 3


@pytest.mark.parametrize(
    ("colour", "text"), [("", "#ffffff"), ("#ffd400", "#000000"), ("#0a7d5b", "#ffffff"), ("#FFFFFF", "#000000")]
)
def test_the_style_has_the_colour_of_the_brand(colour: str, text: str) -> None:
    css = page_style.style(Brand(colour=colour))
    assert f"--accent:{colour or DEFAULT_COLOUR};--on-accent:{text};" in css
