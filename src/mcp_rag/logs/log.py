"""The log as one buffer of bytes, cleaned and decoded where it is asked for."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain, islice
from typing import overload

from mcp_rag.logs.cleaning import CONTROLS, Cleaner, may_be_mended
from mcp_rag.logs.storage import IN_MEMORY_BYTES, Stored, pieces

SMALL_BYTES = 4_000_000
"""Up to here one asked line cleans them all: about 20 ms. Chosen by eye."""

BLOCK_BYTES = 1_000_000
"""Bytes cleaned at a time: blocks stay in the processor's cache, and one colour does not slow the whole log."""

GROUP_BYTES = 16_000
"""Lines are found by groups of about so many bytes, whose starts are remembered: ten megabytes for ten billion bytes.
Counting line ends a group at a time needs no numpy, whose import (0.2 s) would be a quarter of what a log of 200 MB
takes."""

GROUPS_KEPT = 256
"""Groups of a large log that stay cleaned, for lines are asked for in neighbourhoods. Chosen by eye."""


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Whole lines of a log: the index of the first (0-based), how many, and where their bytes begin and end."""

    first: int
    count: int
    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class Log:
    """A log's lines, numbered from 1; they end at ``\\n`` alone, and a final ``\\n`` starts no new one.

    ``data`` is the decompressed UTF-8 (or nearly so), ``notes`` what was odd about it.
    """

    source: str
    data: Stored = field(repr=False)
    reading_notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self._layout[2]

    @cached_property
    def _layout(self) -> tuple[array[int], array[int], int]:
        """Where each group of lines starts in ``data``, how many lines stand before it, and the number of all lines."""
        starts, before, lines, at = array("q", [0]), array("q", [0]), 0, 0
        for piece in pieces(self.data):
            place = 0
            while place < len(piece):
                # A line that is longer than a piece goes on in the next: only behind a line end begins a group.
                cut = piece.find(b"\n", place + GROUP_BYTES - 1) + 1 or len(piece)
                lines += piece.count(b"\n", place, cut)
                place = cut
                if at + cut < len(self.data) and piece.endswith(b"\n", 0, cut):
                    starts.append(at + cut)
                    before.append(lines)
            at += len(piece)
        return starts, before, lines + (bool(len(self.data)) and not self.data.endswith(b"\n"))

    @cached_property
    def _cleaner(self) -> Cleaner:
        return Cleaner.for_log(self.data)

    @cached_property
    def texts(self) -> Sequence[str]:
        """All cleaned lines, index 0 being line 1; for very large logs cleaned anew at each access."""
        if len(self.data) > IN_MEMORY_BYTES:
            return LargeTexts(self)
        return list(self._cleaned_from(0))

    @property
    def has_records(self) -> bool:
        """Whether its lines are JSON objects."""
        return self._cleaner.records

    def _is_held(self) -> bool:
        """Whether ``texts`` is, or may well be, a list in memory."""
        size = len(self.data)
        return size <= SMALL_BYTES or (size <= IN_MEMORY_BYTES and "texts" in self.__dict__)

    def blocks(self, group: int = 0) -> Iterator[LineBlock]:
        """All lines from a group on, in whole groups of some megabyte together."""
        starts = self._layout[0]
        while group < len(starts) and starts[group] < len(self.data):
            following = max(group + 1, bisect_right(starts, starts[group] + BLOCK_BYTES) - 1)
            yield self._block(group, following)
            group = following

    def _block(self, group: int, following: int) -> LineBlock:
        starts, before, lines = self._layout
        if following < len(starts):
            return LineBlock(before[group], before[following] - before[group], starts[group], starts[following])
        return LineBlock(before[group], lines - before[group], starts[group], len(self.data))

    def bytes_of(self, block: LineBlock) -> bytes:
        """The bytes of a block's lines."""
        return self.data[block.start : block.stop]

    def clean(self, block: bytes, count: int) -> list[str]:
        """The cleaned lines of a block: as many as the log had there when it was measured."""
        texts = self._cleaner.clean_block(block)
        return texts if len(texts) == count else (texts + [""] * count)[:count]

    def _cleaned_from(self, group: int) -> Iterator[str]:
        return chain.from_iterable(self.clean(self.bytes_of(block), block.count) for block in self.blocks(group))

    @cached_property
    def _group(self) -> Callable[[int], tuple[bytes, list[str]]]:
        """A group of lines: its bytes, and its lines cleaned."""

        @lru_cache(GROUPS_KEPT)
        def group(number: int) -> tuple[bytes, list[str]]:
            block = self._block(number, number + 1)
            data = self.bytes_of(block)
            return data, self.clean(data, block.count)

        return group

    def _place(self, n: int) -> tuple[int, int]:
        """The group of line ``n``, and its place (0-based) among that group's lines."""
        before = self._layout[1]
        group = bisect_right(before, n - 1) - 1
        return group, n - 1 - before[group]

    def raw(self, n: int) -> str:
        """Line ``n`` as it stands in the log, without its ``\n``. Raises IndexError outside 1 … len(log)."""
        self._check(n)
        group, place = self._place(n)
        lines = self._group(group)[0].split(b"\n", place + 1)
        return lines[place].decode("utf-8", "replace") if place < len(lines) else ""

    def line(self, n: int) -> str:
        """Line ``n``, cleaned. Raises IndexError outside 1 … len(log)."""
        self._check(n)
        if self._is_held():
            return self.texts[n - 1]
        group, place = self._place(n)
        return self._group(group)[1][place]

    def lines(self, first: int = 1, last: int | None = None) -> Iterator[tuple[int, str]]:
        """Numbered cleaned lines ``first`` … ``last``, both included; what lies outside the log is left out."""
        first, last = max(first, 1), len(self) if last is None else min(last, len(self))
        if first > last:
            return iter(())
        if self._is_held():
            return enumerate(islice(self.texts, first - 1, last), first)
        group, place = self._place(first)
        return enumerate(islice(self._cleaned_from(group), place, place + last - first + 1), first)

    def _check(self, n: int) -> None:
        if not 1 <= n <= len(self):
            raise IndexError(f"line {n} of a log of {len(self)} lines")

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What was odd, for people: compression, encoding, what is missing."""
        found = list(self.reading_notes)
        if self.has_records:
            found.append("JSON lines")
        blank, broken = False, 0
        for piece in pieces(self.data):
            blank = blank or b"\0" in piece
            broken += _count_broken(piece)
        if blank:
            found.append("NUL bytes")
        if broken:
            found.append(f"broken UTF-8 in {broken:,} line{'s' if broken > 1 else ''}")
        return tuple(found)


def is_broken(line: bytes) -> bool:
    """Whether it is no UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return True
    return False


def _count_broken(data: bytes) -> int:
    if data.isascii() or not is_broken(data):
        return 0
    return sum(1 for line in data.split(b"\n") if not line.isascii() and is_broken(line))


class LargeTexts(Sequence[str]):
    """The cleaned lines of a log that is too large to hold them all."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def __len__(self) -> int:
        return len(self._log)

    def __iter__(self) -> Iterator[str]:
        return (text for _, text in self._log.lines())

    def blocks(self) -> Iterator[LineBlock]:
        """All lines, in blocks."""
        return self._log.blocks()

    def bytes_of(self, block: LineBlock) -> bytes:
        """The bytes of a block's lines."""
        return self._log.bytes_of(block)

    def cleaned(self, data: bytes, count: int) -> list[str]:
        """The lines of a block's bytes, cleaned."""
        return self._log.clean(data, count)

    def may_be_clean(self, data: bytes) -> bool:
        """Whether it is worth to look if cleaning would take something off: it never is of JSON or of endless lines."""
        return len(data) <= 2 * BLOCK_BYTES and not self._log.has_records

    def is_clean(self, data: bytes) -> bool:
        """Whether cleaning would take nothing off but line ends, stamps and folds: such bytes hold every word of the
        cleaned lines, and some more."""
        plain = len(data.translate(None, CONTROLS)) == len(data) and not may_be_mended(data)
        return plain and b"\b" not in data and data.count(b"\r") == data.count(b"\r\n")

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step == 1:
                return [text for _, text in self._log.lines(start + 1, stop)]
            return [self[i] for i in range(start, stop, step)]
        return self._log.line(index + 1 if index >= 0 else len(self) + index + 1)
