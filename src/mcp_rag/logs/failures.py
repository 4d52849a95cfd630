"""A log → its failing spans, best first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mcp_rag.logs.blocks import Block, Survey, survey
from mcp_rag.logs.grammars.outcomes import Ending
from mcp_rag.logs.grammars.rule import Role
from mcp_rag.logs.ranking import scores
from mcp_rag.logs.tail import last_outputs
from mcp_rag.records import Span

LARGEST_SHARE = 0.7
"""Of the budget for one block when there are others: a wrong first choice must not hide the right second one.
Chosen by eye."""


class HasTexts(Protocol):
    """Any log whose lines are read already; ``texts[0]`` is line 1."""

    @property
    def texts(self) -> Sequence[str]: ...


def find_failures(log: HasTexts, budget_lines: int = 50) -> list[Span]:
    """The spans of ``log`` that show what failed, best first and disjoint, ``budget_lines`` lines in all.

    An empty list means that nothing failed.
    """
    texts = log.texts
    found = survey(texts)
    if not _failed(found):
        return []
    found.blocks.extend(last_outputs(found, texts))
    ranked = sorted(zip(scores(found, texts), found.blocks, strict=True), key=lambda pair: (-pair[0], pair[1].first))
    return _within(ranked, budget_lines)


def _failed(found: Survey) -> bool:
    done = max(found.lines_of(Ending.RUN_DONE), default=-1)
    if any(line > done for line in found.lines_of(Ending.EXIT, Ending.FAILURE)):
        return True
    partly = max(found.lines_of(Ending.STEP_DONE, Ending.RUN_DONE), default=-1)
    return any(
        (b.rule.role >= Role.TOOL and b.first > done) or (b.rule.role >= Role.LOGGED and b.first > partly)
        for b in found.blocks
    )


def _within(ranked: Sequence[tuple[float, Block]], budget: int) -> list[Span]:
    """Spans of ``budget`` lines in all: each block whole or, where it would take more than its share, around its key."""
    share = max(1, round(budget * LARGEST_SHARE)) if len(ranked) > 1 else budget
    spans: list[Span] = []
    left = budget
    for score, block in ranked:
        if left <= 0:
            break
        first, last = _window(block, min(share, left))
        if any(span.first <= last + 1 and first + 1 <= span.last for span in spans):
            continue
        spans.append(Span(first + 1, last + 1, round(score, 4), block.rule.reason, block.rule.kind, block.key + 1))
        left -= last - first + 1
    return spans


def _window(block: Block, size: int) -> tuple[int, int]:
    """The lines of ``block`` to show when only ``size`` of them may be: from its head if the key is among them."""
    if len(block) <= size:
        return block.first, block.last
    if block.key - block.first < size:
        return block.first, block.first + size - 1
    last = min(block.last, block.key + size // 4)
    return last - size + 1, last
