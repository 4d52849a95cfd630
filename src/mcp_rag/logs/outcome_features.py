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

from mcp_rag.logs.blocks import Block, Survey
from mcp_rag.logs.grammars.generic import SAID_LAST
from mcp_rag.logs.grammars.rule import Role
from mcp_rag.logs.outcome_blocks import (
    DIGITS,
    LAST_LINES,
    LINES_BEFORE,
    LONGEST_TEXT,
    ROLES,
    UNDERLINE,
    Setting,
    above,
    filled,
    is_numbered_row,
    is_of_a_client,
    is_quoted,
    is_said_again,
    record_of,
    unnumbered,
)
from mcp_rag.logs.outcome_words import (
    ADVICE,
    COMMAND,
    COULD_NOT,
    COUNT,
    COUNTS_BAD,
    COUNTS_GOOD,
    DATA,
    DEALT_WITH,
    EXCEPTION,
    GRAVE,
    HEADED,
    LOST,
    MILD,
    NONE_LOST,
    OTHER_LOG,
    PLACE,
    RECORD,
    SEVERE_RECORD,
    SHUTS_DOWN,
    TIMED,
    WARNS,
    counts_in,
    is_ordinary,
    says_bad,
    says_good,
)

T = TypeVar("T")

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
    "all went well at the end",
    "counts what was lost at the end",
    "severe record",
    "severe record of a client",
    "severe record and records after",
    "quoted",
    "from another log",
    "a name and a count",
    "rows",
    "said again, mildly",
    "said again, gravely",
)
OF_A_CRASH = tuple(f"of a crash: {name}" for name in PLAIN[len(ROLES) :])

NAMES = PLAIN + OF_A_CRASH
"""One name a feature, in the order of a vector."""

LINES_AFTER = 30
"""Lines behind a block that are looked at. Chosen by eye."""

FEWEST_LINES = 4
"""Lines of which a share is taken where fewer stand behind a block: two of two say less than ten of ten. Chosen by eye."""

MOST_LINES = 200
"""Lines behind a block beyond which more say nothing more. Chosen by eye."""

_NUMBER = re.compile(r"0(?:[.,]0)*%?")
"""What is left of a number when its digits are: it may be set flush right."""
_COLUMN = re.compile(r"(?:\s{2,}|\t|[|│] ?)(?=\S)")


def features(blocks: Sequence[Block], found: Survey, texts: Sequence[str]) -> list[list[float]]:
    """A vector for each of ``blocks``.

    What stands around an exception weighs otherwise than around a message: each feature counts a second time for it.
    """
    crash = ROLES.index(Role.CRASH)
    return [plain + [value * plain[crash] for value in plain[len(ROLES) :]] for plain in _plain(blocks, found, texts)]


def _plain(blocks: Sequence[Block], found: Survey, texts: Sequence[str]) -> list[list[float]]:
    setting = Setting(found, texts)
    words = [unnumbered(texts[block.key]) for block in blocks]
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
    line_above, record = above(block, texts), record_of(block, texts)
    below = next(iter(filled(texts, block.last + 1, block.last + 3)), "")
    return [
        float(bool(DEALT_WITH.search(line_above) or DEALT_WITH.search(below))),
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
    if is_numbered_row(block, texts):
        return True
    if block.heads < len(block):
        return False
    head = _kind(texts[block.key])
    return bool(head) and any(_kind(line) == head for line in _beside(block, texts))


def _in_columns(block: Block, texts: Sequence[str]) -> bool:
    """Whether a column of a line begins where one of a line beside it does, or the line is underlined: a table's head."""
    if block.heads < len(block):
        return False
    if any(map(UNDERLINE.match, texts[block.last + 1 : block.last + 2])):
        return True
    columns = _columns(texts[block.key])
    return bool(columns) and any(columns & _columns(line) for line in _beside(block, texts))


def _beside(block: Block, texts: Sequence[str]) -> list[str]:
    key = block.key
    return filled(texts, max(0, key - 2), key) + filled(texts, key + 1, key + 3)


def _columns(text: str) -> set[int]:
    """Where its columns begin, the first one aside."""
    return {found.end() for found in _COLUMN.finditer(text[:LONGEST_TEXT]) if found.end() > 3}


def _kind(text: str) -> str:
    """What kind of thing a line begins with: a number, a hash, a date, a bullet; nothing where it begins with a word."""
    text = text[:60]
    first = DIGITS.sub("0", text).split()[:1]
    if first and _NUMBER.fullmatch(first[0]):
        return "0"
    if first and first[0][0] in "\"'`":
        return first[0][0]
    return text[: len(text) - len(text.lstrip())] + first[0] if first and not first[0][:1].isalpha() else ""


def _of_rest(block: Block, setting: Setting) -> list[float]:
    """Of the lines behind a block."""
    after = block.first + len(block) // block.heads  # Of several records in one block: behind the first of them.
    below = filled(setting.texts, after, min(setting.count, after + LINES_AFTER))
    heads = set(map(_head, filled(setting.texts, max(0, block.first - LINES_BEFORE), block.first)))
    rest = max(0, setting.count - 1 - block.last)
    ordinary = sum(map(is_ordinary, below))
    least = FEWEST_LINES
    return [
        float(not rest),
        math.log2(1 + min(rest, MOST_LINES)),
        math.log2(1 + ordinary),
        ordinary / max(least, len(below)),
        _share(ADVICE.search, below[:least], least),
        _share(lambda text: _head(text) in heads, below, least),
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
    counts = [(some, of) for text in texts for some, of in counts_in(text) if of]
    return [
        _share(bool, good, LAST_LINES),
        _share(bool, bad, LAST_LINES),
        float(any(good[-1:])),
        float(any(bad[-1:])),
        float(any(some == of for some, of in counts)),
        float(any(some < of for some, of in counts[-1:])),
        float(any(line > block.last for line in setting.good_ends)),
        float(any(map(LOST.search, texts))) - float(any(map(NONE_LOST.search, texts))),
    ]


def _of_record(block: Block, setting: Setting) -> list[float]:
    """Of what kind of line a block begins with."""
    head = setting.texts[block.first][:LONGEST_TEXT]
    severe = bool(SEVERE_RECORD.search(head))
    below = filled(setting.texts, block.last + 1, min(setting.count, block.last + 1 + LINES_AFTER))
    return [
        float(severe),
        float(severe and is_of_a_client(block, setting.texts)),
        severe * _share(RECORD.search, below, FEWEST_LINES),
        float(is_quoted(block, setting.texts)),
        float(bool(OTHER_LOG.search(head))),
        float(bool(COUNT.match(setting.texts[block.key][:LONGEST_TEXT]))),
        math.log2(block.heads) if block.heads == len(block) else 0.0,
        float(is_said_again(block, setting.texts)),
        float(is_said_again(block, setting.texts, gravely=True)),
    ]


def _count_after(lines: Sequence[int], block: Block) -> int:
    return len(lines) - bisect_right(lines, block.last)


def _head(text: str) -> str:
    """How a line begins: its first two words, whatever their numbers."""
    return " ".join(DIGITS.sub("0", text[:60]).split()[:2])


def _share(says: Callable[[T], object], things: Sequence[T], least: int) -> float:
    """The share of ``things`` that ``says`` holds of, as if there were ``least`` of them."""
    return sum(bool(says(thing)) for thing in things) / max(least, len(things))
