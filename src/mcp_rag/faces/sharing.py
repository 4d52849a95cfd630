"""A diagnosis as Markdown for people elsewhere: a ticket, a merge request's comment, a CI job's summary.

What it says comes from logs and from documents, and goes where Markdown, HTML and mentions work. So every line of a log
stands in a fence that it can't close, prose keeps only its code spans, and all of it is masked once more.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

from mcp_rag.faces.serialisation import as_ranked
from mcp_rag.records import Diagnosis, Evidence, Frame, Verdict

LINES_SHOWN = 40
"""A ticket shows the failure; the log has the rest. Chosen by eye."""

LINE_CHARACTERS = 400
PROSE_CHARACTERS = 3_000
"""Longest cause or fix; with the lines a ticket stays well under the 65,536 characters of a comment on GitHub."""

NEAREST_SHOWN = 3
ANNOTATION_CHARACTERS = 1_000

Redact = Callable[[str], str]

_ITEM = re.compile(r"\s*(?:[-*+•]|(\d{1,2})[.)])\s+")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_ALIVE = re.compile(
    r"(?P<url>https?://[^\s<>`\"'()\[\]\\]+[^\s<>`\"'()\[\]\\.,;:!?])"
    r"|(?P<mention>[^\s`]*@[^\s`]+)"
    r"|(?P<reference>\b[\w.-]+/[\w.-]+[#!]\d+|(?<!\w)[#!~&%$]\d+|\bGH-\d+)"
)
"""What a forge would make alive: links, mentions of people and teams, references to issues that then show up there."""

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~!#$&@])")


def to_markdown(diagnosis: Diagnosis, redact: Redact, *, level: int = 3) -> str:
    """The diagnosis as a section of Markdown under a heading of ``level``.

    Verdict, source, failing lines, cause, fix with its commands, evidence with links, and how to say that it helped.
    """
    parts = [f"{'#' * level} {_headline(diagnosis, redact)}", f"In {_code(redact(_place(diagnosis.source)))}"]
    if lines := _failing_lines(diagnosis, redact):
        parts.append(_fenced(lines, "text"))
    if diagnosis.cause and diagnosis.fix:
        parts.append(f"**Cause:** {_prose(redact(diagnosis.cause.text))}")
        parts += _steps(redact(diagnosis.fix.text))
        if diagnosis.commands:
            parts.append(_fenced([redact(command) for command in diagnosis.commands], "sh"))
    if evidence := _evidence(diagnosis, redact):
        parts.append("\n".join(evidence))
    parts += [f"> {_prose(redact(note))}" for note in diagnosis.notes]
    if diagnosis.verdict is not Verdict.CLEAN:
        parts.append(_closing(diagnosis))
    return "\n\n".join(parts) + "\n"


def to_annotation(diagnosis: Diagnosis, redact: Redact, workspace: Path) -> str:
    """The diagnosis as a workflow command of GitHub Actions, which shows it at the line of the file that failed.

    ``workspace`` is the folder of the checkout; a frame outside of it is not named.
    """
    if diagnosis.verdict is Verdict.CLEAN or diagnosis.incident is None:
        return ""
    title = diagnosis.evidence[0].issue.title if diagnosis.verdict is Verdict.KNOWN else "Nothing known matches"
    named = {"title": _plain(redact(title))}
    if place := _frame_in(diagnosis.incident.frames, workspace):
        named = {"file": place[0], "line": str(place[1]), **named}
    message = _plain(redact(diagnosis.incident.message))
    if diagnosis.fix:
        message += f" — {_plain(redact(diagnosis.fix.text))}"
    properties = ",".join(f"{name}={_property(value)}" for name, value in named.items())
    return f"::error {properties}::{_data(message[:ANNOTATION_CHARACTERS])}\n"


def _headline(diagnosis: Diagnosis, redact: Redact) -> str:
    match diagnosis.verdict:
        case Verdict.KNOWN:
            title = _prose(redact(diagnosis.evidence[0].issue.title))
            return f"Known: {title} ({diagnosis.confidence:.0%} sure)"
        case Verdict.UNKNOWN:
            message = diagnosis.incident.message if diagnosis.incident else "a failure"
            return f"Unknown: {_prose(redact(message)[:200])}"
    return f"Clean: nothing failed in this log ({diagnosis.confidence:.0%} sure)"


def _steps(fix: str) -> list[str]:
    """The fix, and below it the items of its list: each line that is one, and each that follows one."""
    first, *others = [line for line in fix.splitlines() if line.strip()] or [""]
    if _ITEM.match(first):
        first, others = "", [first, *others]
    room, items = PROSE_CHARACTERS - len(first), []
    for line in others:
        marker = _ITEM.match(line)
        if room > 0:
            items.append(f"{_numbered(marker)} {_prose(line[marker.end() :] if marker else line, room)}")
        room -= len(line)
    return [f"**Fix:** {_prose(first)}".strip(), *(["\n".join(items)] if items else [])]


def _numbered(item: re.Match[str] | None) -> str:
    return f"{int(item[1])}." if item and item[1] else "-"


def _place(source: str) -> str:
    """Where the log was, for others: an address without its query, or a file's name without its folders."""
    if "://" in source:
        return re.split(r"[?#]", source, maxsplit=1)[0]
    return "standard input" if source == "-" else source.rstrip("/").rsplit("/", 1)[-1] if _is_path(source) else source


def _is_path(source: str) -> bool:
    return "/" in source and " " not in source


def _failing_lines(diagnosis: Diagnosis, redact: Redact) -> list[str]:
    incident = diagnosis.incident
    if incident is None:
        return []
    excerpt = list(incident.excerpt)
    at = next((i for i, one in enumerate(excerpt) if one.line == incident.span.key), 0)
    first = max(0, min(at - LINES_SHOWN * 3 // 4, len(excerpt) - LINES_SHOWN))
    shown = excerpt[first : first + LINES_SHOWN]
    width = len(str(shown[-1].line)) if shown else 1
    lines = [f"{one.line:>{width}}  {redact(one.text)[:LINE_CHARACTERS]}" for one in shown]
    return lines + ([f"… {len(excerpt) - len(shown)} more lines"] if len(excerpt) > len(shown) else [])


def _evidence(diagnosis: Diagnosis, redact: Redact) -> Iterator[str] | list[str]:
    if diagnosis.verdict is Verdict.KNOWN:
        best = diagnosis.evidence[0]
        reasons = [*best.reasons, *([best.version_check.reason] if best.version_check.reason else [])]
        return [
            f"**Evidence:** {_named(best, redact)}: {_prose(redact('; '.join(reasons)))}",
            *[f"- {link}" for link in map(_link, best.issue.urls) if link],
        ]
    nearest = as_ranked(diagnosis.evidence)[:NEAREST_SHOWN]
    rows = [f"- {_named(e, redact)} {_prose(redact(e.issue.title))} ({e.confidence:.0%})" for e in nearest]
    return ["**Nearest, not a match:**", "", *rows] if rows else []


def _named(evidence: Evidence, redact: Redact) -> str:
    return _code(redact(evidence.issue.id))


def _closing(diagnosis: Diagnosis) -> str:
    incident = (diagnosis.incident_id or "last")[:10]
    if diagnosis.verdict is Verdict.KNOWN:
        return f"Helped? `mcp-rag confirm {incident}`, or `mcp-rag reject {incident}`"
    return f'Fixed? `mcp-rag confirm {incident} --fix "what fixed it"`'


def _link(url: str) -> str:
    return f"<{url}>" if re.fullmatch(r"https?://[^\s<>\\`]+", url) else _code(url)


def _plain(text: str) -> str:
    """``text`` on one line, without what is not printed or turns the direction of writing."""
    return " ".join("".join(" " if _is_unseen(c) else c for c in text).split())


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn")


def _fenced(lines: list[str], language: str) -> str:
    """Lines in a fence that is longer than any in them."""
    texts = ["".join(" " if _is_unseen(c) and c != "\t" else c for c in line).rstrip() for line in lines]
    longest = max((len(run) for text in texts for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *texts, fence])


def _code(text: str) -> str:
    """``text`` as a code span that it can't close."""
    plain = _plain(text)
    fence = "`" * (max((len(run) for run in re.findall(r"`+", plain)), default=0) + 1)
    pad = " " if plain.startswith("`") or plain.endswith("`") or not plain else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def _prose(text: str, most: int = PROSE_CHARACTERS) -> str:
    """``text`` as one paragraph in which only its code spans are Markdown, and only its web addresses are alive."""
    plain = _plain(text)
    if len(plain) > most:
        plain = plain[:most].rsplit(" ", 1)[0] + " …"
    parts, at = [], 0
    for span in _CODE.finditer(plain):
        parts += [_quiet(plain[at : span.start()]), _code(span[2].strip())]
        at = span.end()
    return "".join([*parts, _quiet(plain[at:])])


def _quiet(text: str) -> str:
    parts, at = [], 0
    for found in _ALIVE.finditer(text):
        parts += [_escaped(text[at : found.start()]), _link(found[0]) if found["url"] else _code(found[0])]
        at = found.end()
    return "".join([*parts, _escaped(text[at:])])


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _frame_in(frames: tuple[Frame, ...], workspace: Path) -> tuple[str, int] | None:
    """The innermost frame that is a file of the checkout, relative to it."""
    for frame in reversed(frames):
        path = os.path.normpath(workspace / frame.file)
        if frame.line and path.startswith(f"{workspace}{os.sep}") and Path(path).is_file():
            return os.path.relpath(path, workspace), frame.line
    return None


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
