"""What Windows PowerShell does to the output of other programs is undone: its frame around their first line on stderr,
and UTF-8 that it read in the console's code page.
"""

from __future__ import annotations

import re

FRAMES = "+ CategoryInfo"
"""Stands in each frame, whole in the narrowest console."""

_ID = "NativeCommandError"
"""The id under which PowerShell 5 reports a line that a program wrote to stderr, whatever that line says."""

_ID_LINE = re.compile(r"^\s+\+ FullyQualified")
_CATEGORY = re.compile(r"^\s+\+ CategoryInfo\s*(?::|$)")
_EXCERPT = re.compile(r"^\+ ")
_POSITION = re.compile(r"\d+\D{1,14}\d+\s*$")
"""``At line:1 char:1`` in any language, which stands above the excerpt."""
_SPEAKER = re.compile(r"^\S[^:]{0,200}(?::\\[^:]{0,200})? : (?=\S|$)")
"""The program that wrote the line: ``npm : ``, ``C:\\Python\\python.exe : ``."""

_TALLEST = 12
"""Lines that a part of the frame fills at most; a narrow console breaks them. Chosen by eye."""

MISREAD = "ΓÔ├≡\xad\xe2"
"""What the first bytes of most UTF-8 sequences beyond Latin become in the code pages below, and of accented letters."""

_MISREAD = re.compile(rf"[{MISREAD}][^\x00-\x7f]+")
_CODE_PAGES = ("cp437", "cp850", "cp1252")
"""Of consoles in the United States, of those in Western Europe, and of Windows itself."""


def unframed(lines: list[str]) -> list[str]:
    """``lines`` without PowerShell's frames: what the program wrote stays, the frame's own lines are emptied."""
    for at in [i for i, line in enumerate(lines) if _ID_LINE.match(line)]:
        last = next((i for i in range(at, min(at + 4, len(lines))) if _ID in _joined(lines[at : i + 1])), None)
        if last is not None:
            _take_off(lines, at, last)
    return lines


def _joined(lines: list[str]) -> str:
    """What was one line before the console broke it."""
    return "".join(line.strip() for line in lines)


def _take_off(lines: list[str], at: int, last: int) -> None:
    category = _last_above(lines, at, _CATEGORY)
    excerpt = category and _last_above(lines, category, _EXCERPT)
    while excerpt and (above := _last_above(lines, excerpt, _EXCERPT)) is not None:
        excerpt = above
    if not excerpt or not _POSITION.search(lines[excerpt - 1]):
        return
    for i in range(excerpt - 1, last + 1):
        lines[i] = ""
    head = _last_above(lines, excerpt - 1, _SPEAKER)
    if head is not None:
        lines[head] = _SPEAKER.sub("", lines[head])


def _last_above(lines: list[str], at: int, pattern: re.Pattern[str]) -> int | None:
    above = range(at - 1, max(-1, at - 1 - _TALLEST), -1)
    return next((i for i in above if pattern.match(lines[i])), None)


def reread(text: str) -> str:
    """``text``, in which what UTF-8 became when it was read in a code page is UTF-8 again: ``Γ£ô`` is ``✓``."""
    while (again := _MISREAD.sub(_read_again, text)) != text:
        text = again
    return text


def _read_again(found: re.Match[str]) -> str:
    for page in _CODE_PAGES:
        try:
            return found[0].encode(page).decode("utf-8")
        except UnicodeError:
            continue
    return found[0]
