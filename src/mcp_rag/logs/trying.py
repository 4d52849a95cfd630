"""Failures that are tries: each says that another follows, so that what came of the last one decides."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mcp_rag.logs.blocks import Block

LONGEST_TRIED = 12
"""Lines of tries that are taken for one, each saying that another follows. Chosen by eye."""

_AGAIN = re.compile(r"\b[Rr]etry(?:ing)?\b|\b[Tt]ry(?:ing)? again\b|\b[Aa]ttempt \d+ ?(?:/|of) ?\d+")
_LAST_TIME = re.compile(
    r"[Rr]etries exceeded|exhausted|[Gg]iving up|[Gg]ave up|no more retries|\b0 (?:retries|attempts) (?:left|remaining)"
)
_POLLED = re.compile(r"\b(?:curl: \(\d+\)|wget: |nc: |pg_isready: |mysqladmin: )")
_ADDRESS = re.compile(r"(?:^|\s)Connecting to \S+ .*\bfailed: ")


def is_tried_again(block: Block, texts: Sequence[str]) -> bool:
    """Whether every line of a block says that what failed is tried again, or is what a loop that waits for a server gets, or
    wget at one of its addresses."""
    lines = texts[block.first : block.last + 1]
    if len(lines) >= LONGEST_TRIED or any(_LAST_TIME.search(text) for text in lines):
        return False
    several = len(lines) > 1 and all(map(_POLLED.search, lines))
    return several or all(map(_AGAIN.search, lines)) or all(map(_ADDRESS.search, lines))
