"""Regular expressions: where they stand, and whether one can be made to take longer than its text is long.

A backtracking matcher is slow where one text can be read in several ways: two repeats that may hand the same character
to each other. So a pattern is held to be linear here if nothing that repeats without a bound holds another repeat or
a choice between branches that may begin alike, and no two unbounded repeats that stand side by side share a character.
That refuses some harmless patterns, too. It reads what `re` itself parses.
"""

import ast
import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

# How many times a repeat may go round and still count as short.
_SHORT = 32
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_ANY = frozenset(range(256))
_PARSER: Any = importlib.import_module("re._parser")


def in_module(path: Path) -> Iterator[tuple[str, str]]:
    """(where, pattern) of each call of `re` in a module. ValueError where the pattern is not written there."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("re", "regex"):
            raise ValueError(f"{path.name}:{node.lineno} imports names out of re: they would not be found")
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re") or node.func.attr == "escape":
            continue
        written = node.args[0] if node.args else None
        if not (isinstance(written, ast.Constant) and isinstance(written.value, str)):
            raise ValueError(f"{path.name}:{node.lineno} makes its pattern as it runs")
        yield f"{path.name}:{node.lineno}", written.value


def in_yaml(path: Path, *names: str) -> Iterator[tuple[str, str]]:
    """(where, pattern) of each member with one of the names; tags of CloudFormation count for nothing."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda loader, suffix, node: None)

    def walk(value: Any, where: str) -> Iterator[tuple[str, str]]:
        if isinstance(value, dict):
            for name, inner in value.items():
                if name in names and isinstance(inner, str):
                    yield where, inner
                yield from walk(inner, f"{where}/{name}")
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                yield from walk(inner, f"{where}/{index}")

    yield from walk(yaml.load(path.read_text(encoding="utf-8"), Loader), path.name)


class _Slow(Exception):
    """Says why a pattern may be slow."""


def redos_risk(pattern: str) -> str | None:
    """Why a pattern may be slow, or None."""
    try:
        _walk(list(_PARSER.parse(pattern)), frozenset())
    except _Slow as why:
        return str(why)
    return None


def _walk(parts: Sequence[Any], open_: frozenset[int]) -> frozenset[int]:
    """Goes along the parts; `open_` are the characters that a long repeat before them might still have taken."""
    for op, value in parts:
        name = str(op)
        if name in _REPEATS:
            open_ = _repeat(value, open_)
        elif inner := list(_inner(name, value)):
            open_ = frozenset().union(*(_walk(sequence, open_) for sequence in inner))
        elif name != "AT" and not _characters([(op, value)]) & open_:
            # A character that no repeat before it takes: where they end is certain.
            open_ = frozenset()
        if name == "GROUPREF":
            raise _Slow("a reference back")
    return open_


def _repeat(value: Any, open_: frozenset[int]) -> frozenset[int]:
    least, most, body = value[0], value[1], list(value[2])
    if most <= _SHORT:
        after = _walk(body, open_)
        return after if least else after | open_
    _walk(body, frozenset())
    if found := _fault_of_body(body):
        raise _Slow(found)
    mine = _characters(body)
    if open_ & mine:
        raise _Slow("two repeats side by side share a character")
    return open_ | mine


def _fault_of_body(body: Sequence[Any]) -> str | None:
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
    """All that the parts might take, of the first 256 characters; all of them where that is not clear."""
    taken: set[int] = set()
    for op, value in parts:
        name = str(op)
        if name == "LITERAL":
            taken.add(min(value, 255))
        elif name == "NOT_LITERAL":
            taken |= _ANY - {value}
        elif name == "IN":
            taken |= _of_class(value)
        elif name == "AT":
            continue
        elif inner := list(_inner(name, value)):
            taken |= {character for sequence in inner for character in _characters(sequence)}
        else:
            taken |= _ANY
    return frozenset(taken)


def _of_class(members: Sequence[Any]) -> frozenset[int]:
    taken: set[int] = set()
    for op, value in members:
        if str(op) == "LITERAL":
            taken.add(min(value, 255))
        elif str(op) == "RANGE":
            taken |= set(range(min(value[0], 255), min(value[1], 255) + 1))
        elif str(op) != "NEGATE":
            return _ANY
    return _ANY - taken if members and str(members[0][0]) == "NEGATE" else frozenset(taken)
