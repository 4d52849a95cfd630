"""What every match of a regular expression holds word for word: looked for first, because that is far cheaper, and the
measure of how much an expression says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_TOKEN = re.compile(
    r"(?P<group>\((?:\?(?:P?<\w+>|P=\w+|<?[=!]|[aiLmsux-]*:?))?)|(?P<close>\))|(?P<either>\|)"
    r"|(?P<optional>[*?]\??|\{0?(?:,[^}]*)?\}\??)|(?P<times>\{[^}]*\}\??)|(?P<again>\+\??)"
    r"|(?P<some>\[\^?\]?(?:\\.|[^\]\\])*\]|\\(?:x..|u.{4}|U.{8}|[A-Za-z0-9])|[.^$])|\\(?P<escaped>.)|(?P<plain>.)",
    re.DOTALL,
)
"""The parts of an expression, as far as it matters here."""

_UNREAD = re.compile(r"\\[xuUN0-9]|\(\?[aiLmsu]*[-x]")
"""Characters told by their number, and flags under which blanks and ``#`` say nothing."""

_ABSENT = ("(?!", "(?<!")
"""How groups begin that say what does not stand there."""


def required_text(expression: str) -> str:
    """The longest text without white space that every match of ``expression`` (case counting for nothing) holds, in
    lower case; empty when none is sure.

    Only what stands outside every group counts, so that what is optional or one of several is never taken for it.
    """
    if _UNREAD.search(expression):
        return ""
    runs, run, depth = [""], "", 0
    for token in _TOKEN.finditer(expression):
        kind, text = token.lastgroup, token[token.lastgroup or 0]
        if depth or kind in ("group", "close"):
            runs.append(run)
            run, depth = "", depth + (kind == "group") - (kind == "close")
        elif kind == "either":
            return ""
        elif kind in ("optional", "times"):
            runs.append(run[:-1])
            run = ""
        elif kind in ("plain", "escaped") and not text.isspace():
            run += text
        else:
            runs.append(run)
            run = ""
    return max([*runs, run], key=len).lower()


def least_text(expression: str, size: Callable[[str], int]) -> str:
    """What a match of ``expression`` holds at least, parts that vary left out: of alternatives the one that says least by
    ``size``, and nothing of what is optional or must not stand there."""
    opened: list[tuple[str, list[list[str]]]] = [("", [[]])]
    for token in _TOKEN.finditer(expression):
        kind, text = token.lastgroup, token[token.lastgroup or 0]
        said = opened[-1][1][-1]
        if kind == "group":
            opened.append((text, [[]]))
        elif kind == "close" and len(opened) > 1:
            begun, alternatives = opened.pop()
            opened[-1][1][-1].append("" if begun in _ABSENT else _least(alternatives, size))
        elif kind == "either":
            opened[-1][1].append([])
        elif kind == "optional":
            said[-1:] = [""]
        elif kind in ("plain", "escaped"):
            said.append(text)
        elif kind == "some":
            said.append("")
    return _least(opened[0][1], size)


def _least(alternatives: Iterable[Iterable[str]], size: Callable[[str], int]) -> str:
    return min(map("".join, alternatives), key=size)
