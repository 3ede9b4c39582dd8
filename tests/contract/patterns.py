"""Finds the regular expressions in the code, and those whose time may grow faster than the length of the text.

A backtracking matcher is slow if a text matches in several ways, because two repeats can match the same character.
So a pattern counts as linear if no unbounded repeat contains another repeat or branches that may begin alike, and no
two adjacent unbounded repeats share a character. This refuses some harmless patterns, too. Patterns are parsed by `re`.
"""

import ast
import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

# A repeat with at most this many rounds counts as bounded.
_MAX_BOUNDED = 32
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_ANY = frozenset(range(256))
_PARSER: Any = importlib.import_module("re._parser")


def in_module(path: Path) -> Iterator[tuple[str, str]]:
    """Yields (location, pattern) of each call of `re` in a module. Raises ValueError if a pattern is not a literal."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("re", "regex"):
            raise ValueError(f"{path.name}:{node.lineno} imports names from re, so their calls are not found")
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re") or node.func.attr == "escape":
            continue
        pattern = node.args[0] if node.args else None
        if not (isinstance(pattern, ast.Constant) and isinstance(pattern.value, str)):
            raise ValueError(f"{path.name}:{node.lineno} builds its pattern at run time")
        yield f"{path.name}:{node.lineno}", pattern.value


def in_document(value: Any, member: str, where: str) -> Iterator[tuple[str, str]]:
    """Yields (location, pattern) of each such member of a parsed document. `where` is the location of `value`."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == member and isinstance(inner, str):
                yield where, inner
            yield from in_document(inner, member, f"{where}/{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from in_document(inner, member, f"{where}/{index}")


class _Slow(Exception):
    """Says why a pattern may be slow."""


def redos_risk(pattern: str) -> str | None:
    """Returns why a pattern may be slow, or None."""
    try:
        _walk(list(_PARSER.parse(pattern)), frozenset())
    except _Slow as reason:
        return str(reason)
    return None


def _walk(parts: Sequence[Any], open_: frozenset[int]) -> frozenset[int]:
    """Visits the parts. `open_` are the characters that an unbounded repeat before them may also match."""
    for op, value in parts:
        name = str(op)
        if name in _REPEATS:
            open_ = _repeat(value, open_)
        elif inner := list(_inner(name, value)):
            open_ = frozenset().union(*(_walk(sequence, open_) for sequence in inner))
        elif name != "AT" and not _characters([(op, value)]) & open_:
            # No repeat before it matches this character, so the end of those repeats is certain.
            open_ = frozenset()
        if name == "GROUPREF":
            raise _Slow("a back reference")
    return open_


def _repeat(value: Any, open_: frozenset[int]) -> frozenset[int]:
    least, most, body = value[0], value[1], list(value[2])
    if most <= _MAX_BOUNDED:
        after = _walk(body, open_)
        return after if least else after | open_
    _walk(body, frozenset())
    if risk := _body_risk(body):
        raise _Slow(risk)
    characters = _characters(body)
    if open_ & characters:
        raise _Slow("two adjacent repeats share a character")
    return open_ | characters


def _body_risk(body: Sequence[Any]) -> str | None:
    for op, value in _flat(body):
        if str(op) in _REPEATS and value[1] != value[0]:
            return "a repeat in a repeat"
        if str(op) == "BRANCH":
            starts: set[int] = set()
            for branch in value[1]:
                start = _characters(list(branch)[:1])
                if starts & start or not branch:
                    return "branches under a repeat begin alike"
                starts |= start
    return None


def _flat(parts: Sequence[Any]) -> Iterator[Any]:
    for op, value in parts:
        yield op, value
        for sequence in _inner(str(op), value):
            yield from _flat(sequence)


def _inner(name: str, value: Any) -> Iterator[list[Any]]:
    if name in _REPEATS:
        yield list(value[2])
    elif name == "SUBPATTERN":
        yield list(value[3])
    elif name == "BRANCH":
        yield from map(list, value[1])
    elif name in ("ASSERT", "ASSERT_NOT"):
        yield list(value[1])


def _characters(parts: Sequence[Any]) -> frozenset[int]:
    """Returns the characters that the parts may match, of the first 256. Returns all of them if unsure."""
    matched: set[int] = set()
    for op, value in parts:
        name = str(op)
        if name == "LITERAL":
            matched.add(min(value, 255))
        elif name == "NOT_LITERAL":
            matched |= _ANY - {value}
        elif name == "IN":
            matched |= _class_characters(value)
        elif name == "AT":
            continue
        elif inner := list(_inner(name, value)):
            matched |= {character for sequence in inner for character in _characters(sequence)}
        else:
            matched |= _ANY
    return frozenset(matched)


def _class_characters(members: Sequence[Any]) -> frozenset[int]:
    matched: set[int] = set()
    for op, value in members:
        if str(op) == "LITERAL":
            matched.add(min(value, 255))
        elif str(op) == "RANGE":
            matched |= set(range(min(value[0], 255), min(value[1], 255) + 1))
        elif str(op) != "NEGATE":
            return _ANY
    return _ANY - matched if members and str(members[0][0]) == "NEGATE" else frozenset(matched)
