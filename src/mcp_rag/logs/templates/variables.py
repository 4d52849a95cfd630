"""The parts of a line that vary, by type."""

from __future__ import annotations

import re
from dataclasses import dataclass

VARIABLES: tuple[tuple[str, str], ...] = (
    ("uuid", r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"),
    ("url", r"\b[a-z][a-z0-9+]{1,9}://[^\s,;'\")\]]+"),
    ("ip", r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b"),
    ("mac", r"\b(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}\b"),
    (
        "time",
        r"\b\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?"
        r"|\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\b",
    ),
    ("path", r"(?<![\w/<])(?:[A-Za-z]:)?(?:[/\\][\w.@~+$%*=,:#-]+){2,}[/\\]?"),
    (
        "hex",
        r"\b0x[0-9a-fA-F]+\b|\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{6,}\b|\b(?=[A-F]*\d)(?=\d*[A-F])[0-9A-F]{6,}\b",
    ),
    ("size", r"(?<![\w.])\d+(?:\.\d+)?\s?(?:[KMGT]i?B|B|bytes|ms|us|ns|secs?|seconds)\b"),
    ("num", r"(?<![A-Za-z_<])[-+]?\d+(?:\.\d+)*(?![A-Za-z_])"),
)
"""Type → pattern, in the order in which they are tried: an earlier one may hold what a later one would take."""

_PASSES = tuple((re.compile(pattern), f"<{name}>") for name, pattern in VARIABLES)
_ANY = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in VARIABLES))
_DIGIT_OR_PATH = re.compile(r"[0-9/\\]|[0-9a-f]{6}")

KINDS = frozenset(f"<{name}>" for name, _ in VARIABLES)


@dataclass(frozen=True, slots=True)
class Variable:
    """A part of a line that varies: its type (``num``, ``path`` …), its text, where it begins (0-based)."""

    kind: str
    text: str
    start: int


def masked(line: str) -> str:
    """``line`` with its variable parts as ``<type>``. Masking twice changes nothing more."""
    if not _DIGIT_OR_PATH.search(line):
        return line
    for pattern, name in _PASSES:
        line = pattern.sub(name, line)
    return line


def variables_of(line: str) -> list[Variable]:
    """The variable parts of ``line`` in order, each with its type."""
    return [Variable(m.lastgroup or "", m.group(), m.start()) for m in _ANY.finditer(line)]
