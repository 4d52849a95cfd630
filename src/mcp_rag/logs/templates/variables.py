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
    ("num", r"(?<![A-Za-z_<\d])[-+]?\d+(?:\.\d+)*(?![A-Za-z_\d])"),
)
"""Type → pattern, in the order in which they are tried: an earlier one may hold what a later one would take.
``\\d`` is a digit of ASCII."""

_NEEDED = {"uuid": ("-", "-"), "url": ("://", "://"), "ip": (".", "."), "mac": (":", ":"), "path": ("/", "\\")}
"""One of which a text must hold for a type to be tried at all; a search for it costs a tenth of a pattern."""


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace(r"\d]", "0-9]").replace(r"\d", "[0-9]"))


_PASSES = tuple((_compiled(pattern), f"<{name}>", _NEEDED.get(name, ("", ""))) for name, pattern in VARIABLES)
_ANY = _compiled("|".join(f"(?P<{name}>{pattern})" for name, pattern in VARIABLES))
_DIGIT_OR_PATH = re.compile(r"[0-9/\\]|[0-9a-f]{6}")

_TOUCHED = re.compile(r"[^\s\"'(\[=]<[a-z]+>|<[a-z]+>[^\s\"')\],.]")
"""A masked variable with a neighbour that another may begin or end with."""

KINDS = frozenset(f"<{name}>" for name, _ in VARIABLES)


@dataclass(frozen=True, slots=True)
class Variable:
    """A part of a line that varies: its type (``num``, ``path`` …), its text, where it begins (0-based)."""

    kind: str
    text: str
    start: int


def masked(line: str) -> str:
    """``line`` with its variable parts as ``<type>``. Masking twice changes nothing more."""
    # A variable can become visible when its neighbour is masked: ``7/usr/lib/x`` is a number and a path.
    while _DIGIT_OR_PATH.search(line):
        before = line
        for pattern, name, (this, or_that) in _PASSES:
            if this in line or or_that in line:
                line = pattern.sub(name, line)
        if line == before or not _TOUCHED.search(line):
            break
    return line


_SPANNING = _compiled(
    r"(?<=\d[-/]\d\d[-/]\d\d) (?=\d\d:\d\d)|(?<=\d) (?=(?:[KMGT]i?B|B|bytes|ms|us|ns|secs?|seconds)\b)"
)
"""The spaces that a variable may hold: between date and time, between a size and its unit."""

_GLUE = "\x00"
_SAME_DIGITS = bytes.maketrans(b"0123456789", b"7777777777")
_HEX_PREFIX = "7x"


def same_digits(text: str) -> str:
    """``text`` with every decimal digit of ASCII made the same."""
    # A str translates character by character; bytes do it at once, and no byte of a longer UTF-8 sequence is a digit.
    return text.encode("utf-8", "surrogatepass").translate(_SAME_DIGITS).decode("utf-8", "surrogatepass")


class Masker:
    """``masked``, remembered: the same answer some ten times faster, because words come again and lines do not.

    No pattern tells one digit from another, but for ``0x``, and none reaches over a space that is not of ``_SPANNING``:
    so each word is masked by itself, with all its digits made the same, and remembered. A word that keeps digits, or
    that has the prefix ``0x``, is remembered as it is. At most ``remembered`` words are, then all are forgotten.
    """

    def __init__(self, remembered: int = 500_000) -> None:
        self._remembered = remembered
        self._alike: dict[str, str | None] = {}
        self._exact: dict[str, str] = {}

    def mask(self, line: str) -> str:
        """What ``masked`` gives for ``line``."""
        return self.mask_alike(line, same_digits(line))[0]

    def mask_alike(self, line: str, alike: str) -> tuple[str, bool]:
        """What ``masked`` gives for ``line``, whose ``same_digits`` is ``alike``; and whether it gives the same for every
        line of that likeness."""
        if _GLUE in line:
            return masked(line), False
        if "7" in alike and _SPANNING.search(alike):
            line, alike = _SPANNING.sub(_GLUE, line), _SPANNING.sub(_GLUE, alike)
        words = alike.split(" ")
        known = self._alike
        parts = [known[word] if word in known else self._of_alike(word) for word in words]
        if None in parts:
            exact = line.split(" ")
            return " ".join([self._of_exact(exact[n]) if p is None else p for n, p in enumerate(parts)]), False
        return " ".join(parts), True  # type: ignore[arg-type]

    def _of_alike(self, word: str) -> str | None:
        if len(self._alike) >= self._remembered:
            self._alike.clear()
        said = masked(word.replace(_GLUE, " ")) if "7" in word or _DIGIT_OR_PATH.search(word) else word
        known = self._alike[word] = None if "7" in said or _HEX_PREFIX in word else said
        return known

    def _of_exact(self, word: str) -> str:
        if word not in self._exact:
            if len(self._exact) >= self._remembered:
                self._exact.clear()
            self._exact[word] = masked(word.replace(_GLUE, " "))
        return self._exact[word]


def variables_of(line: str) -> list[Variable]:
    """The variable parts of ``line`` in order, each with its type."""
    return [Variable(m.lastgroup or "", m.group(), m.start()) for m in _ANY.finditer(line)]
