"""What Windows PowerShell does to the output of other programs is undone: its frame around their first line on stderr, the
breaks that it makes in every line of theirs where the console is narrow, and UTF-8 that it read in the console's code page.
"""

from __future__ import annotations

import re
from itertools import pairwise

FRAMES = "+ CategoryInfo"
"""Stands in each frame, whole in the narrowest console."""

_ID = "NativeCommandError"
"""The id under which PowerShell 5 reports a line that a program wrote to stderr, whatever that line says."""

_ID_LINE = re.compile(r"^\s+\+ FullyQualified")
_CATEGORY = re.compile(r"^\s+\+ CategoryInfo\s*(?::|$)")
_EXCERPT = re.compile(r"^\+ ")
_POSITION = re.compile(r"\d+\D{1,14}\d+\s*$")
"""``At line:1 char:1`` in any language, which stands above the excerpt."""
_SPEAKER = re.compile(r"^\S[^:]{0,200}(?::\\[^:]{0,200})? : ")
"""The program that wrote the line: ``npm : ``, ``C:\\Python\\python.exe : ``."""

_BROKEN, _GOES_ON = re.compile(r"\s+\+ CategoryInfo.* $"), re.compile(r"\s+(?!\+ )\S")
"""A line of the frame that the console broke, which is as long as the console is wide, and the next."""

_LONGEST_JOINED = 4_000
"""Characters up to which lines are joined. Chosen by eye."""

_LONGEST_SPOKEN = 40
"""Lines that a narrow console breaks a program's first line into at most. Chosen by eye."""

_TALLEST = 12
"""Lines that a part of the frame fills at most; a narrow console breaks them. Chosen by eye."""

MISREAD = "ΓÔ├≡\xad\xe2"
"""What the first bytes of most UTF-8 sequences beyond Latin become in the code pages below, and of accented letters."""

_MISREAD = re.compile(rf"[{MISREAD}][^\x00-\x7f]+")
_CODE_PAGES = ("cp437", "cp850", "cp1252")
"""Of consoles in the United States, of those in Western Europe, and of Windows itself."""


def unframed(lines: list[str]) -> list[str]:
    """``lines`` without PowerShell's frames: what the program wrote stays, the frame's own lines are emptied.

    Where the frames tell that the console was narrow, lines that it broke are joined in the first of them, and the others
    emptied. Colours must still stand in ``lines``: the console counts and breaks those too.
    """
    raw = list(lines)
    heads: list[int] = []
    for at in [i for i, line in enumerate(lines) if _ID_LINE.match(line)]:
        last = next((i for i in range(at, min(at + 4, len(lines))) if _ID in _joined(lines[at : i + 1])), None)
        if last is not None and (head := _take_off(lines, at, last)) is not None:
            heads.append(head)
    width = next((len(a) for a, b in pairwise(raw) if _BROKEN.match(a) and _GOES_ON.match(b)), 0)
    if heads and width:
        _mend(lines, raw, heads[0], width)
    return lines


def _mend(lines: list[str], raw: list[str], first: int, width: int) -> None:
    whole = first
    for line in range(first + 1, len(lines)):
        before = raw[line - 1]
        word = raw[line].split(" ", 1)[0]
        full = len(before) == width or (before.endswith(" ") and len(before) + len(word) > width >= len(before))
        if not full or not lines[line].strip() or not lines[whole] or len(lines[whole]) > _LONGEST_JOINED:
            whole = line
            continue
        lines[whole] += lines[line]
        lines[line] = ""


def _joined(lines: list[str]) -> str:
    """What was one line before the console broke it."""
    return "".join(line.strip() for line in lines)


def _take_off(lines: list[str], at: int, last: int) -> int | None:
    """Empties a frame; the line where what it frames begins, None where it is no frame."""
    category = _last_above(lines, at, _CATEGORY)
    if category is None:
        return None
    around = range(max(1, category - _TALLEST), category)
    excerpt = next((i for i in around if _EXCERPT.match(lines[i])), None)
    if excerpt is None:
        return None
    places = range(excerpt - 1, max(-1, excerpt - 3), -1)
    place = next((i for i in places if _POSITION.search(_joined(lines[i:excerpt]))), None)
    if place is None:
        return None
    for i in range(place, last + 1):
        lines[i] = ""
    spoken = range(place - 1, max(-1, place - 1 - _LONGEST_SPOKEN), -1)
    head = next((i for i in spoken if _SPEAKER.match("".join(lines[i : i + 2]))), None)
    if head is None:
        return last
    if not _SPEAKER.match(lines[head]):
        lines[head + 1], lines[head] = lines[head] + lines[head + 1], ""
        head += 1
    lines[head] = _SPEAKER.sub("", lines[head])
    return head


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
