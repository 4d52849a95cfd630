"""Text → Query: what of an error says what went wrong, apart from the code and the noise around it."""

from __future__ import annotations

import re

from mcp_rag.records import Excerpt, Query

_MESSAGE = re.compile(
    r"^[ \t]*(?:[\w./\\<>$-]+:\d+(?::\d+)?:[ \t]*)?"  # a place in a file
    r"(?:(?:fatal |internal )?(?:error|warning|panic|exception|failure|failed|fatal|critical)\b(?:\[\w+\])?[ \t]*[:!][ \t]*"
    r"|(?:[\w.]+(?:Error|Exception|Warning|Failure|Interrupt))\b[ \t]*:?[ \t]*"
    r"|\d+:\d+[ \t]+(?:error|warning)[ \t]+"  # a linter's column
    r"|(?:严重)?(?:错误|报错|异常|警告|失败|故障)(?:信息|原因|代码|描述)?[ \t]*[:：][ \t]*)(?P<said>.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_NOTE = re.compile(
    r"^[ \t]*(?:=[ \t]*)?(?:(?:note|help|hint|caused by|reason|detail)[ \t]*:|(?:原因|提示|详情)[ \t]*[:：])[ \t]*(?P<said>.+)$",
    re.IGNORECASE | re.MULTILINE,
)
_UNDER_CARETS = re.compile(r"^[ \t|]*(?:\d+[ \t]*\|)?[ \t|]*[\^~-]+[ \t]+(?P<said>[A-Za-z`'\"].+)$", re.MULTILINE)
_BELOW_CODE = re.compile(r"^[ \t]*\|[ \t]+(?:\|[ \t]*)*(?P<said>[a-z`][^|^\n]*)$", re.MULTILINE)
_NO_PROSE = re.compile(
    r"^\s*(?:\d*\s*\||-->|[\W_]*$"  # a quoted line of code, the place above it, a ruler
    r"|at \S+.*[(:]|File \"|Traceback \(most recent|(?:note|help|hint)\s*:"  # a frame of a stack, a note
    r"|(?:[\w.-]*[/\\])+[\w.-]*(?::\d+)*:?\s*$|[\w-]+\.\w+(?::\d+)+:?\s*$)"  # a path alone
)
_PLACE = re.compile(
    r"^\s*(?:(?:\[[^\]\n]{1,60}\]|\d{4}-\d\d-\d\d[T ][\d:.,]+Z?|[A-Z]:\s*\d+\s*\||\d+:\d+)[\s|:]*"
    r"|[\w./\\-]+:\d+(?::\d+)?:\s*)+"
)
_TYPE = re.compile(r"\b(?:[A-Z]\w*(?:Error|Exception|Failure)|[A-Z]{1,6}\d{3,5}|[A-Z]{2,5}-\d{3,6})\b")
_IDENTIFIER = re.compile(r"[`'\"]([A-Za-z_][\w.:/-]{2,80})[`'\"]|\b(\w+_\w+|[a-z]+[A-Z]\w+)\b")

_QUOTED = re.compile(r"[`‘“\"][^`'\"‘’“”\n]{1,80}[`'’”\"]|(?<!\w)'[^'\n]{1,60}'(?!\w)")

_DRAWN = re.compile(r"^[ \t]*(?:\d+[ \t]*)?\|[ \t]?|[\^~|=+_*#<>-]{2,}", re.MULTILINE)

TITLE_LINES = 3
"""Lines that stand for the message of a text in which none is found. Chosen by eye."""


LOOKED_AT_CHARACTERS, LINE_CHARACTERS = 50_000, 500
"""What of a text, and of a line, is searched for a message: expressions meet hostile lines too. Chosen by eye."""


GIST_CHARACTERS = 260
"""Of a query, embedded: some 75 of the default model's tokens."""

UNDRAWN_CHARACTERS = 8_000
"""Of a query, freed from what is drawn in it. Chosen by eye."""


def query_from_text(text: str) -> Query:
    """The query that a raw error, or a person's question, makes."""
    message = message_of(text)
    found = _TYPE.search(message) or _TYPE.search(text)
    names = dict.fromkeys(name for pair in _IDENTIFIER.findall(text) for name in pair if name)
    lines = tuple(Excerpt(number, line) for number, line in enumerate(text.split("\n"), 1))
    return Query(
        text=text,
        message=message,
        error_type=found.group() if found else "",
        identifiers=tuple(names)[:50],
        lines=lines,
    )


def message_of(text: str) -> str:
    """What a diagnostic says in words: its first messages, or else its first lines of prose; the labels under its carets,
    its notes."""
    text = "\n".join(line[:LINE_CHARACTERS] for line in text[:LOOKED_AT_CHARACTERS].split("\n"))
    said = [m["said"] for m in _MESSAGE.finditer(text)][:3]
    if not any(part.strip() for part in said):
        said = _prose(text)
    said += [m["said"] for pattern in (_UNDER_CARETS, _BELOW_CODE, _NOTE) for m in pattern.finditer(text)][:12]
    return "\n".join(dict.fromkeys(part.strip() for part in said if part.strip()))


def gist_of(text: str, message: str = "") -> str:
    """What of ``text`` is embedded: its ``message``, then what else stands there, up to ``GIST_CHARACTERS``. What is drawn
    around the words (gutters of quoted code, carets below it, arrows, rulers) is left out: to a model each such sign is a
    token, which costs as much as a word and says nothing."""
    rest = text[:LOOKED_AT_CHARACTERS]
    for line in message.split("\n"):
        rest = rest.replace(line, " ", 1)
    return " ".join(_DRAWN.sub(" ", f"{message}\n{rest}"[:UNDRAWN_CHARACTERS]).split())[:GIST_CHARACTERS]


def unnamed(headline: str) -> str:
    """``headline`` without what it quotes: the names of somebody's own code pull its vector away from what went wrong."""
    return " ".join(_QUOTED.sub(" ", headline).split()) or headline


def _prose(text: str) -> list[str]:
    """The first lines that are neither code nor places, without what stands before their words."""
    lines = [line for line in text.strip().split("\n") if line.strip()]
    prose = [line for line in lines if not _NO_PROSE.match(line)] or lines
    return [_PLACE.sub("", line) or line for line in prose[:TITLE_LINES]]
