"""A fix as the steps in which it is written, for faces that show text and no Markdown.

Apart from all else, for pytest's plugin loads nothing more of the program.
"""

from __future__ import annotations

import re

_ITEM = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s")


def steps_of(fix: str) -> list[str]:
    """Each item of a list, and each paragraph, on one line; none of a text that holds nothing."""
    steps: list[str] = []
    begins = True
    for line in fix.splitlines():
        said = " ".join(line.split())
        if said and (begins or _ITEM.match(line)):
            steps.append(said)
        elif said:
            steps[-1] += f" {said}"
        begins = not said
    return steps
