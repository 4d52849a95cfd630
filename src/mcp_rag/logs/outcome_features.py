"""What tells whether a failure that a log shows was one: its strength, its words, what came after it, how the log ends.

Nothing here knows a tool: the features are those by which a person who never saw it would judge.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from mcp_rag.logs.blocks import LAST_LOOKED_AT, Block, Survey, unprefixed
from mcp_rag.logs.grammars.generic import SAID_LAST
from mcp_rag.logs.grammars.outcomes import Ending
from mcp_rag.logs.grammars.rule import Role
from mcp_rag.logs.outcome_words import (
    ADVICE,
    BEHIND,
    CLIENT,
    COMMAND,
    COULD_NOT,
    COUNTS_BAD,
    COUNTS_GOOD,
    DATA,
    DEALT_WITH,
    EXCEPTION,
    GRAVE,
    HEADED,
    LOST,
    MILD,
    MILD_FIELD,
    NONE_LOST,
    OF_ALL,
    OTHER_LOG,
    PLACE,
    QUOTED,
    RECORD,
    SEVERE_RECORD,
    SHUTS_DOWN,
    STATEMENT,
    TIMED,
    WARNS,
    is_ordinary,
    says_bad,
    says_good,
)
from mcp_rag.logs.trying import is_tried_again, was_expected, was_not_the_last_try

T = TypeVar("T")

ROLES = tuple(role for role in Role if role >= Role.LOGGED)

PLAIN = (
    *(f"role {role.name.lower()}" for role in ROLES),
    "says a mild severity",
    "says a grave severity",
    "begins with a word of failure",
    "says that it was dealt with",
    "says that it could not go on",
    "names a place",
    "names an exception",
    "looks like data",
    "is indented",
    "dealt with on a line beside it",
    "warning above",
    "grave record above",
    "mild record below",
    "warning above and a record below",
    "said last",
    "like the lines beside it",
    "in columns with the lines beside it",
    "lines",
    "same words elsewhere",
    "nothing after",
    "lines after",
    "ordinary lines after",
    "ordinary share after",
    "advice after",
    "lines like those before",
    "records after",
    "good words after",
    "bad words after",
    "commands after",
    "shuts down right after",
    "counts failures",
    "counts none or what passed after",
    "in the last lines",
    "step done after",
    "step after",
    "consequence after",
    "blocks after",
    "good words at the end",
    "bad words at the end",
    "last line good",
    "last line bad",
    "counts all at the end",
    "counts fewer than all at the end",
    "counts what was lost at the end",
    "severe record",
    "severe record of a client",
    "severe record and records after",
    "quoted",
    "from another log",
)
OF_A_CRASH = tuple(f"of a crash: {name}" for name in PLAIN[len(ROLES) :])

NAMES = PLAIN + OF_A_CRASH
"""One name a feature, in the order of a vector."""

LINES_AFTER, LINES_BEFORE = 30, 60
"""Lines around a block that are looked at. Chosen by eye."""

FEWEST_LINES = 4
"""Lines of which a share is taken where fewer stand behind a block: two of two say less than ten of ten. Chosen by eye."""

MOST_LINES = 200
"""Lines behind a block beyond which more say nothing more. Chosen by eye."""

LAST_LINES = 5
"""Lines that say how a log ends. Chosen by eye."""

LONGEST_TEXT = 400
"""Characters of a line that are looked at."""

LAST_BLOCKS, LAST_OF_ROLE, FIRST_OF_ROLE = 60, 15, 5
"""Blocks of a log that are judged: the last ones, and of each role the last and the first."""

_DIGITS = re.compile(r"0x[0-9a-f]+|\b(?=[a-f]*\d)[0-9a-f]{7,40}\b|\d+")
_UNDERLINE = re.compile(r"[\s|+]*[-=]{3}[-=+|\s]*$")
_COLUMN = re.compile(r"(?:\s{2,}|\t|[|│] ?)(?=\S)")


class Setting:
    """How a log ends, and its marks, arranged for looking things up by line."""

    def __init__(self, found: Survey, texts: Sequence[str]) -> None:
        self.texts = texts
        self.count = len(texts)
        while self.count and len(texts) - self.count < LAST_LOOKED_AT and not texts[self.count - 1].strip():
            self.count -= 1
        self.done = found.lines_of(Ending.STEP_DONE)
        self.steps = found.lines_of(Ending.STEP)
        self.consequences = [block.first for block in found.blocks if block.rule.role is Role.CONSEQUENCE]
        self.strong = [block.first for block in found.blocks if block.rule.role >= Role.LOGGED]
        start = max(0, self.count - LAST_LOOKED_AT)
        self.last = [
            (line, says_good(text), says_bad(text))
            for line, text in enumerate((text[:LONGEST_TEXT] for text in texts[start : self.count]), start)
            if text.strip()
        ][-LAST_LINES:]
        near = Counter(map(_unnumbered, texts[max(0, self.count - LINES_BEFORE) : self.count]))
        self.good_ends = [
            line
            for line, good, _ in self.last
            if good and near[_unnumbered(texts[line])] == 1 and not SHUTS_DOWN.search(texts[line][:LONGEST_TEXT])
        ]
        """Of the last lines those that say that all went well, and are no record of which many stand there."""


def judged(found: Survey, after: int, texts: Sequence[str]) -> list[Block]:
    """The blocks that begin behind line ``after`` and could be failures; of very many the last and those of each role.

    A try of which it is told that a later one went well is none.
    """
    tried = max(found.lines_of(Ending.STEP_DONE, Ending.TRY_DONE), default=-1)
    blocks = [block for block in found.blocks if block.rule.role >= Role.LOGGED and block.first > after]
    chosen = blocks[-LAST_BLOCKS:]
    for role in ROLES:
        alike = [block for block in blocks if block.rule.role is role]
        chosen += alike[:FIRST_OF_ROLE] + alike[-LAST_OF_ROLE:]
    alone = sorted(set(chosen), key=lambda block: block.first)
    return [
        block
        for block in alone
        if not was_not_the_last_try(block, texts)
        and not was_expected(block, texts)
        and (block.first > tried or not is_tried_again(block, texts))
    ]


def features(blocks: Sequence[Block], found: Survey, texts: Sequence[str]) -> list[list[float]]:
    """A vector for each of ``blocks``.

    What stands around an exception weighs otherwise than around a message: each feature counts a second time for it.
    """
    crash = ROLES.index(Role.CRASH)
    return [plain + [value * plain[crash] for value in plain[len(ROLES) :]] for plain in _plain(blocks, found, texts)]


def _plain(blocks: Sequence[Block], found: Survey, texts: Sequence[str]) -> list[list[float]]:
    setting = Setting(found, texts)
    words = [_unnumbered(texts[block.key]) for block in blocks]
    same = Counter(words)
    return [
        [
            *(float(block.rule.role is role) for role in ROLES),
            *_of_words(texts[block.key][:LONGEST_TEXT]),
            *_of_block(block, texts),
            math.log2(same[key]),
            *_of_rest(block, setting),
            *_of_marks(block, setting),
            *_of_end(block, setting),
            *_of_record(block, setting),
        ]
        for block, key in zip(blocks, words, strict=True)
    ]


def _of_words(text: str) -> list[float]:
    patterns = (MILD, GRAVE, HEADED, DEALT_WITH, COULD_NOT, PLACE, EXCEPTION, DATA)
    return [*(float(bool(pattern.search(text))) for pattern in patterns), float(text[:1] in (" ", "\t"))]


def _of_block(block: Block, texts: Sequence[str]) -> list[float]:
    """Of the lines of a block and those right beside it."""
    above, record = _above(block, texts), _record_of(block, texts)
    below = next(iter(_filled(texts, block.last + 1, block.last + 3)), "")
    return [
        float(bool(DEALT_WITH.search(above) or DEALT_WITH.search(below))),
        float(bool(WARNS.search(record))),
        float(bool(GRAVE.search(record[:120]))),
        float(bool(MILD.search(below))),
        float(
            bool(WARNS.search(record) and not GRAVE.search(record) and TIMED.search(record) and RECORD.search(below))
        ),
        float(block.rule is SAID_LAST),
        float(_is_like_those_beside(block, texts)),
        float(_in_columns(block, texts)),
        math.log2(len(block)),
    ]


def _is_like_those_beside(block: Block, texts: Sequence[str]) -> bool:
    """Whether a block is one line that begins as those beside it do: a commit's title, a row, an entry of a list."""
    if len(block) > 1:
        return False
    head = _kind(texts[block.key])
    return bool(head) and any(_kind(line) == head for line in _beside(block, texts))


def _in_columns(block: Block, texts: Sequence[str]) -> bool:
    """Whether a column of a line begins where one of a line beside it does, or the line is underlined: a table's head."""
    if len(block) > 1:
        return False
    if any(map(_UNDERLINE.match, texts[block.last + 1 : block.last + 2])):
        return True
    columns = _columns(texts[block.key])
    return bool(columns) and any(columns & _columns(line) for line in _beside(block, texts))


def _beside(block: Block, texts: Sequence[str]) -> list[str]:
    return _filled(texts, max(0, block.first - 2), block.first) + _filled(texts, block.last + 1, block.last + 3)


def _columns(text: str) -> set[int]:
    """Where its columns begin, the first one aside."""
    return {found.end() for found in _COLUMN.finditer(text[:LONGEST_TEXT]) if found.end() > 3}


def _kind(text: str) -> str:
    """What kind of thing a line begins with: a number, a hash, a date, a bullet; nothing where it begins with a word."""
    text = text[:60]
    first = _DIGITS.sub("0", text).split()[:1]
    return text[: len(text) - len(text.lstrip())] + first[0] if first and not first[0][:1].isalpha() else ""


def speaks_for_itself(block: Block, setting: Setting) -> bool:
    """Whether a block needs no weighing: a record of severity ERROR or worse, or an exception, a panic or a signal of which
    no milder record tells, unless it is a client's mistake, a quotation, or the log ends well behind it."""
    head = setting.texts[block.first][:LONGEST_TEXT]
    if block.rule.role is Role.CRASH:
        if MILD.search(head) or MILD_FIELD.search(head) or WARNS.search(_record_of(block, setting.texts)):
            return False
    elif not SEVERE_RECORD.search(head):
        return False
    others = _is_of_a_client(block, setting.texts) or _is_quoted(block, setting.texts) or OTHER_LOG.search(head)
    return not others and not any(line > block.last for line in setting.good_ends)


def _record_of(block: Block, texts: Sequence[str]) -> str:
    """The line that tells of an exception: its own first one, or the one above it."""
    head = texts[block.first][:LONGEST_TEXT] if block.first < block.key else ""
    return head if WARNS.search(head) or GRAVE.search(head) else _above(block, texts)


def _above(block: Block, texts: Sequence[str]) -> str:
    return next(iter(_filled(texts, max(0, block.first - 2), block.first)[-1:]), "")


def _of_rest(block: Block, setting: Setting) -> list[float]:
    """Of the lines behind a block."""
    below = _filled(setting.texts, block.last + 1, min(setting.count, block.last + 1 + LINES_AFTER))
    above = set(map(_head, _filled(setting.texts, max(0, block.first - LINES_BEFORE), block.first)))
    rest = max(0, setting.count - 1 - block.last)
    ordinary = sum(map(is_ordinary, below))
    least = FEWEST_LINES
    return [
        float(not rest),
        math.log2(1 + min(rest, MOST_LINES)),
        math.log2(1 + ordinary),
        ordinary / max(least, len(below)),
        _share(ADVICE.search, below[:least], least),
        _share(lambda text: _head(text) in above, below, least),
        _share(RECORD.search, below, least),
        _share(says_good, below, least),
        _share(says_bad, below, least),
        float(any(map(COMMAND.search, below))),
        float(any(map(SHUTS_DOWN.search, below[:3]))),
        float(any(map(COUNTS_BAD.search, (setting.texts[block.key][:LONGEST_TEXT], *below)))),
        float(any(map(COUNTS_GOOD.search, below))),
        float(rest < LAST_LINES // 2),
    ]


def _of_marks(block: Block, setting: Setting) -> list[float]:
    return [
        float(_count_after(setting.done, block) > 0),
        float(_count_after(setting.steps, block) > 0),
        float(_count_after(setting.consequences, block) > 0),
        math.log2(1 + _count_after(setting.strong, block)),
    ]


def _of_end(block: Block, setting: Setting) -> list[float]:
    """Of the log's last lines, as far as they stand behind the block."""
    good = [good for line, good, _ in setting.last if line > block.last]
    bad = [bad for line, _, bad in setting.last if line > block.last]
    texts = [setting.texts[line][:LONGEST_TEXT] for line, _, _ in setting.last if line > block.last]
    counts = [(int(some), int(of)) for text in texts for some, of in OF_ALL.findall(text) if int(of)]
    return [
        _share(bool, good, LAST_LINES),
        _share(bool, bad, LAST_LINES),
        float(any(good[-1:])),
        float(any(bad[-1:])),
        float(any(some == of for some, of in counts)),
        float(any(some < of for some, of in counts[-1:])),
        float(any(map(LOST.search, texts))) - float(any(map(NONE_LOST.search, texts))),
    ]


def _of_record(block: Block, setting: Setting) -> list[float]:
    """Of what kind of line a block begins with."""
    head = setting.texts[block.first][:LONGEST_TEXT]
    severe = bool(SEVERE_RECORD.search(head))
    below = _filled(setting.texts, block.last + 1, min(setting.count, block.last + 1 + LINES_AFTER))
    return [
        float(severe),
        float(severe and _is_of_a_client(block, setting.texts)),
        severe * _share(RECORD.search, below, FEWEST_LINES),
        float(_is_quoted(block, setting.texts)),
        float(bool(OTHER_LOG.search(head))),
    ]


def _is_of_a_client(block: Block, texts: Sequence[str]) -> bool:
    """Whether a server tells of what a client asked for, and not of what stands behind the server."""
    head = texts[block.first][:LONGEST_TEXT]
    asked = CLIENT.search(head) or any(map(STATEMENT.search, _filled(texts, block.first + 1, block.last + 3)))
    return bool(asked) and not BEHIND.search(head)


def _is_quoted(block: Block, texts: Sequence[str]) -> bool:
    """Whether what a rule recognised stands in quotation marks: the text of somebody else, unless all does, as in JSON."""
    lines = [texts[line][:LONGEST_TEXT] for line in {block.first, block.key}]
    if block.rule is SAID_LAST or any(line.lstrip().startswith("{") for line in lines):
        return False
    bare = [unprefixed(QUOTED.sub("", line)) for line in lines]
    return any(map(QUOTED.search, lines)) and not any(map(block.rule.head.search, bare))


def _count_after(lines: Sequence[int], block: Block) -> int:
    return len(lines) - bisect_right(lines, block.last)


def _filled(texts: Sequence[str], first: int, end: int) -> list[str]:
    """The lines from ``first`` to ``end`` that hold anything, cut short."""
    return [text[:LONGEST_TEXT] for text in texts[first:end] if text.strip()]


def _unnumbered(text: str) -> str:
    """What a line says, whatever its numbers."""
    return _DIGITS.sub("0", text[:LONGEST_TEXT]).strip()


def _head(text: str) -> str:
    """How a line begins: its first two words, whatever their numbers."""
    return " ".join(_DIGITS.sub("0", text[:60]).split()[:2])


def _share(says: Callable[[T], object], things: Sequence[T], least: int) -> float:
    """The share of ``things`` that ``says`` holds of, as if there were ``least`` of them."""
    return sum(bool(says(thing)) for thing in things) / max(least, len(things))
