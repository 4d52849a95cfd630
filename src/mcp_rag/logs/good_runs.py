"""What the last good log of a named job looked like, remembered in the ledger without keeping a word of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mcp_rag.logs.comparing import digest_of, shape

if TYPE_CHECKING:
    from mcp_rag.ledger import Ledger

MOST_SHAPES = 500_000
"""Line shapes that are remembered of one run; 4 MB. Chosen by eye."""

DIGITS = 16
"""Hexadecimal digits of a shape's digest; half as many bytes."""


def remember_good_run(ledger: Ledger, job: str, source: str, texts: Iterable[str]) -> None:
    """Remember a log as the job's last good one."""
    digests: set[str] = set()
    for text in texts:
        if len(digests) >= MOST_SHAPES:
            break
        digests.add(digest_of(shape(text)))
    ledger.good_runs.keep(job, source, bytes.fromhex("".join(sorted(digests))))


def last_good_shapes(ledger: Ledger, job: str) -> frozenset[str] | None:
    """The digests of the shapes of the lines of the job's last good run; None when none was seen."""
    run = ledger.good_runs.last(job)
    if run is None:
        return None
    digits = run.shapes.hex()
    return frozenset(digits[start : start + DIGITS] for start in range(0, len(digits), DIGITS))


def shapes_in(packed_bytes: int) -> int:
    """How many shapes so many bytes hold."""
    return packed_bytes * 2 // DIGITS
