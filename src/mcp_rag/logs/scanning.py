"""One pass over a log: which lines could begin a failure, and which say how a step ended.

The words that could begin one are looked for all at once, so that a line that holds none costs nothing: 304 words take
0.7 to 3 ms a megabyte, where a search a word took 110 and a pattern a line takes seconds. Of a large log one thread reads
and searches while another looks at what was found.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING

from mcp_rag.logs.grammars import RULES
from mcp_rag.logs.grammars.outcomes import ENDINGS, EndingRule
from mcp_rag.logs.grammars.rule import LONGEST_EXAMINED, Rule
from mcp_rag.logs.log import LargeTexts, LineBlock
from mcp_rag.logs.searching import Automaton, WordSearch, fastest_search

if TYPE_CHECKING:
    from concurrent.futures import Future

LINES_AT_ONCE = 10_000
"""Lines searched in one go: some megabyte of text, which stays in the processor's cache. Chosen by eye."""

SEARCHERS = 2
"""Threads that read and search a large log: both engines let go of the interpreter meanwhile. More found nothing to do:
what one thread searches in a second another needs longer to look at."""

BLOCKS_AHEAD = 4
"""Blocks of a megabyte that are searched before they are asked for."""

COMBINATIONS_KEPT = 10_000
"""Sets of triggers found in one line that are looked up again. Chosen by eye."""

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
        self._words = list(words)
        self._numbers = list(words.values())
        self._longest = longest

    @cached_property
    def _automaton(self) -> Automaton:
        return Automaton(self._words)

    @cached_property
    def _search(self) -> WordSearch:
        return fastest_search(self._words)

    def lines(self, texts: Sequence[str]) -> dict[int, set[int]]:
        """Lines (0-based) that hold one of the words, in whatever case → all numbers that their words stand for."""
        joined = "\n".join([text[: self._longest] for text in texts])
        data = joined.encode("utf-8", "replace").lower()
        if len(texts) > 1 and (len(data) > BYTES_AT_ONCE or data.count(b"\n") >= len(texts)):
            half = len(texts) // 2
            later = self.lines(texts[half:])
            return self.lines(texts[:half]) | {half + line: numbers for line, numbers in later.items()}
        return self._by_line(self._automaton.matches(data), data, len(texts) - 1)

    def block(self, texts: LargeTexts, block: LineBlock) -> dict[int, set[int]]:
        """The same for a block of a large log; a line that needs no cleaning is looked at to its end."""
        data = texts.bytes_of(block)
        if texts.may_be_clean(data):
            found, odd = self._search.search(data)
            if not odd or texts.is_clean(data):
                return self._by_line(found, data, block.count - 1)
        return self.lines(texts.cleaned(data, block.count))

    def _by_line(self, found: Sequence[tuple[int, int]], data: bytes, last: int) -> dict[int, set[int]]:
        numbers: dict[int, set[int]] = defaultdict(set)
        line = counted = 0
        for word, place in found:
            line += data.count(b"\n", counted, place)
            counted = place
            numbers[min(line, last)] |= self._numbers[word]
        return numbers


@cache
def _announcer() -> Announcer:
    return Announcer(_words(), LONGEST_EXAMINED)


def _words() -> dict[bytes, frozenset[int]]:
    """Each word to look for → the numbers of the rules, then of the endings, that it may announce.

    A trigger that contains another is found by the shorter one.
    """
    table = _table()
    triggers = {word for words in table for word in words}
    roots = {word: [part for part in _parts(word) if part in triggers] for word in triggers}
    announced: dict[bytes, set[int]] = defaultdict(set)
    for number, words in enumerate(table):
        for word in words:
            for root in roots[word]:
                if roots[root] == [root]:
                    announced[root.encode()].add(number)
    return {word: frozenset(numbers) for word, numbers in announced.items()}


def _table() -> list[tuple[str, ...]]:
    """The triggers of each rule, then of each ending."""
    return [rule.triggers for rule in RULES] + [ending.triggers for ending in ENDINGS]


def _parts(word: str) -> set[str]:
    """All that stands in a word, itself too."""
    return {word[start:end] for start in range(len(word)) for end in range(start + 1, len(word) + 1)}


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
        yield from _searched_ahead(texts, announcer)
        return
    for start in range(0, len(texts), LINES_AT_ONCE):
        yield start, announcer.lines(texts[start : start + LINES_AT_ONCE])


def _searched_ahead(texts: LargeTexts, announcer: Announcer) -> Iterator[tuple[int, dict[int, set[int]]]]:
    """The blocks in their order, a few of them searched while the ones before are looked at."""
    from concurrent.futures import ThreadPoolExecutor

    waiting: deque[tuple[int, Future[dict[int, set[int]]]]] = deque()
    threads = ThreadPoolExecutor(SEARCHERS, thread_name_prefix="search")
    try:
        for block in texts.blocks():
            waiting.append((block.first, threads.submit(announcer.block, texts, block)))
            if len(waiting) > BLOCKS_AHEAD:
                start, found = waiting.popleft()
                yield start, found.result()
        while waiting:
            start, found = waiting.popleft()
            yield start, found.result()
    finally:
        threads.shutdown(cancel_futures=True)


def hits(texts: Sequence[str], progress: Progress = unseen) -> Iterator[Hit]:
    """The lines worth a closer look, in order."""
    triggers, stands_for = _triggers()
    for line, _ in announced(texts, _announcer(), progress):
        lower = texts[line][:LONGEST_EXAMINED].lower().encode("utf-8", "surrogatepass")
        rules, endings = stands_for(frozenset([word for word, _ in triggers.matches(lower)]))
        yield line, rules, endings


@cache
def _triggers() -> tuple[Automaton, Callable[[frozenset[int]], tuple[list[Rule], list[EndingRule]]]]:
    """Looks for all triggers in a line at once, and tells what those that it holds stand for.

    Lines are found by few words, such as ``error``, for which some forty rules stand; a search for the triggers of each
    of them took nine tenths of the time that a log of failures alone takes.
    """
    of: dict[str, list[int]] = defaultdict(list)
    for number, words in enumerate(_table()):
        for word in words:
            of[word].append(number)
    numbers = list(of.values())

    @lru_cache(COMBINATIONS_KEPT)
    def stands_for(words: frozenset[int]) -> tuple[list[Rule], list[EndingRule]]:
        announced = sorted({number for word in words for number in numbers[word]})
        return (
            [RULES[n] for n in announced if n < len(RULES)],
            [ENDINGS[n - len(RULES)] for n in announced if n >= len(RULES)],
        )

    return Automaton([word.encode() for word in of]), stands_for
