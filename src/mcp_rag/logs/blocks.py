"""A log → the blocks in it that could be failures, and the marks of how its steps ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mcp_rag.logs.grammars.generic import (
    ANSWERS_BADLY,
    CHILD_FAILED,
    HELD_UP_NOTHING,
    INSTALLS,
    MILD,
    NOT_AS_IT_MUST_BE,
    NOT_INSTALLED,
    NOTHING,
    PASSED_ON,
    SAID_LAST,
    WARNING,
    WARNS,
    WOULD_NOT_GO_ON,
)
from mcp_rag.logs.grammars.harmless import is_harmless
from mcp_rag.logs.grammars.listings import is_listed, is_task_failure, rescued_until
from mcp_rag.logs.grammars.outcomes import Ending, EndingRule
from mcp_rag.logs.grammars.rule import LONGEST_EXAMINED, PREFIX, Passage, Role, Rule
from mcp_rag.logs.outcome_words import ANSWER, says_good
from mcp_rag.logs.restarts import last_start
from mcp_rag.logs.scanning import Progress, hits, unseen

LAST_LOOKED_AT = 40
"""Lines at a log's end among which the last ones that hold anything are looked for. Chosen by eye."""

LAST_SAID = 3
"""Lines, the last ones that hold anything, of which one may be a verdict. Chosen by eye."""

FEWEST_ANSWERS, ANSWERS_AMONG = 3, 1_000
"""Answers of a server, the last ones, that are all errors of its own where it fails, and lines at a log's end among which the
first of them is looked for. Of 74 labelled logs with as many answers six end so, and all failed."""

LONGEST_JOINED = 15
"""Lines up to which neighbours of different kinds are taken for one failure: ``train_span_ranker.py`` gave .759 of F1 on
held-out repositories with it and .729 without."""


@dataclass(frozen=True, slots=True)
class Block:
    """A run of lines that one rule recognised; 0-based, inclusive. ``heads`` counts the merged failures."""

    first: int
    last: int
    key: int
    rule: Rule
    heads: int = 1

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over a log found."""

    blocks: list[Block]
    marks: list[tuple[int, Ending]] = field(default_factory=list)

    def lines_of(self, *endings: Ending) -> list[int]:
        return [line for line, ending in self.marks if ending in endings]


def survey(texts: Sequence[str], progress: Progress = unseen) -> Survey:
    """The blocks of a log in order, neighbours of a kind merged, and its marks."""
    blocks: list[Block] = []
    marks: list[tuple[int, Ending]] = []
    for line, rules, endings in hits(texts, progress):
        text = texts[line][:LONGEST_EXAMINED]
        bare = unprefixed(text)
        if is_listed(bare):
            continue
        for ending in endings:
            if ending.pattern.search(bare) and _follows(ending, texts, line):
                marks.append((line, ending.ending))
                break
        inside = bool(blocks) and line <= blocks[-1].last
        if inside and (blocks[-1].rule.role >= Role.TOOL or blocks[-1].rule.role is Role.HARMLESS):
            continue
        block = _recognise(texts, line, text, rules)
        if block is None or (inside and block.rule.role <= blocks[-1].rule.role):
            continue
        _add(blocks, block)
    last = _said_last(texts, blocks, marks) or _answers_badly(texts, blocks)
    told = _following_installs([block for block in blocks if block.rule.role is not Role.HARMLESS], texts)
    return Survey(_unmended(told, texts) + ([last] if last else []), marks)


def of_the_last_run(found: Survey, texts: Sequence[str]) -> Survey:
    """What was found in the last of several runs, where that one failed itself, came further than the last one that did, or
    ends well: what an earlier run died of is mended by then."""
    begun = last_start(texts)
    if not begun:
        return found
    failures = [block.first for block in found.blocks if block.rule.role >= Role.GENERIC]
    ends = found.lines_of(Ending.EXIT, Ending.FAILURE)
    if max(failures, default=-1) < begun:
        last_bad = max([0, *failures, *(line for line in ends if line < begun)])
        came_further = len(texts) - begun > last_bad - last_start(texts[:last_bad])
        ends_well = any(says_good(texts[line][:LONGEST_EXAMINED]) for line in last_filled(texts, 1))
        if max(ends, default=-1) >= begun or not (came_further or ends_well):
            return found
    return Survey(
        [block for block in found.blocks if block.first >= begun], [mark for mark in found.marks if mark[0] >= begun]
    )


def _said_last(texts: Sequence[str], blocks: list[Block], marks: list[tuple[int, Ending]]) -> Block | None:
    """The last line, where no other tells more and it says that something is not as it must be: a gate, a check. In plainer
    words the line may stand a little above it: behind a verdict it is told who was asked, and what was undone."""
    if any(block.rule.role >= Role.GENERIC or block.rule.role is Role.CONSEQUENCE for block in blocks):
        return None
    words = NOT_AS_IT_MUST_BE
    for line in last_filled(texts, LAST_SAID):
        text = unprefixed(texts[line][:LONGEST_EXAMINED])
        if (blocks and line <= blocks[-1].last) or any(at >= line - 1 for at, _ in marks) or says_good(text):
            return None
        shown = (
            text[:1].isspace()
            or is_listed(text)
            or is_harmless(text)
            or MILD.match(text)
            or HELD_UP_NOTHING.search(text)
            or ((answer := ANSWER.search(texts[line][:LONGEST_EXAMINED])) and answer[1] != "5")
        )
        if not shown and words.search(NOTHING.sub("0", text)):
            return Block(line, line, line, SAID_LAST)
        words = WOULD_NOT_GO_ON
    return None


def _answers_badly(texts: Sequence[str], blocks: Sequence[Block]) -> Block | None:
    """The first of the last answers of a server, in records of access, where they are all errors of its own and stand behind
    every block."""
    lines: list[int] = []
    for line in range(len(texts) - 1, max(-1, len(texts) - ANSWERS_AMONG), -1):
        answer = ANSWER.search(texts[line][:LONGEST_EXAMINED])
        if answer and answer[1] != "5":
            break
        if answer:
            lines.append(line)
        elif not lines and len(texts) - line > LAST_LOOKED_AT:
            break
    if len(lines) < FEWEST_ANSWERS or (blocks and lines[-1] <= blocks[-1].last):
        return None
    return Block(lines[-1], lines[-1], lines[-1], ANSWERS_BADLY)


def last_filled(texts: Sequence[str], most: int) -> list[int]:
    """The last lines that hold anything, the very last first, ``most`` of them."""
    looked_at = range(len(texts) - 1, max(-1, len(texts) - LAST_LOOKED_AT), -1)
    return [line for line in looked_at if texts[line].strip()][:most]


def _unmended(blocks: list[Block], texts: Sequence[str]) -> list[Block]:
    """``blocks`` without the failures of tasks that a play rescued."""
    if not any(is_task_failure(texts[block.first]) for block in blocks):
        return blocks
    mended = rescued_until(texts)
    return [block for block in blocks if block.first > mended or not is_task_failure(texts[block.first])]


def _following_installs(blocks: list[Block], texts: Sequence[str]) -> list[Block]:
    """``blocks``, in which a module that cannot be imported passes on that what should have installed it failed."""
    failed = next((block.first for block in blocks if block.rule.kind in INSTALLS), None)
    if failed is None:
        return blocks
    return [
        replace(block, rule=CHILD_FAILED)
        if block.first > failed and block.rule.role is Role.CRASH and NOT_INSTALLED.search(texts[block.key])
        else block
        for block in blocks
    ]


def _follows(ending: EndingRule, texts: Sequence[str], line: int) -> bool:
    """Whether an ending stands below the words that it needs above it, and above none that take it back."""
    above, unless = ending.above, ending.unless
    if unless and any(unless.search(unprefixed(text)) for text in texts[line + 1 : line + 3]):
        return False
    return above is None or any(above.search(unprefixed(text)) for text in texts[max(0, line - 2) : line])


def unprefixed(text: str) -> str:
    """``text`` without what a program that passed it on put before it."""
    worn = PREFIX.match(text)
    return text[worn.end() :] if worn else text


def _recognise(texts: Sequence[str], line: int, text: str, rules: Sequence[Rule]) -> Block | None:
    harmless: bool | None = None
    worn = PREFIX.match(text)
    column = worn.end() if worn else 0
    text = text[column:]
    for rule in rules:
        found = rule.head.search(text)
        if not found:
            continue
        if rule.role <= Role.GENERIC:
            if harmless is None:
                harmless = is_harmless(text)
            if harmless:
                return None
        passage = Passage(texts, line, column + found.start())
        extent = rule.reach(passage, line)
        if extent is None or extent[1] - extent[0] + 1 < rule.least:
            continue
        if extent[0] == extent[1] and (MILD.match(text) if found.start() > 0 else WARNS.match(text)):
            return Block(*extent, WARNING)
        return Block(*extent, _true_rule(rule, texts[extent[2]]))
    return None


def _true_rule(rule: Rule, key: str) -> Rule:
    """``rule``, unless the exception that it found only passes on that another process or step failed."""
    return CHILD_FAILED if rule.role is Role.CRASH and PASSED_ON.search(key[:LONGEST_EXAMINED]) else rule


def _add(blocks: list[Block], block: Block) -> None:
    """Append ``block``, cutting or joining the one before it."""
    if blocks and block.first <= blocks[-1].last:
        if blocks[-1].first >= block.first:
            blocks.pop()
        else:
            before = blocks[-1]
            blocks[-1] = replace(before, last=block.first - 1, key=min(before.key, block.first - 1))
    if blocks and block.rule is blocks[-1].rule and block.first - blocks[-1].last - 1 <= block.rule.merges:
        before = blocks.pop()
        block = replace(before, last=block.last, heads=before.heads + 1)
    elif blocks and _continues(blocks[-1], block):
        block = _joined(blocks.pop(), block)
    blocks.append(block)


def _continues(before: Block, block: Block) -> bool:
    """Whether a block of another kind on the very next line tells of the same failure."""
    kinds = (before.rule.role, block.rule.role)
    return (
        block.first == before.last + 1
        and min(kinds) >= Role.LOGGED
        and max(kinds) not in (Role.TEST, Role.COMPILE)
        and block.last - before.first < LONGEST_JOINED
    )


def _joined(before: Block, block: Block) -> Block:
    """Both as one block of the kind that says more."""
    telling = block if block.rule.role > before.rule.role else before
    return replace(telling, first=before.first, last=block.last, heads=before.heads)
