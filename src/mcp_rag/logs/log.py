"""The log as one buffer of bytes, cleaned and decoded where it is asked for."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain, islice
from typing import overload

from mcp_rag.logs.cleaning import CONTROLS, Cleaner
from mcp_rag.logs.storage import IN_MEMORY_BYTES, Stored, pieces

SMALL_BYTES = 4_000_000
"""Up to here one asked line cleans them all: about 20 ms. Chosen by eye."""

BLOCK_BYTES = 1_000_000
"""Bytes cleaned at a time: blocks stay in the processor's cache, and one colour does not slow the whole log."""

NUMPY_BYTES = 2_000_000
"""From here on numpy finds the line ends, five times as fast: its import (70 ms) costs more than it saves before."""

GROUP_LINES = 64
"""The start of every 64th line is remembered: eight megabytes for ten billion bytes of usual lines."""

GROUPS_KEPT = 512
"""Groups of a large log that stay cleaned, for lines are asked for in neighbourhoods. Chosen by eye."""


@dataclass(frozen=True, eq=False)
class Log:
    """A log's lines, numbered from 1; they end at ``\\n`` alone, and a final ``\\n`` starts no new one.

    ``data`` is the decompressed UTF-8 (or nearly so), ``notes`` what was odd about it.
    """

    source: str
    data: Stored = field(repr=False)
    reading_notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self._layout[1]

    @cached_property
    def _layout(self) -> tuple[array[int], int]:
        """Where each 64th line starts in ``data``, beginning with line 1, and the number of lines."""
        starts, lines, at = array("q", [0]), 0, 0
        for piece in pieces(self.data):
            ends = piece.count(b"\n")
            missing = GROUP_LINES - lines % GROUP_LINES
            if ends >= missing:
                starts.extend(_group_starts(piece, missing, at))
            lines, at = lines + ends, at + len(piece)
        return starts, lines + (bool(len(self.data)) and not self.data.endswith(b"\n"))

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

    def blocks(self, group: int = 0) -> Iterator[tuple[int, int, bytes]]:
        """From a group of 64 lines on, in whole groups: the index of a block's first line (0-based), how many lines it
        has, and its bytes."""
        starts = self._layout[0]
        while group < len(starts) and starts[group] < len(self.data):
            following = max(group + 1, bisect_right(starts, starts[group] + BLOCK_BYTES) - 1)
            yield group * GROUP_LINES, self._lines_in(group, following), self._bytes_of(group, following)
            group = following

    def _lines_in(self, group: int, following: int) -> int:
        return min(following * GROUP_LINES, len(self)) - group * GROUP_LINES

    def _bytes_of(self, group: int, following: int) -> bytes:
        starts = self._layout[0]
        return self.data[starts[group] : starts[following] if following < len(starts) else len(self.data)]

    def clean(self, block: bytes, count: int) -> list[str]:
        """The cleaned lines of a block: as many as the log had there when it was measured."""
        texts = self._cleaner.clean_block(block)
        return texts if len(texts) == count else (texts + [""] * count)[:count]

    def _cleaned_from(self, group: int) -> Iterator[str]:
        return chain.from_iterable(self.clean(block, count) for _, count, block in self.blocks(group))

    @cached_property
    def _group(self) -> Callable[[int], tuple[bytes, list[str]]]:
        """A group of 64 lines: its bytes, and its lines cleaned."""

        @lru_cache(GROUPS_KEPT)
        def group(number: int) -> tuple[bytes, list[str]]:
            data = self._bytes_of(number, number + 1)
            return data, self.clean(data, self._lines_in(number, number + 1))

        return group

    def raw(self, n: int) -> str:
        """Line ``n`` as it stands in the log, without its ``\n``. Raises IndexError outside 1 … len(log)."""
        self._check(n)
        number, place = divmod(n - 1, GROUP_LINES)
        lines = self._group(number)[0].split(b"\n", place + 1)
        return lines[place].decode("utf-8", "replace") if place < len(lines) else ""

    def line(self, n: int) -> str:
        """Line ``n``, cleaned. Raises IndexError outside 1 … len(log)."""
        self._check(n)
        if self._is_held():
            return self.texts[n - 1]
        number, place = divmod(n - 1, GROUP_LINES)
        return self._group(number)[1][place]

    def lines(self, first: int = 1, last: int | None = None) -> Iterator[tuple[int, str]]:
        """Numbered cleaned lines ``first`` … ``last``, both included; what lies outside the log is left out."""
        first, last = max(first, 1), len(self) if last is None else min(last, len(self))
        if first > last:
            return iter(())
        if self._is_held():
            return enumerate(islice(self.texts, first - 1, last), first)
        group = (first - 1) // GROUP_LINES
        return enumerate(
            islice(self._cleaned_from(group), first - 1 - group * GROUP_LINES, last - group * GROUP_LINES), first
        )

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


def _group_starts(piece: bytes, first: int, at: int) -> array[int]:
    """Where groups start in ``piece``, which begins at ``at``; the first one ``first`` lines further on."""
    starts = array("q")
    if len(piece) > NUMPY_BYTES:
        import numpy as np

        ends = np.flatnonzero(np.frombuffer(piece, dtype=np.uint8) == ord("\n"))[first - 1 :: GROUP_LINES]
        starts.frombytes((ends + (at + 1)).astype(np.int64).tobytes())
        return starts
    place = 0
    while True:
        for _ in range(first):
            place = piece.find(b"\n", place) + 1
            if not place:
                return starts
        starts.append(at + place)
        first = GROUP_LINES


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

    def searchable(self) -> Iterator[tuple[int, bytes | list[str]]]:
        """All lines, in blocks: the index of the first, and its bytes where cleaning would take nothing off, or texts.

        A stamp or a fold may still stand in such bytes: they hold every word of the cleaned lines, and some more.
        """
        for first, count, block in self._log.blocks():
            yield first, block if self._is_clean(block) else self._log.clean(block, count)

    def _is_clean(self, block: bytes) -> bool:
        plain = len(block.translate(None, CONTROLS)) == len(block) <= 2 * BLOCK_BYTES
        return plain and not self._log.has_records and b"\b" not in block and block.count(b"\r") == block.count(b"\r\n")

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
