"""Many words looked for at once in bytes, in whatever case.

Two engines give the same answer. Hyperscan passes over a gigabyte in 0.7 s of CPU time, controls included, where the
automaton and what it needs besides (lower case, a look for controls) take 3.6 s; the automaton is there on every platform,
and is ready sooner. Measured on one core over the log of ``benchmarks/huge_logs.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Protocol

from ahocorasick_rs import BytesAhoCorasick, Implementation

CONTROLS = bytes(c for c in (*range(32), 127) if c not in b"\t\n")
"""C0 controls and DEL, without the two that every log holds."""

Found = tuple[list[tuple[int, int]], bool]
"""Each word's number and the place of its last byte, in the order of these places; whether the bytes hold controls."""


class WordSearch(Protocol):
    """Looks for lower-case words in bytes of any case. Several threads may ask at once."""

    def search(self, data: bytes) -> Found: ...


class Automaton:
    """Aho and Corasick's, on lower-case bytes."""

    def __init__(self, words: Sequence[bytes]) -> None:
        self._automaton = BytesAhoCorasick(list(words), implementation=Implementation.DFA)

    def search(self, data: bytes) -> Found:
        """See :class:`WordSearch`."""
        return self.matches(data.lower()), len(data.translate(None, CONTROLS)) < len(data)

    def matches(self, lower: bytes) -> list[tuple[int, int]]:
        """The words alone, in bytes that are lower case already."""
        found = self._automaton.find_matches_as_indexes(lower, overlapping=True)
        return [(word, end - 1) for word, _, end in found]


class Hyperscan:
    """Intel's, or its twin for other processors: vectors of bytes at once."""

    def __init__(self, words: Sequence[bytes]) -> None:
        import hyperscan

        self._controls = len(words)
        # SINGLEMATCH: one event a search says enough. Words are told at every place.
        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        self._database.compile(
            expressions=[*map(_escaped, words), b"[" + _escaped(CONTROLS) + b"]"],
            ids=list(range(len(words) + 1)),
            elements=len(words) + 1,
            flags=[hyperscan.HS_FLAG_CASELESS] * len(words) + [hyperscan.HS_FLAG_SINGLEMATCH],
        )
        self._scratch = hyperscan.Scratch

    def search(self, data: bytes) -> Found:
        """See :class:`WordSearch`."""
        found: list[tuple[int, int]] = []
        odd = False

        def take(number: int, _start: int, end: int, _flags: int, _context: Any) -> None:
            nonlocal odd
            if number == self._controls:
                odd = True
            else:
                found.append((number, end - 1))

        # What a search writes into is its own, so that threads may search together.
        self._database.scan(data, match_event_handler=take, scratch=self._scratch(self._database))
        return found, odd


def _escaped(word: bytes) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in word)


def fastest_search(words: Sequence[bytes]) -> WordSearch:
    """Hyperscan where it is installed: for much data, since it takes 50 ms to begin."""
    return Hyperscan(words) if find_spec("hyperscan") else Automaton(words)
