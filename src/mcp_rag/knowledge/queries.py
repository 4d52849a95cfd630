"""Text → Query: what of an error says what went wrong, apart from the code and the noise around it."""

from __future__ import annotations

import re

from mcp_rag.records import Excerpt, Query

_MESSAGE = re.compile(
    r"^\s*(?:[\w./\\<>$-]+:\d+(?::\d+)?:\s*)?"  # a place in a file
    r"(?:(?:fatal |internal )?(?:error|warning|panic|exception|failure|failed|fatal|critical)\b(?:\[\w+\])?\s*[:!]\s*"
    r"|(?:[\w.]+(?:Error|Exception|Warning|Failure|Interrupt))\b\s*:?\s*)(?P<said>.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_NOTE = re.compile(r"^\s*(?:=\s*)?(?:note|help|hint|caused by|reason|detail)\s*:\s*(?P<said>.+)$", re.I | re.M)
_UNDER_CARETS = re.compile(r"^[\s|]*(?:\d+\s*\|)?[\s|]*[\^~-]{1,}\s+(?P<said>[A-Za-z`'\"].+)$", re.MULTILINE)
_BELOW_CODE = re.compile(r"^\s*\|\s+(?:\|\s*)*(?P<said>[a-z`][^|^]*)$", re.MULTILINE)
_TYPE = re.compile(r"\b(?:[A-Z]\w*(?:Error|Exception|Failure)|[A-Z]{1,6}\d{3,5}|[A-Z]{2,5}-\d{3,6})\b")
_IDENTIFIER = re.compile(r"[`'\"]([A-Za-z_][\w.:/-]{2,80})[`'\"]|\b(\w+_\w+|[a-z]+[A-Z]\w+)\b")

TITLE_LINES = 3
"""Lines that stand for the message of a text in which none is found. Chosen by eye."""


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
    """What a diagnostic says in words: its first message, the labels under its carets, its notes."""
    said = [m["said"] for m in _MESSAGE.finditer(text)][:3]
    said += [m["said"] for pattern in (_UNDER_CARETS, _BELOW_CODE, _NOTE) for m in pattern.finditer(text)][:12]
    words = "\n".join(dict.fromkeys(part.strip() for part in said if part.strip()))
    return words or "\n".join(line.strip() for line in text.strip().split("\n")[:TITLE_LINES])
