"""A log → its failing spans, best first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Protocol

from mcp_rag.logs.blocks import Block, of_the_last_run, survey
from mcp_rag.logs.grammars.outcomes import Ending
from mcp_rag.logs.outcome import THRESHOLD, chance
from mcp_rag.logs.ranking import scores
from mcp_rag.logs.scanning import Progress, unseen
from mcp_rag.logs.tail import last_outputs
from mcp_rag.records import Span

LARGEST_SHARE = 0.7
"""Of the budget for one block when there are others that need the rest: a wrong first choice must not hide the right second one.
Chosen by eye."""


SURROUNDINGS_AFTER = 3
"""Blocks after which the lines around the best one are worth more than a further block. Recall of the labelled lines in
50 and 200 lines (LogChunks' public half) .846 and .899 without; .888 and .952 after 1, .894 and .954 after 3, .891 and
.952 after 5."""

LINES_AFTER, LINES_BEFORE = 15, 25
"""Lines of these surroundings. 8 and 12 gave .893 and .948."""

RAISED_FROM, ROOT_LINES = "The above exception was the direct cause of the following exception", 8
"""What Python says between two exceptions of a chain (``raise … from …``), and lines that are shown of the first one where
the chain is too long to be shown as a whole. Lines chosen by eye."""

SURROUNDINGS = "surroundings"
"""The kind of such a span: it shows a reader how it came to the failure, and is no failure of its own."""


class HasTexts(Protocol):
    """Any log whose lines are read already; ``texts[0]`` is line 1."""

    @property
    def texts(self) -> Sequence[str]: ...


def find_failures(
    log: HasTexts, budget_lines: int = 50, progress: Progress = unseen, *, goes_on: bool = False
) -> list[Span]:
    """The spans of ``log`` that show what failed, best first and disjoint, ``budget_lines`` lines in all.

    An empty list means that nothing failed. ``progress`` hears of lines done and lines in all, of a large log. Of several runs
    in a log the last one counts, unless it ``goes_on``: then each failure is looked at as it comes.
    """
    return weigh_failures(log, budget_lines, progress, goes_on=goes_on)[0]


def weigh_failures(
    log: HasTexts, budget_lines: int, progress: Progress = unseen, *, goes_on: bool = False
) -> tuple[list[Span], float]:
    """The same, and how probably anything failed, from 0 to 1."""
    texts = log.texts
    found = survey(texts, progress)
    if not goes_on:
        found = of_the_last_run(found, texts)
    likely = chance(found, texts)
    if likely < THRESHOLD:
        return [], likely
    found.blocks.extend(last_outputs(found, texts))
    ranked = sorted(zip(scores(found, texts), found.blocks, strict=True), key=lambda pair: (-pair[0], pair[1].first))
    return _within(ranked, texts, budget_lines), likely


def tells_nothing(log: HasTexts) -> bool:
    """Whether no line of ``log`` speaks of a failure, and none of an end that was good."""
    found = survey(log.texts, unseen)
    return not found.blocks and not found.lines_of(*_GOOD)


_GOOD = (Ending.STEP_DONE, Ending.RUN_DONE, Ending.SUITE_DONE)


def _within(ranked: Sequence[tuple[float, Block]], texts: Sequence[str], budget: int) -> list[Span]:
    """Spans of ``budget`` lines in all.

    Each block whole or, where it would take too much, around its key; behind the first few stands what surrounds
    the best.
    """
    count = len(texts)
    of_others = sum(len(block) for _, block in ranked[1:])
    share = max(1, round(budget * LARGEST_SHARE), budget - of_others)
    shown: set[int] = set()
    spans: list[Span] = []
    for place, (score, block) in enumerate(ranked):
        if place == SURROUNDINGS_AFTER:
            _surround(spans, shown, ranked[0][1], count, budget)
        if len(shown) >= budget:
            break
        for first, last, key in _parts(block, min(share, budget - len(shown)), texts):
            if shown.isdisjoint(range(first, last + 1)):
                spans.append(Span(first + 1, last + 1, round(score, 4), block.rule.reason, block.rule.kind, key + 1))
                shown.update(range(first, last + 1))
    if len(ranked) <= SURROUNDINGS_AFTER:
        _surround(spans, shown, ranked[0][1], count, budget)
    return spans


def _surround(spans: list[Span], shown: set[int], best: Block, count: int, budget: int) -> None:
    """Append the lines right after and before ``best`` that are not ``shown`` yet, within the budget."""
    for lines, reason in (
        (range(best.last + 1, min(count, best.last + 1 + LINES_AFTER)), "what came right after it"),
        (range(best.first - 1, max(-1, best.first - 1 - LINES_BEFORE), -1), "what came right before it"),
    ):
        free = list(takewhile(lambda line: line not in shown, lines))[: budget - len(shown)]
        if free:
            spans.append(Span(min(free) + 1, max(free) + 1, spans[-1].score, reason, SURROUNDINGS))
            shown.update(free)


def _parts(block: Block, size: int, texts: Sequence[str]) -> list[tuple[int, int, int]]:
    """First line, last line and key of what to show of ``block`` when only ``size`` lines may be: its window, and before it
    the exception from which all others of a chain were raised, where the window would leave it out."""
    first, last = _window(block, size)
    root = _root(block, texts) if last - first + 1 < len(block) else None
    if root is None or root >= first or size < 2 * ROOT_LINES:
        return [(first, last, block.key)]
    first, last = _window(block, size - ROOT_LINES)
    return [(max(block.first, root - ROOT_LINES + 1), root, root), (first, last, block.key)]


def _root(block: Block, texts: Sequence[str]) -> int | None:
    """The line of the first exception of a chain of Python's, of which each names the one before as its direct cause."""
    links = (line for line in range(block.first, block.last) if RAISED_FROM in texts[line])
    link = next(links, block.first)
    return next((line for line in range(link - 1, block.first, -1) if texts[line].strip()), None)


def _window(block: Block, size: int) -> tuple[int, int]:
    """The lines of ``block`` to show when only ``size`` of them may be: from its head if the key is among them."""
    if len(block) <= size:
        return block.first, block.last
    if block.key - block.first < size:
        return block.first, block.first + size - 1
    last = min(block.last, block.key + size // 4)
    return last - size + 1, last
