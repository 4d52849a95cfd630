"""The miner's fast half: whole batches of lines as bytes, in compiled loops (``kernel.py``).

It gives the same templates as ``plain.py``, line for line. What varies in a word is told by the same patterns, once a
word and for all new words of a batch together; the compiled loops only split, look up, compare and count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from mcp_rag.logs.templates import kernel
from mcp_rag.logs.templates.lexicon import LEXICON, Table, longer
from mcp_rag.logs.templates.names import Numbers
from mcp_rag.logs.templates.plain import LEADING_TOKENS, REMEMBERED_SHAPES
from mcp_rag.logs.templates.template import WILD, Template, Token
from mcp_rag.logs.templates.variables import masked, same_digits

LINES_AT_ONCE = 32_768
"""Lines of a batch; more are no faster. Measured with ``benchmarks/templates.py``."""

WORDS_AT_ONCE = 1 << 16
"""Words of new lines split at once, and hashes of new words; a longer line has room for itself."""

CHARACTERS_AT_ONCE = 8_000_000
"""A batch of long lines ends near here."""

_SEED = np.uint64(hash("mcp-rag templates") & 0xFFFF_FFFF_FFFF_FFFF)


class Split(NamedTuple):
    """What ``kernel.scan`` leaves of the new lines among some: the two hashes of each line, where its words begin in
    ``words``, and for each word its two hashes and where it stands in the bytes."""

    hashes: Any
    begins: Any
    words: Any


class MinedTemplate(Template):
    """A template that an engine keeps."""

    __slots__ = ("_engine", "_number")

    def __init__(self, engine: FastEngine, number: int) -> None:
        self._engine, self._number = engine, number
        self._whole = None

    @property
    def own_tokens(self) -> tuple[Token, ...]:
        return self._engine.tokens_of(self._number)

    @property
    def own_count(self) -> int:
        return int(self._engine.counts[self._number])


class FastEngine:
    """Mines batches of lines; the same interface as ``plain.PlainEngine``."""

    def __init__(self, similarity: float, max_templates: int) -> None:
        self.similarity, self.max_templates = similarity, max_templates
        self.templates: list[Template] = []
        self.counts = np.zeros(1 << 8, np.int64)
        self._lines, self._shapes, self._groups = Table(1 << 10), Table(1 << 10), Table(1 << 9)
        self._heads, self._tails = np.zeros(1 << 8, np.int64), np.zeros(1 << 8, np.int64)
        self._following, self._offsets = np.zeros(1 << 8, np.int64), np.zeros(1 << 8, np.int64)
        self._pool = np.zeros((1 << 11, 3), np.uint64)
        self._numbers = np.zeros(7, np.int64)
        self._numbers[kernel.OVERFLOW] = -1
        self._strings: dict[int, str] = {}
        LEXICON.engines.add(self)

    def add(self, line: str) -> Template:
        return next(iter(self.add_all([line])))

    def add_all(self, lines: Iterable[str]) -> Iterator[Template]:
        for batch in _batches(lines):
            yield from map(self.templates.__getitem__, self.add_batch(batch).tolist())

    def add_batch(self, lines: Sequence[str]) -> Any:
        """The number of each line's template."""
        joined = "\n".join(lines).encode("utf-8", "surrogatepass")
        buf = np.frombuffer(joined, np.uint8)
        ends = np.append(np.flatnonzero(buf == ord("\n")), len(buf))
        if len(ends) != len(lines):  # a line with a line feed in it
            ends = np.cumsum([len(line.encode("utf-8", "surrogatepass")) + 1 for line in lines]) - 1
        starts = np.empty(len(ends), np.int64)
        starts[0], starts[1:] = 0, ends[:-1] + 1
        found = np.empty(len(ends), np.int64)
        with LEXICON.lock:
            at = 0
            try:
                while at < len(starts):
                    at = self._add_some(joined, buf, starts, ends.astype(np.int64), at, found)
            except BaseException:
                LEXICON.forget()  # words were asked for that now nobody answers
                raise
            LEXICON.forget_if_full()
        self.templates.extend(MinedTemplate(self, n) for n in range(len(self.templates), self._many()))
        return found

    def match(self, line: str) -> Template | None:
        with LEXICON.lock:
            entries = np.array(LEXICON.entries_of(masked(line).split(" ")), np.int64)
            shape = np.uint64(kernel.shape_of(entries, len(entries), LEXICON.subs.starts, LEXICON.subs.rows))
            found = kernel.find(self._shapes.keys, self._shapes.values, shape)
        return self.templates[found] if found >= 0 else None

    def restore(self, templates: Iterable[Template]) -> None:
        with LEXICON.lock:
            for template in templates:
                tokens = LEXICON.rows_of(template.own_tokens)
                self._reserve(1, len(tokens))
                group = np.uint64(kernel.group_of(tokens, len(tokens), LEADING_TOKENS))
                number = kernel.add_template(
                    tokens, len(tokens), group, self._groups.keys, self._groups.values, self._heads, self._tails,
                    self._following, self._offsets, self._pool, self._numbers,
                )  # fmt: skip
                self.counts[number] = template.own_count
                self.templates.append(MinedTemplate(self, number))

    def numbers(self) -> Numbers:
        """The tokens of the templates as numbers."""
        pooled = self._pool[: self._numbers[kernel.POOLED]]
        return Numbers(self._offsets[: self._many() + 1], pooled[:, 0], pooled[:, 1])

    def tokens_of(self, number: int) -> tuple[Token, ...]:
        rows = self._pool[self._offsets[number] : self._offsets[number + 1]].tolist()
        return tuple(Token(*map(self._string, row)) for row in rows)

    def keep_strings(self) -> None:
        """Keep what the templates consist of, before the lexicon forgets it."""
        used = np.unique(self._pool[: self._numbers[kernel.POOLED]]).tolist()
        self._strings = {number: self._string(number) for number in used}

    def _string(self, number: int) -> str:
        if number < 2:
            return WILD if number else ""
        return LEXICON.strings.get(number) or self._strings[number]

    def _many(self) -> int:
        return int(self._numbers[kernel.TEMPLATES])

    def _add_some(self, data: bytes, buf: Any, starts: Any, ends: Any, first: int, found: Any) -> int:
        """Mine lines from ``first`` on, as far as it goes in one run; the line to go on with."""
        room = max(WORDS_AT_ONCE, int((ends[first:] - starts[first:]).max()) + 4)
        wanted, asked_hashes = np.empty((room, 2), np.int64), np.empty(room, np.uint64)
        many = len(starts) - first
        split = Split(np.empty((many, 2), np.uint64), np.empty(many + 1, np.int64), np.empty((room, 4), np.uint64))
        words, exacts = LEXICON.words, LEXICON.exacts
        words.reserve(room)
        last, asked = kernel.scan(
            buf, starts, ends, first, _SEED, self._lines.keys, self._lines.values,
            words.keys, words.values, room, found, wanted, asked_hashes,
            split.hashes, split.begins, split.words,
        )  # fmt: skip
        words.count += asked
        if asked:
            LEXICON.learn(_texts(data, wanted[:asked], alike=True), asked_hashes[:asked])
        exacts.reserve(room)
        asked = kernel.scan_exact(
            words.keys, words.values, exacts.keys, exacts.values,
            split.words, split.begins[last - first], wanted, asked_hashes,
        )  # fmt: skip
        exacts.count += asked
        if asked:
            LEXICON.learn_exact(_texts(data, wanted[:asked]), asked_hashes[:asked])
        return self._grow(data, starts, ends, first, last, found, split)

    def _grow(self, data: bytes, starts: Any, ends: Any, base: int, last: int, found: Any, split: Split) -> int:
        longest = int((ends[base:last] - starts[base:last]).max()) * 2 + 8
        entries, tokens = np.empty(longest, np.int64), np.empty((longest, 5), np.uint64)
        odd_starts, odd_entries = self._odd(data, starts, ends, base, last, found)
        if len(odd_entries):
            most = max(longest, int(np.diff(odd_starts).max()) + 1)
            entries, tokens = np.empty(most, np.int64), np.empty((most, 5), np.uint64)
        subs, rows, words, exacts = LEXICON.subs, LEXICON.tokens, LEXICON.words, LEXICON.exacts
        first = base
        while True:
            new = int(np.count_nonzero(found[first:last] < 0))
            self._reserve(new + 1, longest)
            last_done = kernel.grow(
                base, first, last, found, odd_starts, odd_entries, split.hashes, split.begins, split.words,
                words.keys, words.values, exacts.keys, exacts.values, subs.starts, subs.rows, rows.starts, rows.rows,
                self._lines.keys, self._lines.values, self._shapes.keys, self._shapes.values,
                self._groups.keys, self._groups.values, self._heads, self._tails, self._following,
                self._offsets, self._pool, self.counts, self._numbers,
                self.similarity, LEADING_TOKENS, self.max_templates, REMEMBERED_SHAPES, entries, tokens,
            )  # fmt: skip
            if self._numbers[kernel.REASON] != kernel.FULL:
                return int(last_done)
            self._pool = longer(self._pool, 2 * len(self._pool))
            first = int(last_done)

    def _odd(self, data: bytes, starts: Any, ends: Any, first: int, last: int, found: Any) -> tuple[Any, Any]:
        """The entries of the lines that are masked as a whole."""
        odd_starts = np.zeros(last - first + 1, np.int64)
        odd = np.flatnonzero(found[first:last] == kernel.ODD)
        if not len(odd):
            return odd_starts, np.zeros(0, np.int64)
        entries: list[int] = []
        sizes = np.zeros(last - first, np.int64)
        for n in odd.tolist():
            line = data[starts[first + n] : ends[first + n]].decode("utf-8", "surrogatepass")
            of_line = LEXICON.entries_of(masked(line).split(" "))
            entries += of_line
            sizes[n] = len(of_line)
        odd_starts[1:] = np.cumsum(sizes)
        return odd_starts, np.array(entries, np.int64)

    def _reserve(self, templates: int, tokens: int) -> None:
        """Make room for so many more templates and, for one of them, tokens."""
        many = self._many()
        self._lines.count, self._shapes.count = (int(self._numbers[n]) for n in (kernel.REMEMBERED, kernel.SHAPES))
        self._groups.count = int(self._numbers[kernel.GROUPS])
        for table in (self._lines, self._shapes, self._groups):
            table.reserve(templates)
        needed = many + templates + 1
        self.counts, self._following = longer(self.counts, needed), longer(self._following, needed)
        self._heads, self._tails = longer(self._heads, needed), longer(self._tails, needed)
        self._offsets = longer(self._offsets, needed + 1)
        self._pool = longer(self._pool, int(self._numbers[kernel.POOLED]) + tokens)


def _batches(lines: Iterable[str]) -> Iterator[list[str]]:
    coming = iter(lines)
    batch: list[str] = []
    size = 0
    while some := list(islice(coming, LINES_AT_ONCE // 32)):
        batch += some
        size += sum(map(len, some))
        if len(batch) >= LINES_AT_ONCE or size >= CHARACTERS_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _texts(data: bytes, places: Any, alike: bool = False) -> list[str]:
    """The words that stand at these places."""
    # Two flat lists: tens of thousands of pairs would keep the garbage collector busy.
    bounds = zip(places[:, 0].tolist(), places[:, 1].tolist(), strict=True)
    joined = b"\n".join([data[start:stop] for start, stop in bounds]).decode("utf-8", "surrogatepass")
    return (same_digits(joined) if alike else joined).split("\n")
