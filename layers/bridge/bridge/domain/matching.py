"""Compares what the caller expects of a person with what the vendor read from the document.

A comparison is True, False, or None if nothing was expected, the document has no such field, or it cannot be read.
docs/api.md has the rules for callers.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date

from bridge.domain.identity import Identity, Matches

# Words between a person's own name and the father's. They may be missing. If both names have them, they must be of the
# same kind.
_SON, _DAUGHTER = "son", "daughter"
_CONNECTORS = {"bin": _SON, "a/l": _SON, "s/o": _SON, "binti": _DAUGHTER, "a/p": _DAUGHTER, "d/o": _DAUGHTER}

# Letters that NFKD does not decompose.
_LETTERS = str.maketrans({"đ": "d", "ð": "d", "ø": "o", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe"})


def compare(expected: Identity, document: Identity) -> Matches:
    return Matches(
        name=_compare_names(expected.name, document.name),
        id_number=_compare_id_numbers(expected.id_number, document.id_number),
        birthday=_compare_birthdays(expected.birthday, document),
    )


def _compare_names(expected: str | None, document: str | None) -> bool | None:
    """Whether both have the same parts in the same order. A name without connectors has one part."""
    ours, our_kinds = _parts(expected or "")
    theirs, their_kinds = _parts(document or "")
    if not ours or not theirs:
        return None
    if _letters(*ours).isascii() != _letters(*theirs).isascii():
        # A name in another script, such as Chinese, cannot be compared with one in Latin letters.
        return None
    if our_kinds and their_kinds and our_kinds != their_kinds:
        return False
    return _have_same_parts(ours, theirs) if len(ours) <= len(theirs) else _have_same_parts(theirs, ours)


def _have_same_parts(fewer: list[list[str]], more: list[list[str]]) -> bool:
    """Whether each part of `fewer` has the words of the next parts of `more`: connectors may be missing."""
    rest = list(more)
    for part in fewer:
        words: list[str] = []
        while rest and len(_letters(words)) < len(_letters(part)):
            words += rest.pop(0)
        if not _have_same_words(part, words):
            return False
    return not rest


def _have_same_words(ours: list[str], theirs: list[str]) -> bool:
    """In any order, or the same letters in the same order."""
    return sorted(ours) == sorted(theirs) or _letters(ours) == _letters(theirs)


def _letters(*parts: list[str]) -> str:
    return "".join("".join(words) for words in parts)


def _parts(name: str) -> tuple[list[list[str]], set[str]]:
    """The words before, between and after the connectors of a name, and the kinds of its connectors.

    The words are without case, diacritics and punctuation. `bin` is a connector only between other words: it is also a
    Chinese given name.
    """
    text = "/".join(part.strip() for part in re.sub("['`´‘’ʻʼ]", "", _plain(name)).split("/"))
    spaced = "".join(each if each == "/" or _is_in_word(each) else " " for each in text)
    words = re.findall(r"\b[asd]/[lpo]\b|[^ /]+", spaced)
    parts: list[list[str]] = [[]]
    kinds: set[str] = set()
    for place, word in enumerate(words):
        if word in _CONNECTORS and 0 < place < len(words) - 1:
            kinds.add(_CONNECTORS[word])
            parts.append([])
        else:
            parts[-1] += word.split("/")
    return [part for part in parts if part], kinds


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold()).casefold()
    return "".join(each for each in decomposed if not _is_diacritic(each)).translate(_LETTERS)


def _is_diacritic(character: str) -> bool:
    """Whether it is a mark of Latin, Greek, Cyrillic, Hebrew or Arabic letters.

    The marks of other scripts are vowels and consonants, as in Thai, Devanagari and kana. They have other classes.
    """
    combining_class = unicodedata.combining(character)
    return combining_class == 1 or 10 <= combining_class <= 36 or combining_class >= 200


def _is_in_word(character: str) -> bool:
    """Whether it is a letter, a digit or a mark. A variation selector only chooses how a letter looks."""
    is_selector = "VARIATION SELECTOR" in unicodedata.name(character, "")
    return unicodedata.category(character)[0] in "LMN" and not is_selector


def _compare_id_numbers(expected: str | None, document: str | None) -> bool | None:
    ours, theirs = _id_number(expected), _id_number(document)
    return ours == theirs if ours and theirs else None


def _id_number(text: str | None) -> str | None:
    """Its letters and digits; None for a masked number."""
    if text is None or "*" in text:
        return None
    return "".join(filter(_is_in_word, _plain(text))) or None


def _compare_birthdays(expected: str | None, document: Identity) -> bool | None:
    """01/02/1990 may be in January or February. The id number decides if it begins with the date."""
    readings = set(_dates(document.birthday or ""))
    if expected is None or not readings:
        return None
    day = date.fromisoformat(expected)
    if day not in readings:
        return False
    id_number = _id_number(document.id_number) or ""
    if len(readings) == 1:
        return True
    # YYMMDD and six more digits, as in a Malaysian identity card.
    if not re.fullmatch(r"\d{12}", id_number, re.ASCII):
        return None
    named = {each for each in readings if id_number.startswith(each.strftime("%y%m%d"))}
    return day in named if named else None


def _dates(text: str) -> Iterator[date]:
    """All dates that a text may mean."""
    text = text.strip()
    year_first = re.fullmatch(r"(\d{4})([-/.]?)(\d{2})([-/.]?)(\d{2})", text, re.ASCII)
    found = year_first or re.fullmatch(r"(\d{2})([-/.])(\d{2})([-/.])(\d{4})", text, re.ASCII)
    if not found or found[2] != found[4]:
        return
    first, _, second, _, third = found.groups()
    if len(first) == 4:
        yield from _date(first, second, third)
    else:
        yield from _date(third, second, first)
        yield from _date(third, first, second)


def _date(year: str, month: str, day: str) -> Iterator[date]:
    try:
        yield date(int(year), int(month), int(day))
    except ValueError:
        return
