"""What a failing command said last: the block of last resort, for tools whose grammar nobody knows."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from mcp_rag.logs.blocks import Block, Survey
from mcp_rag.logs.grammars.outcomes import Ending
from mcp_rag.logs.grammars.rule import Role, rule

LAST_OUTPUT = rule("last-output", Role.GENERIC, "\n", r"(?!)", reason="what the failing command said last")

LONGEST_TAIL = 60
"""Lines of a command's last words. Chosen by eye."""

ENDINGS_LOOKED_AT = 4
"""After the first few failing commands come their consequences. Chosen by eye."""

_SAYS_NOTHING = re.compile(
    r"^\s*$|^npm (?:ERR!|error)|^info Visit|^error Command failed|^make|^travis_|^\(See full|^Tasks: TOP|^Use --trace"
    r"|^The command|^\d+ \w+ generated|^exit status|^Process exited|^##\[|^store build|^\+ exit|^FAIL$|^\s*[.=*-]+\s*$|^Makefile:"
    r"|^Error: Process completed"
)
_BEGINS = re.compile(r"^\$ |^> |^\+\s?\S|^travis_|^##\[|^\s*$|^yarn run |^make(?:\[\d+\])?: Entering|^The command|^=+$")


def last_outputs(found: Survey, texts: Sequence[str]) -> list[Block]:
    """The last paragraph before each of the first failing commands' ends, unless a better block covers it.

    Where even that says nothing, the line that tells of the end itself.
    """
    ends = found.lines_of(Ending.EXIT, Ending.FAILURE)[:ENDINGS_LOOKED_AT]
    if not ends and not any(block.rule.role >= Role.LOGGED for block in found.blocks):
        ends = [len(texts)]
    starts = [block.first for block in found.blocks]
    tails: dict[int, Block] = {}
    for end in ends:
        block = _paragraph(texts, end)
        if block and not _covered(block, found.blocks, starts):
            tails.setdefault(block.last, block)
    if not tails and not found.blocks and ends:
        line = min(ends[0], len(texts) - 1)
        return [Block(line, line, line, LAST_OUTPUT)]
    return list(tails.values())


def _paragraph(texts: Sequence[str], end: int) -> Block | None:
    last = end - 1
    while last >= 0 and end - last < LONGEST_TAIL and _SAYS_NOTHING.search(texts[last][:200]):
        last -= 1
    if last < 0 or end - last >= LONGEST_TAIL or _BEGINS.search(texts[last][:200]):
        return None
    first = last
    while first > 0 and last - first < LONGEST_TAIL and not _BEGINS.search(texts[first - 1][:200]):
        first -= 1
    return Block(first, last, last, LAST_OUTPUT)


def _covered(block: Block, blocks: Sequence[Block], starts: Sequence[int]) -> bool:
    at = bisect_left(starts, block.last + 1)
    return any(other.last >= block.first and other.rule.role >= Role.LOGGED for other in blocks[max(0, at - 8) : at])
