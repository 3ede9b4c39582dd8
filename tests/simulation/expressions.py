"""DynamoDB's condition and update expressions, as far as bridge.store uses them; another construct is refused.

test_expressions.py holds this against moto.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Value = dict[str, Any]
Item = dict[str, Value]
# (item, values) → truth, or the value of an operand; None where there is none.
Test = Callable[[Item, Mapping[str, Value]], bool]
Operand = Callable[[Item, Mapping[str, Value]], Value | None]

_TOKEN = re.compile(r"\s*(#\w+|:\w+|<>|<=|>=|[=<>(),+]|\w+)")


class Unsupported(Exception):
    """An expression that no code of the bridge used when this was written."""


def tokens(expression: str) -> list[str]:
    found, position = [], 0
    text = expression.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise Unsupported(text[position:])
        found.append(match[1])
        position = match.end()
    return found


def mentioned(expression: str) -> set[str]:
    """The placeholders in it: #names and :values."""
    return {token for token in tokens(expression) if token[0] in "#:"}


def number(value: Value) -> Decimal:
    return Decimal(value["N"])


def compare(left: Value | None, sign: str, right: Value | None) -> bool:
    """Values of different kinds are unequal, and neither is the lesser."""
    if left is None or right is None or left.keys() != right.keys():
        return sign == "<>" and left is not right
    a: Any = number(left) if "N" in left else next(iter(left.values()))
    b: Any = number(right) if "N" in right else next(iter(right.values()))
    tests: dict[str, Callable[[], bool]] = {
        "=": lambda: bool(a == b),
        "<>": lambda: bool(a != b),
        "<": lambda: bool(a < b),
        "<=": lambda: bool(a <= b),
        ">": lambda: bool(a > b),
        ">=": lambda: bool(a >= b),
    }
    return tests[sign]()


class _Parser:
    def __init__(self, expression: str, names: Mapping[str, str]) -> None:
        self._tokens = tokens(expression)
        self._names = names
        self._at = 0

    def whole(self) -> Test:
        test = self._either()
        if self._at != len(self._tokens):
            raise Unsupported(" ".join(self._tokens[self._at :]))
        return test

    def _either(self) -> Test:
        tests = [self._both()]
        while self._peek() == "OR":
            self._at += 1
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda item, values: any(test(item, values) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._peek() == "AND":
            self._at += 1
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda item, values: all(test(item, values) for test in tests)

    def _one(self) -> Test:
        token = self._peek()
        if token == "(":
            self._take("(")
            test = self._either()
            self._take(")")
            return test
        if token in ("attribute_exists", "attribute_not_exists"):
            self._at += 1
            self._take("(")
            name = self._name()
            self._take(")")
            wanted = token == "attribute_exists"
            return lambda item, values: (name in item) is wanted
        return self._comparison()

    def _comparison(self) -> Test:
        left = self._operand()
        sign = self._take()
        if sign == "IN":
            self._take("(")
            options = [self._operand()]
            while self._take() == ",":
                options.append(self._operand())
            return lambda item, values: any(compare(left(item, values), "=", o(item, values)) for o in options)
        if sign not in ("=", "<>", "<", "<=", ">", ">="):
            raise Unsupported(sign)
        right = self._operand()
        return lambda item, values: compare(left(item, values), sign, right(item, values))

    def _operand(self) -> Operand:
        if (self._peek() or "").startswith(":"):
            token = self._take()
            return lambda item, values: values[token]
        name = self._name()
        return lambda item, values: item.get(name)

    def _name(self) -> str:
        token = self._take()
        return self._names[token] if token.startswith("#") else token

    def _peek(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, expected: str | None = None) -> str:
        token = self._peek()
        if token is None or (expected is not None and token != expected):
            raise Unsupported(f"{token} where {expected or 'more'} was expected")
        self._at += 1
        return token


def condition(expression: str, names: Mapping[str, str]) -> Test:
    return _condition(expression, tuple(sorted(names.items())))


@functools.lru_cache(maxsize=512)
def _condition(expression: str, names: tuple[tuple[str, str], ...]) -> Test:
    return _Parser(expression, dict(names)).whole()


@dataclass(frozen=True, slots=True)
class Update:
    """`sets` and `adds` as (attribute, :value), `moves` as (attribute, the attribute it is taken from, else :value),
    `appends` as (attribute, :value where there is none, :value)."""

    sets: tuple[tuple[str, str], ...]
    adds: tuple[tuple[str, str], ...]
    moves: tuple[tuple[str, str, str], ...]
    appends: tuple[tuple[str, str, str], ...]
    removes: tuple[str, ...]

    def apply(self, item: Item, values: Mapping[str, Value]) -> Item:
        """The item afterwards; KeyError if what is counted up is not there."""
        changed = dict(item)
        changed.update({name: values[value] for name, value in self.sets})
        for name, source, value in self.moves:
            changed[name] = item.get(source, values[value])
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
    sets, adds, moves, appends = [], [], [], []
    for clause in _clauses(tokens(head.removeprefix("SET"))):
        match clause:
            case [name, "=", "if_not_exists", "(", source, ",", value, ")"]:
                moves.append((known[name], known[source], value))
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
    paths = [
        *(name for name, _ in sets + adds),
        *(name for name, _, _ in moves + appends),
        *removes,
    ]
    if len(paths) != len(set(paths)):
        raise Unsupported("two paths overlap")
    return Update(tuple(sets), tuple(adds), tuple(moves), tuple(appends), removes)


def _clauses(words: list[str]) -> Iterator[list[str]]:
    """What stands between commas, but for those in parentheses."""
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
