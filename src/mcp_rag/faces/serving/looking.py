"""Looking closer: lines of a log, an environment, a page of what is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field

from mcp_rag.doctor import foretell
from mcp_rag.errors import InputError
from mcp_rag.faces.serving.answers import ExcerptLine
from mcp_rag.knowledge.lock_files import versions_from_text
from mcp_rag.logs.source import LogSource
from mcp_rag.wiring import House, files_in_force, redactor_of

LONGEST_LINE = 1_000
"""Characters of a line that are shown. Chosen by eye."""

AROUND_A_LINE = 30
"""Characters of JSON around each line's text."""


class LinesAnswer(BaseModel):
    """A run of a log's lines, cleaned of colours, secrets masked, long ones cut."""

    source: str
    total: int = Field(description="how many lines the log has")
    lines: list[ExcerptLine]
    next: int | None = Field(description="the line to read on from; null at the end")


class Foretold(BaseModel):
    """A known issue that will strike in the environment."""

    issue: str = Field(description="SOURCE/ID")
    title: str
    because: list[str]
    cause: str
    fix: str
    commands: list[str]
    urls: list[str]


class EnvironmentAnswer(BaseModel):
    """The known issues that would strike, and how many packages were looked at."""

    packages: int
    strikes: list[Foretold]


def read_lines(house: House, source: LogSource, first: int, count: int, most_characters: int) -> dict[str, Any]:
    """At most ``count`` lines from ``first`` on, as many as fit; ``next`` goes on where they end.

    Raises:
        InputError: the log cannot be read, or has no such line.
    """
    texts, redact = house.assistant.read(source).texts, redactor_of(house.settings)
    total = len(texts)
    if first > max(total, 1):
        raise InputError(f"There is no line {first}", f"the log has {total}", "Ask for an earlier one")
    shown: list[dict[str, Any]] = []
    left = most_characters - 500
    for number in range(first, min(first + count, total + 1)):
        text = redact(texts[number - 1])
        text = text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}…"
        left -= len(text) + AROUND_A_LINE
        if shown and left < 0:
            break
        shown.append({"line": number, "text": text})
    reached = first + len(shown)
    return {"source": source.name, "total": total, "lines": shown, "next": reached if reached <= total else None}


def check_environment(house: House, packages: dict[str, str] | None, lock: str | None) -> dict[str, Any]:
    """The known issues in force that will strike where ``packages`` have these versions, or a lock file pins them.

    Raises:
        InputError: not exactly one is given, or no version can be read.
    """
    if (packages is None) == (lock is None):
        raise InputError("Exactly one of packages and lock_file is needed", "", "Give names and versions, or the file")
    versions = packages if packages is not None else versions_from_text(lock or "", "lock_file")
    if not versions:
        raise InputError("No versions were given", "no package is pinned", 'Give for example {"numpy": "2.4.0"}')
    found = foretell(_stating_strikes(house), versions, {})
    strikes = [
        {
            "issue": strike.issue.key,
            "title": strike.issue.title,
            "because": list(strike.reasons),
            "cause": strike.issue.cause,
            "fix": strike.issue.fix,
            "commands": list(strike.issue.commands),
            "urls": list(strike.issue.urls),
        }
        for strike in found
    ]
    return {"packages": len(versions), "strikes": strikes}


def _stating_strikes(house: House) -> Iterator[tuple[str, str, str]]:
    """The files that can foretell anything: parsing the others is the time that all this takes."""
    return (file for file in files_in_force(house.settings) if "\nstrikes:" in file[2])
