"""One pass over a log: which lines could begin a failure, and which say how a step ended.

The words that could begin one are looked for in the whole text at once, so that a line that holds none
costs nothing: 257 words take 0.1 s a megabyte, where a pattern a line takes seconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate

from mcp_rag.logs.grammars import RULES
from mcp_rag.logs.grammars.outcomes import ENDINGS, EndingRule
from mcp_rag.logs.grammars.rule import Rule

LINES_AT_ONCE = 50_000
"""Lines searched in one go, to bound memory: some 5 MB of text. Chosen by eye."""

Hit = tuple[int, list[Rule], list[EndingRule]]
"""A line (0-based), and the rules and endings whose trigger words it may hold, in table order."""


@cache
def _words() -> dict[bytes, frozenset[int]]:
    """Each word to look for → the numbers of the rules, then of the endings, that it may announce.

    A trigger that contains another is found by the shorter one.
    """
    table = [rule.triggers for rule in RULES] + [ending.triggers for ending in ENDINGS]
    triggers = {word for words in table for word in words}
    roots = {word for word in triggers if not any(other != word and other in word for other in triggers)}
    announced: dict[bytes, set[int]] = defaultdict(set)
    for number, words in enumerate(table):
        for word in words:
            for root in roots:
                if root in word:
                    announced[root.encode()].add(number)
    return {word: frozenset(numbers) for word, numbers in announced.items()}


def hits(texts: Sequence[str]) -> Iterator[Hit]:
    """The lines worth a closer look, in order."""
    for start in range(0, len(texts), LINES_AT_ONCE):
        yield from _hits_in(texts[start : start + LINES_AT_ONCE], start)


def _hits_in(texts: Sequence[str], start: int) -> Iterator[Hit]:
    numbers = announcements(texts, _words())
    for line in sorted(numbers):
        lower = texts[line].lower()
        rules, endings = _announced(frozenset(numbers[line]))
        fitting = [rule for rule in rules if _holds(lower, rule.triggers)]
        yield start + line, fitting, [ending for ending in endings if _holds(lower, ending.triggers)]


def announcements(texts: Sequence[str], words: Mapping[bytes, frozenset[int]]) -> dict[int, set[int]]:
    """Lines (0-based) that hold one of the lower-case ``words`` → all numbers that their words stand for."""
    encoded = [text.encode("utf-8", "replace") for text in texts]
    ends = list(accumulate(len(line) + 1 for line in encoded))
    data = b"\n".join(encoded).lower()
    numbers: dict[int, set[int]] = defaultdict(set)
    for word, announced in words.items():
        at = data.find(word)
        while at >= 0:
            line = bisect_right(ends, at)
            numbers[line] |= announced
            at = data.find(word, ends[line])
    return numbers


@cache
def _announced(numbers: frozenset[int]) -> tuple[tuple[Rule, ...], tuple[EndingRule, ...]]:
    rules = tuple(RULES[n] for n in sorted(numbers) if n < len(RULES))
    endings = tuple(ENDINGS[n - len(RULES)] for n in sorted(numbers) if n >= len(RULES))
    return rules, endings


def _holds(lower: str, words: tuple[str, ...]) -> bool:
    return any(word in lower for word in words)
