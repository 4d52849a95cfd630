"""One pass over a log: which lines could begin a failure, and which say how a step ended.

The words that could begin one are looked for all at once by an Aho-Corasick automaton, so that a line that holds none
costs nothing: 281 words take 2 ms a megabyte, where a search a word took 110 and a pattern a line takes seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from ahocorasick_rs import BytesAhoCorasick, Implementation

from mcp_rag.logs.grammars import RULES
from mcp_rag.logs.grammars.outcomes import ENDINGS, EndingRule
from mcp_rag.logs.grammars.rule import LONGEST_EXAMINED, Rule
from mcp_rag.logs.log import LargeTexts

LINES_AT_ONCE = 10_000
"""Lines searched in one go: some megabyte of text, which stays in the processor's cache. Chosen by eye."""

BYTES_AT_ONCE = 4_000_000
"""Where lines are long, fewer of them: what is found takes up to 50 times as much memory as the text. Chosen by eye."""

Progress = Callable[[int, int], None]
"""Told how much is done, and of how much."""


def unseen(done: int, total: int) -> None:
    """Progress that nobody looks at."""


Hit = tuple[int, list[Rule], list[EndingRule]]
"""A line (0-based), and the rules and endings whose trigger words it may hold, in table order."""


class Announcer:
    """Looks for many words at once.

    Args:
        words: each lower-case word → the numbers that it stands for.
        longest: characters of a line that are looked at.
    """

    def __init__(self, words: Mapping[bytes, frozenset[int]], longest: int) -> None:
        self._numbers = list(words.values())
        self._automaton = BytesAhoCorasick(list(words), implementation=Implementation.DFA)
        self._longest = longest

    def lines(self, texts: Sequence[str]) -> dict[int, set[int]]:
        """Lines (0-based) that hold one of the words, in whatever case → all numbers that their words stand for."""
        joined = "\n".join([text[: self._longest] for text in texts])
        data = joined.encode("utf-8", "replace").lower()
        if len(texts) > 1 and (len(data) > BYTES_AT_ONCE or data.count(b"\n") >= len(texts)):
            half = len(texts) // 2
            later = self.lines(texts[half:])
            return self.lines(texts[:half]) | {half + line: numbers for line, numbers in later.items()}
        return self._found(data, len(texts) - 1)

    def in_bytes(self, block: bytes) -> dict[int, set[int]]:
        """The same for lines that need no cleaning, looked at to their ends."""
        return self._found(block.lower(), max(0, block.removesuffix(b"\n").count(b"\n")))

    def _found(self, data: bytes, last: int) -> dict[int, set[int]]:
        numbers: dict[int, set[int]] = defaultdict(set)
        line = counted = 0
        for word, start, _ in self._automaton.find_matches_as_indexes(data, overlapping=True):
            if start > counted:
                line += data.count(b"\n", counted, start)
                counted = start
            # Found by their ends: a longer word may begin before the one told before it, on the same line.
            numbers[min(line, last)] |= self._numbers[word]
        return numbers


@cache
def _announcer() -> Announcer:
    return Announcer(_words(), LONGEST_EXAMINED)


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


def announced(
    texts: Sequence[str], announcer: Announcer, progress: Progress = unseen
) -> Iterator[tuple[int, set[int]]]:
    """The lines (0-based) that may hold one of the announcer's words, in order, with what their words stand for.

    ``progress`` is told of lines done and lines in all, where they are so many that it takes time.
    """
    for start, found in _searched(texts, announcer):
        if isinstance(texts, LargeTexts):
            progress(start, len(texts))
        for line in sorted(found):
            yield start + line, found[line]


def _searched(texts: Sequence[str], announcer: Announcer) -> Iterator[tuple[int, dict[int, set[int]]]]:
    if isinstance(texts, LargeTexts):
        for start, block in texts.searchable():
            yield start, announcer.in_bytes(block) if isinstance(block, bytes) else announcer.lines(block)
    else:
        for start in range(0, len(texts), LINES_AT_ONCE):
            yield start, announcer.lines(texts[start : start + LINES_AT_ONCE])


def hits(texts: Sequence[str], progress: Progress = unseen) -> Iterator[Hit]:
    """The lines worth a closer look, in order."""
    for line, numbers in announced(texts, _announcer(), progress):
        lower = texts[line][:LONGEST_EXAMINED].lower()
        rules, endings = _announced(frozenset(numbers))
        fitting = [rule for rule in rules if _holds(lower, rule.triggers)]
        yield line, fitting, [ending for ending in endings if _holds(lower, ending.triggers)]


@cache
def _announced(numbers: frozenset[int]) -> tuple[tuple[Rule, ...], tuple[EndingRule, ...]]:
    rules = tuple(RULES[n] for n in sorted(numbers) if n < len(RULES))
    endings = tuple(ENDINGS[n - len(RULES)] for n in sorted(numbers) if n >= len(RULES))
    return rules, endings


def _holds(lower: str, words: tuple[str, ...]) -> bool:
    return any(word in lower for word in words)
