"""Parses the parts of DynamoDB's condition and update expressions that bridge.store uses; rejects all others.

test_expressions.py compares the results with moto's.
"""

import functools
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Value = dict[str, Any]
Item = dict[str, Value]
# Functions of (item, values). An operand is None where the item lacks the attribute.
Test = Callable[[Item, Mapping[str, Value]], bool]
Operand = Callable[[Item, Mapping[str, Value]], Value | None]

_TOKEN = re.compile(r"\s*(#\w+|:\w+|<>|<=|>=|[=<>(),+]|\w+)")
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Unsupported(Exception):
    """An expression that this module does not support, because the bridge does not use it."""


@functools.lru_cache(maxsize=1024)
def tokens(expression: str) -> tuple[str, ...]:
    found, position, text = [], 0, expression.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise Unsupported(text[position:])
        found.append(match[1])
        position = match.end()
    return tuple(found)


def mentioned(expression: str) -> set[str]:
    """Returns the placeholders of an expression: #names and :values."""
    return {token for token in tokens(expression) if token[0] in "#:"}


def number(value: Value) -> Decimal:
    return Decimal(value["N"])


def compare(left: Value | None, sign: str, right: Value | None) -> bool:
    """Compares two values. Values of different types are unequal, and neither is less than the other."""
    if left is None or right is None or left.keys() != right.keys():
        return sign == "<>" and left is not right
    a, b = (number(value) if "N" in value else next(iter(value.values())) for value in (left, right))
    return bool(_SIGNS[sign](a, b))


class _Parser:
    def __init__(self, expression: str, names: Mapping[str, str]) -> None:
        self._left = list(reversed(tokens(expression)))
        self._names = names

    def whole(self) -> Test:
        test = self._condition()
        if self._left:
            raise Unsupported(" ".join(reversed(self._left)))
        return test

    def _condition(self) -> Test:
        return self._chain("OR", any, lambda: self._chain("AND", all, self._test))

    def _chain(self, word: str, join: Callable[[Iterable[bool]], bool], parse: Callable[[], Test]) -> Test:
        tests = [parse()]
        while self._has(word):
            tests.append(parse())
        return tests[0] if len(tests) == 1 else lambda item, values: join(test(item, values) for test in tests)

    def _test(self) -> Test:
        if self._has("("):
            test = self._condition()
            self._take(")")
            return test
        for function, wanted in (("attribute_exists", True), ("attribute_not_exists", False)):
            if self._has(function):
                self._take("(")
                name = self._names[self._take()]
                self._take(")")
                return lambda item, _: (name in item) is wanted
        left, sign = self._operand(), self._take()
        if sign == "IN":
            self._take("(")
            options = [self._operand()]
            while self._take() == ",":
                options.append(self._operand())
            return lambda item, values: any(compare(left(item, values), "=", o(item, values)) for o in options)
        if sign not in _SIGNS:
            raise Unsupported(sign)
        right = self._operand()
        return lambda item, values: compare(left(item, values), sign, right(item, values))

    def _operand(self) -> Operand:
        token = self._take()
        if token.startswith(":"):
            return lambda item, values: values[token]
        name = self._names[token] if token.startswith("#") else token
        return lambda item, values: item.get(name)

    def _has(self, token: str) -> bool:
        found = bool(self._left) and self._left[-1] == token
        if found:
            self._left.pop()
        return found

    def _take(self, expected: str | None = None) -> str:
        if not self._left or (expected is not None and self._left[-1] != expected):
            raise Unsupported(f"{self._left[-1:]} where {expected or 'more'} was expected")
        return self._left.pop()


def condition(expression: str, names: Mapping[str, str]) -> Test:
    return _condition(expression, tuple(sorted(names.items())))


@functools.lru_cache(maxsize=512)
def _condition(expression: str, names: tuple[tuple[str, str], ...]) -> Test:
    # An expression may also contain an attribute's name itself.
    return _Parser(expression, {**{token: token for token in tokens(expression)}, **dict(names)}).whole()


@dataclass(frozen=True, slots=True)
class Update:
    """`sets` and `adds` as (attribute, :value), `copies` as (attribute, source attribute, else :value), `appends` as
    (attribute, :value if it is absent, :value)."""

    sets: tuple[tuple[str, str], ...]
    adds: tuple[tuple[str, str], ...]
    copies: tuple[tuple[str, str, str], ...]
    appends: tuple[tuple[str, str, str], ...]
    removes: tuple[str, ...]

    def apply(self, item: Item, values: Mapping[str, Value]) -> Item:
        """Returns the item after the update; raises KeyError if a number to increment is missing."""
        changed = dict(item)
        changed.update({name: values[value] for name, value in self.sets})
        changed.update({name: item.get(source, values[value]) for name, source, value in self.copies})
        for name, none, value in self.appends:
            changed[name] = {"L": item.get(name, values[none])["L"] + values[value]["L"]}
        for name, value in self.adds:
            changed[name] = {"N": str(number(item[name]) + number(values[value]))}
        for name in self.removes:
            changed.pop(name, None)
        return changed


def update(expression: str, names: Mapping[str, str]) -> Update:
    return _update(expression, tuple(sorted(names.items())))


@functools.lru_cache(maxsize=512)
def _update(expression: str, names: tuple[tuple[str, str], ...]) -> Update:
    known = dict(names)
    head, _, tail = expression.partition("REMOVE")
    removes = tuple(known[token] for token in tokens(tail) if token != ",")
    sets, adds, copies, appends = [], [], [], []
    for clause in _clauses(tokens(head.removeprefix("SET"))):
        match clause:
            case [name, "=", "if_not_exists", "(", source, ",", value, ")"]:
                copies.append((known[name], known[source], value))
            case [name, "=", "list_append", "(", "if_not_exists", "(", same, ",", none, ")", ",", value, ")"] if (
                same == name
            ):
                appends.append((known[name], none, value))
            case [name, "=", value] if value.startswith(":"):
                sets.append((known[name], value))
            case [name, "=", same, "+", value] if same == name and value.startswith(":"):
                adds.append((known[name], value))
            case _:
                raise Unsupported(" ".join(clause))
    paths = [name for name, *_ in (*sets, *adds, *copies, *appends)] + list(removes)
    if len(paths) != len(set(paths)):
        raise Unsupported("two paths overlap")
    return Update(tuple(sets), tuple(adds), tuple(copies), tuple(appends), removes)


def _clauses(words: Iterable[str]) -> Iterator[list[str]]:
    """Splits words into clauses at the commas outside parentheses."""
    clause: list[str] = []
    depth = 0
    for word in words:
        depth += (word == "(") - (word == ")")
        if word == "," and depth == 0:
            yield clause
            clause = []
        else:
            clause.append(word)
    if clause:
        yield clause
