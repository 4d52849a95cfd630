"""A budget in tokens: what a reader that pays by the token is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mcp_rag.records import Span

CHARACTERS_PER_TOKEN = 4
"""The usual estimate for English text, from OpenAI's guide to tokens; paths and hashes take more. No tokenizer of a
certain model is asked, so that the same budget shows the same lines everywhere."""


def estimated_tokens(text: str) -> int:
    """Tokens of a line with its line feed, rounded up."""
    return len(text) // CHARACTERS_PER_TOKEN + 1


def within_tokens(spans: Iterable[Span], texts: Sequence[str], tokens: int) -> list[Span]:
    """The first of the spans whose lines fit into ``tokens``; the last one is cut around its key line, which is kept
    when it is all that fits. The best span's key line is always shown."""
    kept: list[Span] = []
    left = tokens
    for span in spans:
        shown = _cut(span, texts, left)
        if shown is None:
            if kept:
                break
            shown = replace(span, first=span.key, last=span.key)
        kept.append(shown)
        left -= sum(estimated_tokens(texts[number - 1]) for number in range(shown.first, shown.last + 1))
        if (shown.first, shown.last) != (span.first, span.last):
            break
    return kept


def _cut(span: Span, texts: Sequence[str], tokens: int) -> Span | None:
    """As much of the span as fits: from its key line on, then what stands before it."""
    cost = estimated_tokens(texts[span.key - 1])
    if cost > tokens:
        return None
    first = last = span.key
    while last < span.last and (more := cost + estimated_tokens(texts[last])) <= tokens:
        last, cost = last + 1, more
    while first > span.first and (more := cost + estimated_tokens(texts[first - 2])) <= tokens:
        first, cost = first - 1, more
    return replace(span, first=first, last=last)
