"""A log → its failing spans, best first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Protocol

from mcp_rag.logs.blocks import Block, Survey, survey
from mcp_rag.logs.grammars.outcomes import Ending
from mcp_rag.logs.grammars.rule import Role
from mcp_rag.logs.ranking import scores
from mcp_rag.logs.scanning import Progress, unseen
from mcp_rag.logs.tail import last_outputs
from mcp_rag.records import Span

LARGEST_SHARE = 0.7
"""Of the budget for one block when there are others: a wrong first choice must not hide the right second one.
Chosen by eye."""


SURROUNDINGS_AFTER = 3
"""Blocks after which the lines around the best one are worth more than a further block. Recall of the labelled lines in
50 and 200 lines (LogChunks' public half) .846 and .899 without; .888 and .952 after 1, .894 and .954 after 3, .891 and
.952 after 5."""

LINES_AFTER, LINES_BEFORE = 15, 25
"""Lines of these surroundings. 8 and 12 gave .893 and .948."""

LONGEST_TRIED = 12
"""Lines of tries that are taken for one, each saying that another follows. Chosen by eye."""

LONGEST_LEVEL = 120
"""Characters of a record in which its severity stands. Chosen by eye."""

BLANKS_BELOW = 5
"""Lines below a traceback among which the next record begins. Chosen by eye."""

SURROUNDINGS = "surroundings"
"""The kind of such a span: it shows a reader how it came to the failure, and is no failure of its own."""


class HasTexts(Protocol):
    """Any log whose lines are read already; ``texts[0]`` is line 1."""

    @property
    def texts(self) -> Sequence[str]: ...


def find_failures(log: HasTexts, budget_lines: int = 50, progress: Progress = unseen) -> list[Span]:
    """The spans of ``log`` that show what failed, best first and disjoint, ``budget_lines`` lines in all.

    An empty list means that nothing failed. ``progress`` hears of lines done and lines in all, of a large log.
    """
    texts = log.texts
    found = survey(texts, progress)
    if not _failed(found, texts):
        return []
    found.blocks.extend(last_outputs(found, texts))
    ranked = sorted(zip(scores(found, texts), found.blocks, strict=True), key=lambda pair: (-pair[0], pair[1].first))
    return _within(ranked, len(texts), budget_lines)


def tells_nothing(log: HasTexts) -> bool:
    """Whether no line of ``log`` speaks of a failure, and none of an end that was good."""
    found = survey(log.texts, unseen)
    return not found.blocks and not found.lines_of(*_GOOD)


_GOOD = (Ending.STEP_DONE, Ending.RUN_DONE, Ending.SUITE_DONE)


def _failed(found: Survey, texts: Sequence[str]) -> bool:
    done = max(found.lines_of(Ending.RUN_DONE, Ending.SUITE_DONE), default=-1)
    if any(line > done for line in found.lines_of(Ending.EXIT, Ending.FAILURE)):
        return True
    partly = max(found.lines_of(*_GOOD), default=-1)
    tried = max(found.lines_of(*_GOOD, Ending.TRY_DONE), default=-1)
    return any(
        block.first > (done if block.rule.role >= Role.TOOL else partly)
        for block in found.blocks
        if block.rule.role >= Role.LOGGED and not (block.first <= tried and _tried_again(block, texts))
        if not _went_on(block, texts) and not _let(block, texts)
    )


_IGNORED = re.compile(r"make(?:\[\d+\])?: \[.*\] Error \d+ \(ignored\)$")


def _let(block: Block, texts: Sequence[str]) -> bool:
    """Whether make says on the next line that it ignores what failed."""
    return block.last + 1 < len(texts) and bool(_IGNORED.search(texts[block.last + 1][:LONGEST_LEVEL]))


_WARNED = re.compile(r"^(?=.{0,40}\d\d:\d\d:\d\d)(?:\[W \d|.*(?:^|[\s\[(|:-])WARN(?:ING)?(?=[\s\]):|-]))")
_RECORD = re.compile(r".{0,40}\d\d:\d\d:\d\d")
_ERROR_WORD = re.compile(r"\b(?:ERROR|CRITICAL|FATAL|SEVERE)\b")


def _went_on(block: Block, texts: Sequence[str]) -> bool:
    """Whether a traceback hangs on a record of severity warning, and the next record shows that the program went on.

    A warning without a time is none: any line could say so above a crash.
    """
    if block.rule.kind != "python-traceback":
        return False
    below = next((text for text in texts[block.last + 1 : block.last + BLANKS_BELOW] if text.strip()), "")
    heads = [i for i in range(block.first, block.last + 1) if "Traceback (most" in texts[i]]
    if len(heads) != 1 or not _RECORD.match(below):
        return False
    above = texts[max(0, heads[0] - 1)][:LONGEST_LEVEL]
    return bool(_WARNED.match(above)) and not _ERROR_WORD.search(above)


_AGAIN = re.compile(r"\b[Rr]etry(?:ing)?\b|\b[Tt]ry(?:ing)? again\b|\b[Aa]ttempt \d+ ?(?:/|of) ?\d+")
_LAST_TIME = re.compile(
    r"[Rr]etries exceeded|exhausted|[Gg]iving up|[Gg]ave up|no more retries|\b0 (?:retries|attempts) (?:left|remaining)"
)
_POLLED = re.compile(r"\b(?:curl: \(\d+\)|wget: |nc: |pg_isready: |mysqladmin: )")
_ADDRESS = re.compile(r"(?:^|\s)Connecting to \S+ .*\bfailed: ")


def _tried_again(block: Block, texts: Sequence[str]) -> bool:
    """Whether every line of a block says that what failed is tried again, or is what a loop that waits for a server gets, or
    wget at one of its addresses."""
    lines = texts[block.first : block.last + 1]
    if len(lines) >= LONGEST_TRIED or any(_LAST_TIME.search(text) for text in lines):
        return False
    several = len(lines) > 1 and all(map(_POLLED.search, lines))
    return several or all(map(_AGAIN.search, lines)) or all(map(_ADDRESS.search, lines))


def _within(ranked: Sequence[tuple[float, Block]], count: int, budget: int) -> list[Span]:
    """Spans of ``budget`` lines in all, of a log of ``count`` lines.

    Each block whole or, where it would take too much, around its key; behind the first few stands what surrounds
    the best.
    """
    share = max(1, round(budget * LARGEST_SHARE)) if len(ranked) > 1 else budget
    shown: set[int] = set()
    spans: list[Span] = []
    for place, (score, block) in enumerate(ranked):
        if place == SURROUNDINGS_AFTER:
            _surround(spans, shown, ranked[0][1], count, budget)
        if len(shown) >= budget:
            break
        first, last = _window(block, min(share, budget - len(shown)))
        if shown.isdisjoint(range(first, last + 1)):
            spans.append(Span(first + 1, last + 1, round(score, 4), block.rule.reason, block.rule.kind, block.key + 1))
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


def _window(block: Block, size: int) -> tuple[int, int]:
    """The lines of ``block`` to show when only ``size`` of them may be: from its head if the key is among them."""
    if len(block) <= size:
        return block.first, block.last
    if block.key - block.first < size:
        return block.first, block.first + size - 1
    last = min(block.last, block.key + size // 4)
    return last - size + 1, last
