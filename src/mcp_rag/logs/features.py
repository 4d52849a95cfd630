"""What is known of a block before it is ranked: its kind, its place in the run, its neighbours, its words."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence

from mcp_rag.logs.blocks import Block, Survey
from mcp_rag.logs.grammars.outcomes import Ending
from mcp_rag.logs.grammars.rule import Role

ROLES = tuple(role for role in Role if role is not Role.HARMLESS)

NAMES = (
    *(f"role {role.name.lower()}" for role in ROLES),
    "last output",
    "in failing step",
    "before any failing end",
    "distance to failing end",
    "distance to failing end, outside its step",
    "success after it in its step",
    "success of the run after it",
    "lines",
    "one line",
    "position",
    "first of its strength in its step",
    "last of its strength in its step",
    "stronger blocks in its step",
    "as strong blocks before it in its step",
    "weaker blocks right before it",
    "same words elsewhere",
    "same kind elsewhere",
    "followed by a consequence",
    "names a place",
    "names an exception",
    "counts failures",
    "says retry or warning",
    "merged heads",
    "strongest in the log",
)
"""One name a feature, in the order of a vector."""

_DIGITS = re.compile(r"\d+|0x[0-9a-f]+")
_PLACE = re.compile(r"\S+\.\w{1,10}[:(]\d+")
_EXCEPTION = re.compile(r"\b[A-Z]\w+(?:Error|Exception|Failure)\b")
_COUNT = re.compile(
    r"\b\d+ (?:\w+ ){0,2}(?:failed|failures?|errors?|problems?)\b|(?:[Ff]ailed|FAILED|[Ee]rrors?|FAILURES?):? \d+\b"
    r"|\b(?:tests?|build|task|command|step|script) (?:has |have )?failed\b|[Cc]ommand failed|exit(?:ed)? (?:code|status|with)"
)
_SOFT = re.compile(r"\b(?:[Ww]arn(?:ing)?|WARN(?:ING)?|[Rr]etry|deprecat|[Nn]otice|[Ss]kipp|optional|DEBUG|debug)\b")


class Setting:
    """The marks of a log, arranged for looking things up by line."""

    def __init__(self, found: Survey, count: int) -> None:
        self.count = count
        self.ends = found.lines_of(Ending.EXIT) or found.lines_of(Ending.FAILURE)
        self.steps = found.lines_of(Ending.STEP)
        self.done = found.lines_of(Ending.STEP_DONE, Ending.RUN_DONE)
        self.run_done = found.lines_of(Ending.RUN_DONE)
        self.consequences = sorted(
            {b.first for b in found.blocks if b.rule.role is Role.CONSEQUENCE}
            | set(found.lines_of(Ending.EXIT, Ending.FAILURE))
        )

    def step_of(self, line: int) -> int:
        return bisect_right(self.steps, line)

    def next_end(self, line: int) -> int | None:
        at = bisect_left(self.ends, line)
        return self.ends[at] if at < len(self.ends) else None


def features(found: Survey, texts: Sequence[str]) -> list[list[float]]:
    """A vector for each block of ``found``, parallel to its blocks."""
    setting = Setting(found, len(texts))
    blocks = found.blocks
    steps = [setting.step_of(block.first) for block in blocks]
    words = [_DIGITS.sub("0", texts[block.key][:200]).strip() for block in blocks]
    same_words, same_kind = Counter(words), Counter(block.rule.kind for block in blocks)
    in_step: dict[int, list[int]] = {}
    for i in sorted(range(len(blocks)), key=lambda i: blocks[i].first):
        in_step.setdefault(steps[i], []).append(i)
    strongest = max((b.rule.role for b in blocks), default=Role.CONSEQUENCE)
    vectors: list[list[float]] = [[] for _ in blocks]
    for members in in_step.values():
        neighbours = _of_neighbours([blocks[i].rule.role for i in members])
        for place, i in enumerate(members):
            block = blocks[i]
            vectors[i] = [
                *_of_kind(block),
                *_of_place(block, setting),
                *neighbours[place],
                math.log2(same_words[words[i]]),
                math.log2(same_kind[block.rule.kind]),
                float(_followed(block, setting)),
                *_of_words(texts[block.key][:500]),
                math.log2(block.heads),
                float(block.rule.role == strongest),
            ]
    return vectors


def _of_kind(block: Block) -> list[float]:
    return [*(float(block.rule.role == role) for role in ROLES), float(block.rule.kind == "last-output")]


def _of_place(block: Block, setting: Setting) -> list[float]:
    end = setting.next_end(block.last)
    far = (end if end is not None else setting.count) - block.last
    together = end is not None and setting.step_of(end) == setting.step_of(block.first)
    near = math.log2(1 + far)
    until = end if end is not None else setting.count
    recovered = bisect_right(setting.done, until) > bisect_right(setting.done, block.last)
    run_recovered = bool(setting.run_done) and setting.run_done[-1] > block.last
    return [
        float(together),
        float(end is not None),
        near if together else 0.0,
        0.0 if together else near,
        float(recovered),
        float(run_recovered),
        math.log2(1 + len(block)),
        float(len(block) == 1),
        block.first / max(1, setting.count),
    ]


def _of_neighbours(roles: Sequence[Role]) -> list[list[float]]:
    """For each block of a step: whether it is the first and the last of its strength, how many are stronger, how
    many as strong stand before it, how many weaker ones right before it (five at most)."""
    total = Counter(roles)
    before: Counter[Role] = Counter()
    vectors = []
    for place, role in enumerate(roles):
        strong_before = sum(number for other, number in before.items() if other >= role)
        strong = sum(number for other, number in total.items() if other >= role)
        weaker = 0
        while weaker < min(5, place) and roles[place - 1 - weaker] < role:
            weaker += 1
        stronger = math.log2(1 + strong - total[role])
        last = strong_before + 1 == strong
        vectors.append([float(not strong_before), float(last), stronger, math.log2(1 + strong_before), float(weaker)])
        before[role] += 1
    return vectors


def _followed(block: Block, setting: Setting) -> bool:
    at = bisect_right(setting.consequences, block.last)
    return at < len(setting.consequences) and setting.consequences[at] - block.last <= 3


def _of_words(text: str) -> list[float]:
    return [float(bool(pattern.search(text))) for pattern in (_PLACE, _EXCEPTION, _COUNT, _SOFT)]
