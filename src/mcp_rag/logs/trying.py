"""Failures that are tries: each says that another follows, so that what came of the last one decides."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mcp_rag.logs.blocks import Block
from mcp_rag.logs.outcome_words import SHUTS_DOWN, TRY_NUMBERED

LONGEST_TRIED = 12
"""Lines of tries that are taken for one, each saying that another follows. Chosen by eye."""

_AGAIN = re.compile(
    r"\b[Rr]etry(?:ing)?\b|\b[Tt]ry(?:ing)? again\b|\b[Aa]ttempt \d+ ?(?:/|of) ?\d+"
    r"|\bthe database system is (?:starting up|not yet accepting)"
)
_BEGUN_AGAIN = re.compile(
    r"(?i)\b(?:re-?queue?(?:d|ing)|re-?start(?:ed|ing)|re-?schedul(?:ed|ing)|resum(?:ed|ing)|retry(?:ing)?)\b"
)
_LAST_TIME = re.compile(
    r"[Rr]etries exceeded|exhausted|[Gg]iving up|[Gg]ave up|no more retries|\b0 (?:retries|attempts) (?:left|remaining)"
)
_POLLED = re.compile(r"\b(?:curl: \(\d+\)|wget: |nc: |pg_isready: |mysqladmin: )")
_ADDRESS = re.compile(r"(?:^|\s)Connecting to \S+ .*\bfailed: ")
_COUNTED = re.compile(
    r"\b(?:(?:attempt|try|retry)\W{0,2}|(?:trying again|retrying)\b.{0,60}\()(?P<try>\d{1,9}) ?(?:/|of) ?(?P<of>\d{1,9})\b"
    r"|\b(?P<left>\d{1,9}) (?:retries|attempts|tries)\b",
    re.IGNORECASE,
)

_DIGIT = re.compile(r"\d")

_STANDS_BEHIND = re.compile(r"(?i:upstream|backend).*?\"((?:GET|HEAD|POST|PUT|DELETE|PATCH) \S+ HTTP/[\d.]+)\"")
_PASSED_ON = re.compile(r"\[error\] \d+#\d+: \*(\d+) .*\bupstream\b")
_NEXT_SERVER = "upstream server temporarily disabled"
"""What nginx says when it asks another server of the group, where there is one."""

_WELL = re.compile(r"HTTP/[\d.]+\" [23]\d\d\b")

_EXPECTED = re.compile(
    r"^(?!.*(?:\bnot|n't) ).*\bas (?:expected|intended|required|it should)\b|\bexpected (?:fail(?:ure)?|error)s?\b(?!\W{0,2}\d)"
    r"|\b(?:correctly|rightly) (?:rejected|refused|failed)|\b(?:rejected|refused|failed), (?:good|ok|fine)\b"
    r"|\bError \d+ \(ignored\)"
    r"|^Bisecting: \d+ revisions? left|^[0-9a-f]{7,64} is the first bad commit$",
    re.IGNORECASE,
)

_UNMERGED = re.compile(
    r"^(?:CONFLICT \(|Automatic merge failed|error: (?:could not (?:apply|revert) |Merging is not possible))"
)
_HOOK = re.compile(r"\.{3}(?:Passed|Failed|\(.*\)Skipped|Skipped)$")
_COMMITTED = re.compile(r"^\[[\w/.-]+ (?:\(root-commit\) )?[0-9a-f]{7,40}\] ")
"""What git says of a conflict, pre-commit of each hook, and git of a commit."""

_UNREACHED = re.compile(
    r"(?i)connection (?:to .{1,80} )?(?:was )?(?:refused|failed|lost)|ECONNREFUSED|lost connection"
    r"|(?:could not|couldn't|cannot|can't|failed to) (?:re)?connect"
)
_CONNECTED = re.compile(
    r"(?i)(?<!not )(?<!never )\b(?:re-?connected|connected (?:to|again|after)|(?:socket|client|session) connected|connected$"
    r"|connection (?:is |was )?(?:re-?)?(?:established|restored|opened)|reporting success)(?!\w)"
)
"""What a client says of a server that it does not reach, and does."""

LONGEST_RECORD = 1_000
"""Characters of a server's record in which the request stands that it passed on. Chosen by eye."""

CONNECTED_WITHIN = 1_000
"""Lines below in which a client tells that it is connected. Chosen by eye."""

LINES_BELOW, MOST_LINES_BELOW = 3, 200
"""Lines below what failed in which the count of tries may stand, and in which something else is looked for. Chosen by eye."""


def is_tried_again(block: Block, texts: Sequence[str]) -> bool:
    """Whether every line of a block says that what failed is tried again, or is what a loop that waits for a server gets, or
    wget at one of its addresses."""
    lines = texts[block.first : block.last + 1]
    if len(lines) >= LONGEST_TRIED or any(_LAST_TIME.search(text) for text in lines):
        return False
    several = len(lines) > 1 and all(map(_POLLED.search, lines))
    return several or all(map(_AGAIN.search, lines)) or all(map(_ADDRESS.search, lines))


def says_again(text: str) -> bool:
    """Whether a line says of what ended that it is begun again."""
    return bool(_BEGUN_AGAIN.search(text[:LONGEST_RECORD]))


def was_not_the_last_try(block: Block, texts: Sequence[str]) -> bool:
    """Whether tries are counted, this was not the last one, and something else than a try stands below: the next went well.
    Where nobody says how many there may be, this was not the last one if a later one is told of below in the same words."""
    near = texts[block.first : block.last + 1 + LINES_BELOW]
    numbered = next((line for line in reversed(near) if TRY_NUMBERED.search(line[:LONGEST_RECORD])), None)
    if numbered and _is_followed(numbered, texts[block.last + 1 : block.last + 1 + MOST_LINES_BELOW]):
        return True
    counted = [found for text in near if (found := _COUNTED.search(text))]
    if not counted or not any(map(_AGAIN.search, near)) or not all(map(_is_left, counted)):
        return False
    below = texts[block.last + 1 : block.last + 1 + MOST_LINES_BELOW]
    ends = (_AGAIN, _COUNTED, SHUTS_DOWN)
    return any(text.strip() and not any(end.search(text) for end in ends) for text in below)


def _is_followed(text: str, below: Sequence[str]) -> bool:
    """Whether a line tells the number of a try, and a line of the same words with a higher one stands ``below``."""
    said = TRY_NUMBERED.search(text[:LONGEST_RECORD])
    if said is None:
        return False
    start = _shape(text[: said.start(1)])
    others = (other for other in below if _shape(other[: said.start(1)]) == start)
    return any((later := TRY_NUMBERED.match(other, said.start())) and int(later[1]) > int(said[1]) for other in others)


def _shape(text: str) -> str:
    """A line's beginning, whatever its time."""
    return _DIGIT.sub("0", text)


def _is_left(counted: re.Match[str]) -> bool:
    return int(counted["left"]) > 0 if counted["left"] else int(counted["try"]) < int(counted["of"])


def was_answered(block: Block, texts: Sequence[str]) -> bool:
    """Whether a server tells of a request that it passed on, and further down that it answered it well after all, or asked
    another server and says no more of it."""
    record = texts[block.first][:LONGEST_RECORD]
    asked, passed_on = _STANDS_BEHIND.search(record), _PASSED_ON.search(record)
    if len(block) > block.heads or not (asked or passed_on):
        return False
    below = texts[block.first + 1 : block.first + 1 + MOST_LINES_BELOW]
    if asked and any(f'{asked[1]}" ' in text and _WELL.search(text) for text in below):
        return True
    of_it = [text for text in below if passed_on and f": *{passed_on[1]} " in text]
    return any(_NEXT_SERVER in text for text in of_it) and not any("[error]" in text for text in of_it)


def was_committed(block: Block, texts: Sequence[str]) -> bool:
    """Whether git committed further down what a conflict or a hook had kept it from, or a hook only warned of: git commits
    nothing while one of them stands in its way."""
    below = texts[block.last + 1 : block.last + 1 + MOST_LINES_BELOW]
    made = next((place for place, text in enumerate(below) if _COMMITTED.match(text)), None)
    if made is None:
        return False
    return bool(_UNMERGED.match(texts[block.key])) or any(map(_HOOK.search, below[:made]))


def was_connected(block: Block, texts: Sequence[str]) -> bool:
    """Whether a client tells that it did not reach a server, and further down that it is connected."""
    if not all(_UNREACHED.search(texts[line][:LONGEST_RECORD]) for line in {block.first, block.key}):
        return False
    below = texts[block.last + 1 : block.last + 1 + CONNECTED_WITHIN]
    return any("onnect" in text and _CONNECTED.search(text[:LONGEST_RECORD]) for text in below)


def was_expected(block: Block, texts: Sequence[str]) -> bool:
    """Whether a line right below what failed, or its own last one, says that it had to, or may."""
    first = block.last + (len(block) == 1)
    return any(map(_EXPECTED.search, texts[first : block.last + 3]))
