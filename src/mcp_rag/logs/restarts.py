"""Several runs in one log, as where output is appended or a service starts again: the last one counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from mcp_rag.logs.log import LargeTexts

OPENING_LINES, WITHIN = 2, 8
"""Lines that a run begins with, by which a further one is known, and lines among which the second is looked for. One line
alone is too often said in the middle of a run. Chosen by eye."""

SHORTEST_OPENING = 8
"""Letters that an opening line has at least. Chosen by eye."""

LONGEST_OPENING = 400
"""Characters of a line that are compared."""

_OPENS = re.compile(
    r"(?i)\b(?:start(?:ing|ed)?|boot(?:ing|ed)?|launch(?:ing|ed)?|initiali[sz](?:ing|ed|ation)|running|begin(?:ning|s)?|opening"
    r"|welcome|iniciando|inicio|démarrage|bienvenue|starte|запуск)\b|启动|开始|^> \S+@\S+ \w"
)
"""What a program says as it begins, and npm of a script."""

_OF_A_PART = re.compile(
    r"(?i)\b(?:error|fail\w*|warn\w*|exception|traceback|retry\w*|attempt|try|tests?|suite|session|job|task|step|stage|phase|batch"
    r"|shard|chunk|part|epoch|fold|worker|rank|thread|trial|round|iteration|request|query|migration|download\w*)\b"
)
"""What begins many times in one run."""

_VARIES = re.compile(r"0x[0-9a-fA-F]+|\d+(?:[.,:/_-]\d+)+|\d{3,}")
"""Times, versions, processes: a lone small number is a counter, and what it counts is no run."""

_DIED = re.compile(r"Node\.js v\d+\.\d+\.\d+$")
"""The last words of a Node process that an exception ended."""

_RECORDED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} p=(\d+) u=")
"""A record of Ansible's own log, to which each of its processes appends."""

_LETTERS = re.compile(r"[^\W\d_]+")


def last_start(texts: Sequence[str]) -> int:
    """The line (0-based) where the last run of a log begins; 0 where it holds one run, or is too large to be held in memory."""
    if isinstance(texts, LargeTexts):
        return 0
    last = max(_after_a_death(texts), _of_the_last_process(texts))
    opening = _filled(texts, 0)
    if len(opening) < OPENING_LINES or not _is_opening(texts[opening[0]]):
        return last
    first, second = (_shape(texts[line]) for line in opening)
    word = max(_LETTERS.findall(first), key=len)
    for line in range(opening[-1], len(texts)):
        if word in texts[line] and _shape(texts[line]) == first:
            below = _filled(texts, line)
            if len(below) == OPENING_LINES and _shape(texts[below[1]]) == second:
                last = max(last, line)
    return last


def _after_a_death(texts: Sequence[str]) -> int:
    died = [line for line, text in enumerate(texts) if text.startswith("Node.js v") and _DIED.match(text)]
    return died[-2] + 1 if len(died) > 1 else 0


def _of_the_last_process(texts: Sequence[str]) -> int:
    if not texts or not any(map(_RECORDED.match, texts[-WITHIN:])):
        return 0
    records = [(line, found[1]) for line, text in enumerate(texts) if (found := _RECORDED.match(text))]
    return next((after for (_, one), (after, other) in pairwise(reversed(records)) if one != other), -1) + 1


def _is_opening(text: str) -> bool:
    shown = text[:LONGEST_OPENING]
    letters = sum(map(len, _LETTERS.findall(shown)))
    return letters >= SHORTEST_OPENING and bool(_OPENS.search(shown)) and not _OF_A_PART.search(shown)


def _filled(texts: Sequence[str], at: int) -> list[int]:
    """The first lines from ``at`` on that hold anything."""
    return [line for line in range(at, min(at + WITHIN, len(texts))) if texts[line].strip()][:OPENING_LINES]


def _shape(text: str) -> str:
    return _VARIES.sub("0", text[:LONGEST_OPENING]).strip()
