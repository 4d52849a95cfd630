"""A failing log against logs of runs that passed: what is new and matters."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from mcp_rag.logs.failures import find_failures
from mcp_rag.logs.log import Log
from mcp_rag.logs.templates.variables import masked
from mcp_rag.records import Span

_NO_WORD = re.compile(r"[^A-Za-z<>\u0080-\uffff]+")

_CALM = re.compile(
    r"^[\W\dTZ]*(?:INFO|DEBUG|TRACE|NOTICE)\b"  # records of a severity that reports no failure
    r"|\bProgress \(\d+\)|^\W*Download(?:ing|ed)\b(?!.*(?i:fail|error))",  # transfers, of maven, pip and npm alike
    re.IGNORECASE,
)
_OUTCOME = re.compile(
    r"^\W*(?:Finished: (?:FAILURE|ABORTED|UNSTABLE)"  # Jenkins
    r"|(?:##\[error\])?Process completed with exit code \d+"  # GitHub Actions
    r"|Build step '.*' marked build as failure|Sending e-mails to: "  # Jenkins
    r"|BUILD FAILED in [\dms ]+|\d+ tests completed, \d+ failed|Try:$|> Run with --|Get more help at https"  # Gradle
    r"|Run with --(?:stacktrace|info|debug|scan))"
)
"""Lines with which a runner says that it failed, or what to try: true of every failure, and so of none."""

_FRAME = re.compile(r"^\s+(?:at |\.\.\. \d+ (?:more|common)|File \")|^\s*Suppressed: ")

ALL_LINES = 10**9


def shape(line: str) -> str:
    """The words of a line: what stays of it when times, ids, numbers, paths and punctuation go."""
    return _NO_WORD.sub(" ", masked(line)).strip()


def digest_of(words: str) -> str:
    """Sixteen hexadecimal digits that stand for a line's shape where the log itself is not kept."""
    return hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def find_new(
    log: Log,
    good: Iterable[Log],
    budget_lines: int | None = None,
    shapes: AbstractSet[str] = frozenset(),
) -> list[Span]:
    """The spans of ``log`` that no passing run has and that matter, most telling first.

    Lines are compared by their words and as a set, so that times, ids, another order and interleaved workers make
    nothing new; ``shapes`` are the ``digest_of`` those of a run whose log is not at hand. Without ``budget_lines`` all of
    them are given.
    """
    seen = {shape(text) for passed in good for text in passed.texts}
    spans = _ranked(_spans(_new_lines(log.texts, seen, shapes), log.texts), log)
    return spans if budget_lines is None else _within(spans, budget_lines)


def _new_lines(texts: Sequence[str], seen: set[str], shapes: AbstractSet[str]) -> list[int]:
    """Numbers of the new lines that matter, and of the stack frames below them, which other failures may share."""
    chosen: list[int] = []
    for number, text in enumerate(texts, 1):
        words = shape(text)
        known = words in seen or (shapes and digest_of(words) in shapes)
        fresh = bool(words) and not known and not _CALM.search(text) and not _OUTCOME.match(text)
        if fresh or (chosen and chosen[-1] == number - 1 and _FRAME.match(text)):
            chosen.append(number)
    return chosen


def _spans(numbers: Sequence[int], texts: Sequence[str]) -> list[tuple[int, int]]:
    """Runs of the numbers; a blank line between two of them divides nothing."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and all(not texts[n - 1].strip() for n in range(runs[-1][1] + 1, number)):
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _ranked(runs: Sequence[tuple[int, int]], log: Log) -> list[Span]:
    """Runs that hold a failing line first, in the failures' own order; then the others as they come."""
    failures = find_failures(log, ALL_LINES)
    spans = []
    for first, last in runs:
        inside = [(rank, failure) for rank, failure in enumerate(failures) if first <= failure.key <= last]
        rank, failure = min(inside, key=lambda pair: pair[0]) if inside else (len(failures), None)
        reason = f"new against the passing run: {failure.reason}" if failure else "new against the passing run"
        kind, key = (failure.kind, failure.key) if failure else ("new-lines", first)
        spans.append(Span(first, last, 1.0 / (1 + rank), reason, kind, key))
    return sorted(spans, key=lambda span: (-span.score, span.first))


def _within(spans: Sequence[Span], budget_lines: int) -> list[Span]:
    kept: list[Span] = []
    for span in spans:
        room = budget_lines - sum(map(len, kept))
        if room <= 0:
            break
        last = min(span.last, span.first + room - 1)
        kept.append(Span(span.first, last, span.score, span.reason, span.kind, min(span.key, last)))
    return kept
