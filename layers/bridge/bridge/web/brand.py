"""The deployment's name, logo and colour on the pages for a person, and the contrasts of its colour (WCAG 2.2)."""

from typing import NamedTuple
from urllib.parse import urlsplit

from bridge.settings import Settings

DEFAULT_COLOUR = "#2563eb"
# The cards of the light and the dark scheme, on which a button stands; page_style.py uses them too.
LIGHT_CARD, DARK_CARD = "#ffffff", "#1a1e26"
# Least contrast of a button with what surrounds it (WCAG 2.2, 1.4.11).
_LEAST_OF_A_SHAPE = 3.0


class Brand(NamedTuple):
    """Any of them may be empty. `colour` is #rrggbb; `logo_url` an https URL; `support_url` https: or mailto:."""

    name: str = ""
    logo_url: str = ""
    colour: str = ""
    support_url: str = ""

    @property
    def accent(self) -> str:
        return self.colour or DEFAULT_COLOUR

    @property
    def on_accent(self) -> str:
        """Black or white, whichever contrasts more with the accent. It is 4.58 to 1 at least."""
        return max("#ffffff", "#000000", key=lambda text: contrast(text, self.accent))

    def stands_out_on(self, background: str) -> bool:
        """Whether a button in the accent needs no border there."""
        return contrast(self.accent, background) >= _LEAST_OF_A_SHAPE

    @property
    def logo_origin(self) -> str:
        """For the Content-Security-Policy; empty without a logo."""
        url = urlsplit(self.logo_url)
        return f"{url.scheme}://{url.netloc}" if self.logo_url else ""


def brand(settings: Settings) -> Brand:
    return Brand(settings.brand_name, settings.brand_logo_url, settings.brand_colour, settings.support_url)


def contrast(one: str, other: str) -> float:
    """The ratio of two colours (#rrggbb), from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
