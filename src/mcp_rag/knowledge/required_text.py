"""What every match of a regular expression holds word for word: looked for first, because that is far cheaper."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"(?P<group>\()|(?P<close>\))|(?P<either>\|)|(?P<optional>[*?]\??|\{[^}]*\}\??)|(?P<again>\+\??)"
    r"|(?P<some>\[\^?\]?(?:\\.|[^\]\\])*\]|\\[A-Za-z0-9]|[.^$])|\\(?P<escaped>.)|(?P<plain>.)",
    re.DOTALL,
)
"""The parts of an expression, as far as it matters here."""

_UNREAD = re.compile(r"\\[xuUN0-9]|\(\?[aiLmsu]*[-x]")
"""Characters told by their number, and flags under which blanks and ``#`` say nothing."""


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
        elif kind == "optional":
            runs.append(run[:-1])
            run = ""
        elif kind in ("plain", "escaped") and not text.isspace():
            run += text
        else:
            runs.append(run)
            run = ""
    return max([*runs, run], key=len).lower()
