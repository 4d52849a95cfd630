"""What a terminal, a shell or a CI site adds to a line is taken off again; the number of lines never changes.

A block of lines is cleaned at once: controls are removed from the bytes, and the steps that go line by line run only
where the block shows what they look for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mcp_rag.logs.json_lines import find_record_style, read_record
from mcp_rag.logs.powershell import FRAMES, MISREAD, reread, unframed
from mcp_rag.logs.storage import Stored

CONTROLS = bytes(c for c in (*range(32), 127) if c not in b"\t\n\r\b")
"""C0 controls and DEL, without the four that carry meaning here. ESC goes with its sequence."""

_SEQUENCE = re.compile(
    rb"\x1b(?:"
    rb"\[[0-?]*+[ -/]*+[@-~]?"  # CSI, also one that breaks off before its final byte
    rb"|[\]PX^_][^\x07\x1b\n]*+(?:\x07|\x1b\\)"  # OSC, DCS, SOS, PM, APC with their terminators
    rb"|\]\d*+;?"  # OSC that never ends: only its head, lest the line be lost
    rb"|[ -/]?[0-~]"  # character sets, cursor saving, reset
    rb")?"
)
_C1 = re.compile("\x9b[0-?]*+[ -/]*+[@-~]?|[\x80-\x9f]")
"""The same sequences in their 8-bit form, as Unicode characters."""

_FOLD = re.compile(r"travis_(?:fold|time):(?:start|end)(?::[\w.:=,-]*+)?|section_(?:start|end):\d+:[\w.:=,\[\]-]*+")
"""Markers of Travis and GitLab."""

_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.(?:\d{7}Z |\d{6}Z \d\d[OE][+ ])"
"""GitHub Actions stamps with seven digits, GitLab with six and a stream; docker's and kubectl's nine stay."""
_STAMPS = re.compile(rf"\ufeff*(?:{_STAMP}|\ufeff++|[^\t]{{1,200}}+\t[^\t]{{1,200}}+\t\ufeff?{_STAMP})*")
"""Also behind the job and step that ``gh run view --log`` puts before them."""
_SOME_STAMP = re.compile(r"\.\d{6,7}Z ")

_FRAMES = FRAMES.encode()
_MISREAD = tuple(character.encode() for character in MISREAD)

_NEWLINE = " ⏎ "
"""Stands for a line end inside a JSON record, which is one line of the log."""


@dataclass(frozen=True, slots=True)
class Cleaner:
    """How the lines of one log are cleaned. ``records``: its lines are JSON objects with a message in them."""

    records: bool = False

    @classmethod
    def for_log(cls, data: Stored) -> Cleaner:
        """The cleaner for a log, decided from the log as a whole and not line by line."""
        return cls(records=find_record_style(data))

    def clean_block(self, block: bytes) -> list[str]:
        """The cleaned lines of ``block``, as many as it has; a final ``\\n`` starts no new line."""
        if not self.records:
            return _clean_plain(block)
        return [_clean_record(line) for line in block.removesuffix(b"\n").split(b"\n")]


def clean_text(text: str) -> str:
    """One line of text cleaned like a line of a log."""
    return " ".join(_clean_plain(text.encode("utf-8", "replace")))


def shorten(text: str, width: int = 400) -> str:
    """``text`` in at most ``width`` characters (at least 5), its middle cut out where it is longer."""
    if len(text) <= width:
        return text
    head = (width - 3 + 1) // 2
    return f"{text[:head]} … {text[len(text) - (width - 3 - head) :]}"


def _clean_record(line: bytes) -> str:
    message = read_record(line)
    if message is None:
        return " ".join(_clean_plain(line))
    return _NEWLINE.join(_clean_plain(message.encode("utf-8", "replace")))


def _clean_plain(block: bytes) -> list[str]:
    block = block.removesuffix(b"\n")  # before anything is removed, for then an emptied last line would look like it
    if _FRAMES in block:
        lines = [line.removesuffix("\r") for line in block.decode("utf-8", "replace").split("\n")]
        block = "\n".join(unframed(lines)).encode()
    if b"\x1b" in block:
        block = _SEQUENCE.sub(b"", block)
    block = block.translate(None, CONTROLS).replace(b"\r\n", b"\n")
    text = block.decode("utf-8", "replace")
    if not text.isascii():
        text = _C1.sub("", text) if b"\xc2" in block else text
        text = reread(text) if _may_be_misread(block) else text
    text = text.removesuffix("\r")
    lines = text.split("\n")
    if "\r" in text or "\b" in text:
        lines = [_show_last(line) if "\r" in line or "\b" in line else line for line in lines]
    return _unmark(text, lines)


def may_be_mended(block: bytes) -> bool:
    """Whether PowerShell may have framed, broken or misread some of it, so that it holds other words than its cleaned lines."""
    return _FRAMES in block or _may_be_misread(block)


def _may_be_misread(block: bytes) -> bool:
    return not block.isascii() and any(first in block for first in _MISREAD)


def _unmark(text: str, lines: list[str]) -> list[str]:
    if "travis_" in text or "section_" in text:
        lines = [_FOLD.sub("", line) if "travis_" in line or "section_" in line else line for line in lines]
    if "\ufeff" in text or _SOME_STAMP.search(text):
        lines = [_without_stamps(line) for line in lines]
    return lines


def _without_stamps(line: str) -> str:
    found = _STAMPS.match(line)
    return line[found.end() :] if found else line


def _show_last(line: str) -> str:
    """What a terminal finally shows of a line that was written over, blank rewrites aside."""
    for part in reversed(line.split("\r")):
        shown = _backspaced(part) if "\b" in part else part
        if shown.strip():
            return shown
    return ""


def _backspaced(text: str) -> str:
    shown: list[str] = []
    for character in text:
        if character != "\b":
            shown.append(character)
        elif shown:
            shown.pop()
    return "".join(shown)
