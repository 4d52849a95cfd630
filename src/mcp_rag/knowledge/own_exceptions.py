"""What a project's own exception says is its own: words that a famous failure uses too prove nothing there."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator, Sequence

from mcp_rag.records import Excerpt

_FRAME = re.compile(r'^\s*File "(?P<path>[^"]+)", line \d+')
_RAISE = re.compile(r"\braise (?:\w+\.)*(?P<name>[A-Z]\w+)\(")
_RAISED = re.compile(r"^(?:E\s+)?(?:\w+\.)*(?P<name>[A-Z]\w+)(?::\s|$)")
_FOREIGN = re.compile(r"[/\\](?:site|dist)-packages[/\\]|[/\\]lib[/\\]python\d|<frozen |<string>")
_BUILTIN = frozenset(name for name in dir(builtins) if name[0].isupper())


def without_own_exceptions(lines: Sequence[Excerpt]) -> Sequence[Excerpt]:
    """``lines`` of a Python traceback without those of exceptions that the project's own code defines and raises.

    What such an exception was raised *from* stays: its cause stands above it with its own name.
    """
    own = frozenset(_raised_in_own_code(lines))
    if not own:
        return lines
    return [line for line in lines if not (_names(_RAISED, line.text) | _names(_RAISE, line.text)) & own]


def _names(form: re.Pattern[str], text: str) -> set[str]:
    return {found["name"] for found in form.finditer(text)}


def _raised_in_own_code(lines: Sequence[Excerpt]) -> Iterator[str]:
    """The exceptions, no built-in ones, that a frame outside of Python and its packages raises."""
    path = ""
    for line in lines:
        if frame := _FRAME.match(line.text):
            path = frame["path"]
        elif path and not _FOREIGN.search(path):
            yield from _names(_RAISE, line.text) - _BUILTIN
