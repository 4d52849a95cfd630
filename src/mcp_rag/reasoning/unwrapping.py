"""A text that was broken into lines to fit a page → one line for each paragraph and each item of a list."""

from __future__ import annotations

import re
from unicodedata import east_asian_width

FILLED = 60
"""Characters from which on a line was broken because it was full; a shorter one ends where its writer wanted. By eye."""

_FENCE = re.compile(r"\s*(?:```|~~~)")
_BEGINS = re.compile(r"\s*(?:[-*+•]\s|\d{1,2}[.)]\s|#{1,6}\s|[|>])")
"""An item of a list, a heading, a row of a table, a quotation: none goes on what stands above it."""
_CODE = ("    ", "\t")


def unwrapped(text: str) -> str:
    """``text``, in which what follows a full line stands behind it; code, tables and empty lines stay as they are."""
    lines: list[str] = []
    is_fenced = goes_on = False
    for line in text.split("\n"):
        if is_fenced or _FENCE.match(line):
            is_fenced ^= bool(_FENCE.match(line))
            goes_on = False
            lines.append(line)
            continue
        said = line.strip()
        if goes_on and said and not _BEGINS.match(line):
            lines[-1] = f"{lines[-1]}{_between(lines[-1], said)}{said}"
        else:
            lines.append(line.rstrip())
        is_code = not goes_on and line.startswith(_CODE) and not _BEGINS.match(line)
        goes_on = len(line.rstrip()) >= FILLED and not is_code and not line.lstrip().startswith(("#", "|"))
    return "\n".join(lines)


def _between(before: str, behind: str) -> str:
    """A blank, unless Chinese or Japanese goes on."""
    return "" if before and east_asian_width(before[-1]) in "WF" and east_asian_width(behind[0]) in "WF" else " "
