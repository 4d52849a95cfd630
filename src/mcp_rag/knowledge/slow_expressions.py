"""Which regular expressions may take for ever on a line that somebody chose: such are refused before they are kept.

Python's matcher tries every way to share out a text between the parts of an expression, and lets nothing else run
meanwhile. What is refused here is more than strictly must be; there is always another way to write it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import Any

MOST_NEIGHBOURS = 3
"""Unbounded repetitions side by side that may take the same characters: each one more multiplies the work by a line's
length. Chosen by eye."""

MOST_TIMES = 100
"""Up to which a repetition is no endless one. Chosen by eye."""

ALPHABET = frozenset(map(chr, range(128))) | {"é", "中"}
"""Characters that stand for all."""

_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_CATEGORIES = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}

Item = tuple[Any, Any]
First = tuple[frozenset[str], bool]
"""Characters with which something may begin, and whether it may be empty."""


def reason_against(expression: str) -> str:
    """Why ``expression`` may take for ever; empty when it does not.

    Raises:
        re.error: it is none.
    """
    endless = expression.count("*") + expression.count("+") + expression.count("}")
    if endless == 0 or (endless == 1 and "|" not in expression):
        return ""  # the most, and nothing to look for
    # The module under `re` that parses is not part of what Python promises; all of its versions have this.
    items = list(import_module("re._parser").parse(expression, re.IGNORECASE))
    if any(_is_endless(item) and _is_free(list(item[1][2])) for item in _all(items)):
        return "repeats a repetition, or one of several that begin alike"
    if any(_neighbours(sequence) >= MOST_NEIGHBOURS for sequence in [items, *_sequences(items)]):
        return "repeats what may take the same characters several times side by side"
    return ""


def _is_endless(item: Item) -> bool:
    return str(item[0]) in _REPEATS and int(item[1][1]) > MOST_TIMES


def _is_free(body: list[Item]) -> bool:
    """Whether what is repeated can match one text in several ways."""
    return any(_is_endless(item) for item in _all(body)) or any(map(_is_ambiguous, _all(body)))


def _is_ambiguous(item: Item) -> bool:
    if str(item[0]) != "BRANCH":
        return False
    begun: set[str] = set()
    for branch in item[1][1]:
        first, empty = _first(list(branch))
        if empty or begun & first:
            return True
        begun |= first
    return False


def _neighbours(items: list[Item]) -> int:
    """The most unbounded repetitions in a row, nothing that must stand between them, that share a character."""
    most = 0
    row: list[frozenset[str]] = []
    for item in _flat(items):
        first, empty = _first([item])
        if _is_endless(item):
            row = [one for one in row if one & first] + [first]
            most = max(most, len(row))
        if not _is_endless(item) and not empty:
            row = []
    return most


def _inside(item: Item) -> list[list[Item]]:
    """The sequences that stand directly in an item."""
    kind, value = str(item[0]), item[1]
    if kind in _REPEATS:
        return [list(value[2])]
    if kind == "BRANCH":
        return [list(branch) for branch in value[1]]
    if kind in ("SUBPATTERN", "ASSERT", "ASSERT_NOT"):
        return [list(value[-1])]
    if kind == "ATOMIC_GROUP":
        return [list(value)]
    return [list(part) for part in value[1:] if part is not None] if kind == "GROUPREF_EXISTS" else []


def _sequences(items: Iterable[Item]) -> Iterator[list[Item]]:
    for item in items:
        for sequence in _inside(item):
            yield sequence
            yield from _sequences(sequence)


def _all(items: list[Item]) -> Iterator[Item]:
    yield from items
    for sequence in _sequences(items):
        yield from sequence


def _flat(items: Iterable[Item]) -> Iterator[Item]:
    """The items, groups that are not repeated taken apart."""
    for item in items:
        if str(item[0]) == "SUBPATTERN":
            yield from _flat(item[1][-1])
        else:
            yield item


def _first(items: list[Item]) -> First:
    begun: frozenset[str] = frozenset()
    for item in items:
        first, empty = _first_of(item)
        begun |= first
        if not empty:
            return begun, False
    return begun, True


def _first_of(item: Item) -> First:
    kind, value = str(item[0]), item[1]
    if kind in ("LITERAL", "NOT_LITERAL", "ANY", "IN", "RANGE", "CATEGORY"):
        return _characters(kind, value), False
    if kind in ("AT", "ASSERT", "ASSERT_NOT"):
        return frozenset(), True
    if kind == "GROUPREF":
        return ALPHABET, True
    parts = [_first(sequence) for sequence in _inside(item)]
    begun = frozenset().union(*(first for first, _ in parts))
    return begun, any(empty for _, empty in parts) or (kind in _REPEATS and value[0] == 0)


def _characters(kind: str, value: Any) -> frozenset[str]:
    if kind == "ANY":
        return ALPHABET
    if kind == "RANGE":
        return frozenset(c for c in ALPHABET if value[0] <= ord(c) <= value[1])
    if kind == "CATEGORY":
        return _category(str(value).removeprefix("CATEGORY_").removeprefix("UNI_"))
    if kind == "IN":
        within = [part for part in value if str(part[0]) != "NEGATE"]
        held = frozenset().union(*(_characters(str(part[0]), part[1]) for part in within))
        return ALPHABET - held if len(within) < len(value) else held
    letter = frozenset({chr(value).lower(), chr(value).upper()})
    return ALPHABET - letter if kind == "NOT_LITERAL" else letter


@cache
def _category(name: str) -> frozenset[str]:
    held = frozenset(c for c in ALPHABET if re.match(_CATEGORIES[name.removeprefix("NOT_")], c))
    return ALPHABET - held if name.startswith("NOT_") else held
