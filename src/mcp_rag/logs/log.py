"""The log as one buffer of bytes, cleaned and decoded where it is asked for."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, chain, islice
from typing import overload

from mcp_rag.logs.cleaning import Cleaner

ORDINARY_BYTES = 256_000_000
"""Up to here ``texts`` is a list in memory; Python's strings cost about the log once more. Chosen by eye."""

SMALL_BYTES = 4_000_000
"""Up to here one asked line cleans them all: about 20 ms. Chosen by eye."""

BLOCK_BYTES = 1_000_000
"""Bytes cleaned at a time: blocks stay in the processor's cache, and one colour does not slow the whole log."""

NUMPY_BYTES = 16_000_000
"""From here on numpy finds the line ends: its import (70 ms) costs more than it saves before."""


@dataclass(frozen=True, eq=False)
class Log:
    """A log's lines, numbered from 1; they end at ``\\n`` alone, and a final ``\\n`` starts no new one.

    ``data`` is the decompressed UTF-8 (or nearly so), ``notes`` what was odd about it.
    """

    source: str
    data: bytes = field(repr=False)
    reading_notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self._length

    @cached_property
    def _length(self) -> int:
        return self.data.count(b"\n") + (not self.data.endswith(b"\n") and bool(self.data))

    @cached_property
    def offsets(self) -> array[int]:
        """Where each line starts in ``data``: ``len(log)`` 64-bit integers; numpy reads them without a copy."""
        starts = array("q")
        if len(self.data) < NUMPY_BYTES:
            starts.extend(accumulate((len(line) + 1 for line in self.data.split(b"\n")), initial=0))
        else:
            import numpy as np

            ends = np.flatnonzero(np.frombuffer(self.data, dtype=np.uint8) == 10) + 1
            starts.append(0)
            starts.frombytes(ends.astype(np.int64).tobytes())
        return starts[: len(self)]

    @cached_property
    def _cleaner(self) -> Cleaner:
        return Cleaner.for_log(self.data)

    @cached_property
    def texts(self) -> Sequence[str]:
        """All cleaned lines, index 0 being line 1; for very large logs cleaned anew at each access."""
        if len(self.data) > ORDINARY_BYTES:
            return _CleanedOnDemand(self)
        return list(chain.from_iterable(self._cleaned_blocks(0, len(self.data))))

    def _is_held(self) -> bool:
        """Whether ``texts`` is, or may well be, a list in memory."""
        size = len(self.data)
        return size <= SMALL_BYTES or (size <= ORDINARY_BYTES and "texts" in self.__dict__)

    def _cleaned(self, start: int, end: int) -> Iterator[str]:
        return chain.from_iterable(self._cleaned_blocks(start, end))

    def _cleaned_blocks(self, start: int, end: int) -> Iterator[list[str]]:
        """The lines between two byte positions, of which ``start`` begins a line."""
        while start < end:
            stop = end if end - start <= BLOCK_BYTES else self.data.find(b"\n", start + BLOCK_BYTES, end) + 1 or end
            yield self._cleaner.clean_block(self.data[start:stop])
            start = stop

    def _end_of(self, n: int) -> int:
        return self.offsets[n] if n < len(self) else len(self.data)

    def raw(self, n: int) -> str:
        """Line ``n`` as it stands in the log, without its ``\\n``. Raises IndexError outside 1 … len(log)."""
        self._check(n)
        return self.data[self.offsets[n - 1] : self._end_of(n)].removesuffix(b"\n").decode("utf-8", "replace")

    def line(self, n: int) -> str:
        """Line ``n``, cleaned. Raises IndexError outside 1 … len(log)."""
        self._check(n)
        if self._is_held():
            return self.texts[n - 1]
        return next(self._cleaned(self.offsets[n - 1], self._end_of(n)))

    def lines(self, first: int = 1, last: int | None = None) -> Iterator[tuple[int, str]]:
        """Numbered cleaned lines ``first`` … ``last``, both included; what lies outside the log is left out."""
        first, last = max(first, 1), len(self) if last is None else min(last, len(self))
        if first > last:
            return iter(())
        if self._is_held():
            return enumerate(islice(self.texts, first - 1, last), first)
        return enumerate(self._cleaned(self.offsets[first - 1], self._end_of(last)), first)

    def _check(self, n: int) -> None:
        if not 1 <= n <= len(self):
            raise IndexError(f"line {n} of a log of {len(self)} lines")

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What was odd, for people: compression, encoding, what is missing."""
        found = list(self.reading_notes)
        if self._cleaner.records:
            found.append("JSON lines")
        if b"\0" in self.data:
            found.append("NUL bytes")
        if broken := _count_broken(self.data):
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


class _CleanedOnDemand(Sequence[str]):
    """The cleaned lines of a log that is too large to hold them all."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def __len__(self) -> int:
        return len(self._log)

    def __iter__(self) -> Iterator[str]:
        return (text for _, text in self._log.lines())

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
