"""The blocks of a log that could be what failed, the setting that they stand in, and which of them need no weighing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from mcp_rag.logs.blocks import LAST_LOOKED_AT, Block, Survey, unprefixed
from mcp_rag.logs.grammars.generic import ANSWERS_BADLY, SAID_LAST
from mcp_rag.logs.grammars.outcomes import Ending
from mcp_rag.logs.grammars.rule import Role
from mcp_rag.logs.naming import sentence_of
from mcp_rag.logs.outcome_words import (
    ANSWER,
    ASKED,
    BEHIND,
    CLIENT,
    DEALT_WITH,
    GOES_ON,
    GRAVE,
    MILD,
    MILD_FIELD,
    NUMBERED,
    OTHER_LOG,
    QUOTED,
    RECORD,
    SEVERE_RECORD,
    SHUTS_DOWN,
    TRY_NUMBERED,
    WARNS,
    counts_in,
    ends_well,
    says_bad,
    says_good,
    says_passed,
)
from mcp_rag.logs.trying import (
    is_tried_again,
    was_answered,
    was_committed,
    was_connected,
    was_expected,
    was_not_the_last_try,
)

ROLES = tuple(role for role in Role if role >= Role.LOGGED)

LINES_BEFORE = 60
"""Lines before a block, and before the end, that are looked at. Chosen by eye."""

LAST_LINES = 5
"""Lines that say how a log ends. Chosen by eye."""

TELLING_MESSAGE, SAID_AGAIN_WITHIN = 15, 200
"""Characters from which on a message is known again by them alone, and lines below it in which it is looked for. Chosen by
eye."""

ANSWERED_WITHIN = 3
"""Lines below a failure in which a server tells how it answered. Chosen by eye."""

LONGEST_TEXT = 400
"""Characters of a line that are looked at."""

LAST_BLOCKS, LAST_OF_ROLE, FIRST_OF_ROLE = 60, 15, 5
"""Blocks of a log that are judged: the last ones, and of each role the last and the first."""

LONGEST_EPILOGUE = 120
"""Lines at the end of a log that say nothing of how it ended: empty ones, and with what a library takes its leave of every
process, whatever it died of. Chosen by eye."""

_EPILOGUE = re.compile(r"wandb: ")

DIGITS = re.compile(r"0x[0-9a-f]+|\b(?=[a-f]*\d)[0-9a-f]{7,40}\b|\d+")
"""What of a line differs from one record to the next."""

UNDERLINE = re.compile(r"[\s|+]*[-=]{3}[-=+|\s]*$")
"""The line below the names of a table's columns."""

_TYPES = re.compile(r"^(?:[\w.]+(?:Error|Exception|Failure|Refused)?: )+")
"""What stands before an exception's own message."""

_RAISED = re.compile(r"<\w+(?:Error|Exception): .+?>(?=,|$)")
"""An exception that a record tells of as Python shows it."""

_IGNORED = re.compile(r"Exception ignored (?:in|while|on)\b|.{0,200}--- Logging error ---$")
_SERVING = re.compile(r"^Exception (?:occurred|happened) during processing of request from ")
_LEFT = re.compile(r"(?:BrokenPipe|ConnectionReset|ConnectionAborted)Error\b")
_NODE_PASSED = re.compile(r"ℹ fail 0$")
NODE_COUNTS, TODOS_BELOW = 8, 200
"""Lines of the counts above the list of Node's failing tests, and of that list. Chosen by eye."""

_TOOK = re.compile(r"(?:real|user|sys)\s+\S+$")
_LONE = re.compile(r"\W*(?:done|finished|completed?|ended|end)\W*$", re.IGNORECASE)
"""What bash's ``time`` prints, and what a script echoes as its last word."""

_ZEROS = re.compile(r"[\s|│]*0(?:[\s|│]+0)*[\s|│]*$")


class Setting:
    """How a log ends, and its marks, arranged for looking things up by line."""

    def __init__(self, found: Survey, texts: Sequence[str]) -> None:
        self.texts = texts
        self.count = len(texts)
        while self.count and len(texts) - self.count < LONGEST_EPILOGUE and _says_nothing(texts[self.count - 1]):
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
        first = max(0, self.count - LINES_BEFORE)
        near = Counter(map(unnumbered, texts[first : self.count]))
        ends = {line for line, _, _ in self.last if ends_well(texts[line][:LONGEST_TEXT])}
        ends.update(line for line in _said_before_shutdown(texts, self.count) if ends_well(texts[line][:LONGEST_TEXT]))
        ends.update(line for line in range(first, self.count) if says_passed(texts[line][:LONGEST_TEXT]))
        self.good_ends = sorted(
            line
            for line in ends
            if ends_a_series(texts, line) or (near[unnumbered(texts[line])] == 1 and not is_one_of_many(texts, line))
        )
        """The lines that say that all went well, and are no record of which many stand there, or the last of a series:
        of the last few, and verdicts on the whole further up."""


def _says_nothing(text: str) -> bool:
    return not text.strip() or bool(_EPILOGUE.match(text))


def _said_before_shutdown(texts: Sequence[str], end: int) -> list[int]:
    """The last lines above the mild records with which a server ends that was asked to stop; none where none did."""
    looked_at = range(end - 1, max(-1, end - 1 - LAST_LOOKED_AT), -1)
    if not end or not SHUTS_DOWN.search(texts[end - 1][:LONGEST_TEXT]):
        return []
    last = next((line for line in looked_at if texts[line].strip() and not _is_mild_record(texts[line])), end - 1)
    said = range(last, max(-1, last - LAST_LOOKED_AT), -1) if last < end - 1 else ()
    return [line for line in said if texts[line].strip()][:LAST_LINES]


def _is_mild_record(text: str) -> bool:
    return bool(RECORD.search(text[:LONGEST_TEXT])) and not GRAVE.search(text[:LONGEST_TEXT])


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
        if not any(told(block, texts) for told in _FAILED_NOTHING)
        and (block.first > tried or not is_tried_again(block, texts))
    ]


def was_ignored(block: Block, texts: Sequence[str]) -> bool:
    """Whether Python says above an exception that it ignored it, as it must where nobody could catch it: in ``__del__``, or
    while it shuts down (``sys.unraisablehook``), and as ``logging`` does with a record that it could not format."""
    return any(map(_IGNORED.match, texts[max(0, block.first - 1) : block.first + 1]))


def was_left(block: Block, texts: Sequence[str]) -> bool:
    """Whether a server of Python's own tells of a client that closed the connection before it had the whole answer."""
    return bool(_LEFT.match(texts[block.key])) and any(
        map(_SERVING.match, texts[max(0, block.first - 2) : block.first + 1])
    )


def is_of_a_todo(block: Block, texts: Sequence[str]) -> bool:
    """Whether a block stands in the list with which Node's test runner ends though it counts no failing test: the list is of
    those that are still to be made to pass."""
    above = range(block.first, max(-1, block.first - TODOS_BELOW), -1)
    head = next((line for line in above if texts[line].startswith("✖ failing tests:")), None)
    return head is not None and any(map(_NODE_PASSED.match, texts[max(0, head - NODE_COUNTS) : head]))


def heads_zeros(block: Block, texts: Sequence[str]) -> bool:
    """Whether a block is the head of a table that counts none of what its columns name."""
    below = texts[block.key + 1 : block.key + 3]
    return len(below) == 2 and bool(UNDERLINE.match(below[0]) and _ZEROS.match(below[1]))


def speaks_for_itself(block: Block, setting: Setting) -> bool:
    """Whether a block needs no weighing: a server's last answers, a record of severity ERROR or worse, or an exception, a panic
    or a signal of which no milder record tells, unless it is a client's mistake, a quotation or a row, the request was answered
    well, the record itself or a mild one below tells how it was dealt with, or the log ends well behind it."""
    head = setting.texts[block.first][:LONGEST_TEXT]
    if block.rule is ANSWERS_BADLY:
        return not any(line > block.last for line in setting.good_ends)
    if block.rule.role is Role.CRASH:
        if MILD.search(head) or MILD_FIELD.search(head) or WARNS.search(record_of(block, setting.texts)):
            return False
    elif not SEVERE_RECORD.search(head) or DEALT_WITH.search(head):
        return False
    shown = is_quoted(block, setting.texts) or is_numbered_row(block, setting.texts) or OTHER_LOG.search(head)
    return (
        not shown
        and not is_of_a_client(block, setting.texts)
        and not is_answered_well(block, setting.texts)
        and not is_said_again(block, setting.texts)
        and not is_dealt_with_below(block, setting.texts)
        and (not any(line > block.last for line in setting.good_ends) or is_only_echoed(block, setting.texts))
    )


def is_only_echoed(block: Block, texts: Sequence[str]) -> bool:
    """Whether behind an exception a lone word of an end stands and else no more than how long it took: a script says it
    whatever became of the program."""
    if block.rule.role is not Role.CRASH:
        return False
    below = [text.strip() for text in filled(texts, block.last + 1, block.last + 1 + LONGEST_EPILOGUE)]
    ends = [text for text in below if not _TOOK.match(text)]
    return len(ends) == 1 < len(below) and bool(_LONE.match(ends[0]))


def is_answered_well(block: Block, texts: Sequence[str]) -> bool:
    """Whether the server's next record of a request, right below a block, is of one that was answered well."""
    below = (ANSWER.search(text) for text in filled(texts, block.last + 1, block.last + 1 + ANSWERED_WITHIN))
    answer = next((found for found in below if found), None)
    return answer is not None and answer[1] in "23"


def is_dealt_with_below(block: Block, texts: Sequence[str]) -> bool:
    """Whether the line right below a block is a mild record of how it was dealt with."""
    below = filled(texts, block.last + 1, block.last + 3)[:1]
    return any((MILD.search(text) or MILD_FIELD.search(text)) and GOES_ON.search(text) for text in below)


def is_said_again(block: Block, texts: Sequence[str], *, gravely: bool = False) -> bool:
    """Whether a line below a block that holds its message is a record of a mild severity, or says beside it how it was dealt
    with; ``gravely``, whether one is of a grave severity."""
    said = sentence_of(texts[block.key][:LONGEST_TEXT])
    raised = _RAISED.search(said)
    message = raised[0] if raised else _TYPES.sub("", said)
    if len(message) < TELLING_MESSAGE:
        return False
    below = (text[:LONGEST_TEXT] for text in texts[block.last + 1 : block.last + 1 + SAID_AGAIN_WITHIN])
    again = [(text, text.replace(message, "")) for text in below if message in text]
    if gravely:
        return any(GRAVE.search(beside) for _, beside in again)
    return any(MILD.search(text) or MILD_FIELD.search(text) or DEALT_WITH.search(beside) for text, beside in again)


def is_of_a_client(block: Block, texts: Sequence[str]) -> bool:
    """Whether a server tells of what a client asked for, and not of what stands behind the server."""
    head = texts[block.first][:LONGEST_TEXT]
    below = filled(texts, block.first + 1, min(block.first + LAST_LINES, block.last + 1))
    below += filled(texts, block.last + 1, block.last + 3)
    return bool(CLIENT.search(head) or any(map(ASKED.search, below))) and not BEHIND.search(head)


def is_numbered_row(block: Block, texts: Sequence[str]) -> bool:
    """Whether a block is of lines that are numbered one after the other, as others beside it: ``ticket 2 …``, ``ticket 3 …``."""
    row = NUMBERED.match(texts[block.first])
    if row is None:
        return False
    rows = (NUMBERED.match(texts[line]) for line in range(block.first + 1, block.last + 1))
    if not all(other and other[1] == row[1] for other in rows):
        return False
    near = map(NUMBERED.match, texts[max(0, block.first - 2) : block.first + 3])
    return any(other and other[1] == row[1] and abs(int(other[2]) - int(row[2])) == 1 for other in near)


def is_quoted(block: Block, texts: Sequence[str]) -> bool:
    """Whether what a rule recognised stands in quotation marks: the text of somebody else, unless all does, as in JSON."""
    lines = [texts[line][:LONGEST_TEXT] for line in {block.first, block.key}]
    if block.rule is SAID_LAST or any(line.lstrip().startswith("{") for line in lines):
        return False
    bare = [unprefixed(QUOTED.sub("", line)) for line in lines]
    return any(map(QUOTED.search, lines)) and not any(map(block.rule.head.search, bare))


def record_of(block: Block, texts: Sequence[str]) -> str:
    """The line that tells of an exception: its own first one, or the one above it."""
    head = texts[block.first][:LONGEST_TEXT] if block.first < block.key else ""
    return head if WARNS.search(head) or GRAVE.search(head) else above(block, texts)


def above(block: Block, texts: Sequence[str]) -> str:
    """The line right above a block, an empty one between them left out; empty where there is none."""
    return next(iter(filled(texts, max(0, block.first - 2), block.first)[-1:]), "")


def filled(texts: Sequence[str], first: int, end: int) -> list[str]:
    """The lines from ``first`` to ``end`` that hold anything, cut short."""
    return [text[:LONGEST_TEXT] for text in texts[first:end] if text.strip()]


def is_one_of_many(texts: Sequence[str], line: int) -> bool:
    """Whether a line is one of three in a row that say the same, each of something else: ``INFO wed ok``, ``INFO thu ok``."""
    words = unnumbered(texts[line]).split()
    near = range(max(0, line - 2), min(len(texts), line + 3))
    alike = "".join("01"[_differs_in_a_word(words, unnumbered(texts[at]).split())] for at in near)
    return len(words) > 2 and "111" in alike


def ends_a_series(texts: Sequence[str], line: int) -> bool:
    """Whether a line tells of a try by its number, or counts all of what lines above it counted a part of (``7 of 8``), and no
    line of its words stands below it."""
    words, counts = unnumbered(texts[line]), counts_in(texts[line][:LONGEST_TEXT])
    if any(unnumbered(text) == words for text in texts[line + 1 :]):
        return False
    above_it = texts[max(0, line - LINES_BEFORE) : line]
    before = [counts_in(text[:LONGEST_TEXT]) for text in above_it if unnumbered(text) == words]
    goes_on = any(some < of and (of, of) in counts for others in before for some, of in others)
    return goes_on or bool(TRY_NUMBERED.search(texts[line][:LONGEST_TEXT]))


def _differs_in_a_word(words: Sequence[str], others: Sequence[str]) -> bool:
    return len(words) == len(others) and sum(a != b for a, b in zip(words, others, strict=True)) <= 1


def unnumbered(text: str) -> str:
    """What a line says, whatever its numbers."""
    return DIGITS.sub("0", text[:LONGEST_TEXT]).strip()


_FAILED_NOTHING = (
    was_not_the_last_try,
    was_expected,
    was_answered,
    was_committed,
    was_connected,
    was_ignored,
    was_left,
    is_of_a_todo,
    heads_zeros,
)
"""What the lines around a block tell by which it failed nothing."""
