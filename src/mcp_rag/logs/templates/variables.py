"""The parts of a line that vary, by type; ``logs/masking.py`` tells why it has another table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat

VARIABLES: tuple[tuple[str, str], ...] = (
    ("uuid", r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"),
    ("url", r"\b[a-z][a-z0-9+]{1,9}://[^\s,;'\")\]]+"),
    ("ip", r"\d(?<![\w.]\d)\d{0,2}\.(?:\d{1,3}\.){2}\d{1,3}(?::\d+)?\b"),
    ("mac", r"\b(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}\b"),
    (
        "time",
        r"\d(?<=\b\d)(?:\d{3}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?"
        r"|\d?:\d\d:\d\d(?:[.,]\d+)?\b)",
    ),
    ("path", r"(?<![\w/<])(?:[A-Za-z]:)?(?:[/\\][\w.@~+$%*=,:#-]+){2,}[/\\]?"),
    (
        "hex",
        r"\b(?:0x[0-9a-fA-F]+|(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{6,}|(?=[A-F]*\d)(?=\d*[A-F])[0-9A-F]{6,})\b",
    ),
    ("size", r"\d(?<![\w.]\d)\d*(?:\.\d+)?\s?(?:[KMGT]i?B|B|bytes|ms|us|ns|secs?|seconds)\b"),
    ("num", r"[-+\d](?<![A-Za-z_<\d][-+\d])(?:(?<=\d)|(?=\d))\d*(?:\.\d+)*(?![A-Za-z_\d])"),
)
"""Type → pattern, in the order in which they are tried: an earlier one may hold what a later one would take.
``\\d`` is a digit of ASCII. Where a variable begins with one, the pattern does, and looks behind it only then: what begins
with a set of characters is searched several times as fast as what begins with a look behind."""

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


_APART = '"\x01"'
"""Stands between words that are masked together: no variable may hold a quotation mark or begins or ends other at it."""


def masked_all(texts: Sequence[str]) -> list[str]:
    """``masked`` for each of many short texts, several times as fast."""
    said = list(texts)
    varied = [n for n, text in enumerate(said) if _DIGIT_OR_PATH.search(text)]
    while varied:
        before = [said[n] for n in varied]
        if any("\x01" in text for text in before):
            return [masked(text) for text in texts]
        for (pattern, name, _), may_hold in zip(_PASSES, _MAY_HOLD, strict=False):
            _pass(said, [n for n in varied if may_hold(said[n])], ((pattern, name),))
        _pass(said, varied, [(pattern, name) for pattern, name, _ in _PASSES[len(_MAY_HOLD) :]])
        varied = [
            n
            for n, text in zip(varied, before, strict=True)
            if said[n] != text and "<" in said[n] and _TOUCHED.search(said[n]) and _DIGIT_OR_PATH.search(said[n])
        ]
    return said


_MAY_HOLD: tuple[Callable[[str], bool], ...] = (
    lambda text: text.count("-") >= 4,
    lambda text: "://" in text,
    lambda text: text.count(".") >= 3,
    lambda text: text.count(":") >= 5,
    lambda text: text.count(":") >= 2 or text.count("-") + text.count("/") >= 2,
    lambda text: text.count("/") + text.count("\\") >= 2,
)
"""Whether a text is worth a try of the first types of ``VARIABLES``."""


def _pass(said: list[str], chosen: Sequence[int], passes: Iterable[tuple[re.Pattern[str], str]]) -> None:
    """Put names in place of what patterns find in the chosen texts, all at once."""
    joined = _APART.join([said[n] for n in chosen])
    for pattern, name in passes:
        joined = pattern.sub(name, joined)
    for n, text in zip(chosen, joined.split(_APART), strict=False):
        said[n] = text


class Kept:
    """What a word is masked to whose digits partly stay: no pattern tells one digit from another, so those that stay in
    one word of a likeness stay in all of them, at the same places."""

    __slots__ = ("_pieces", "_places")

    def __init__(self, pieces: list[str], places: list[int]) -> None:
        self._pieces, self._places = pieces, places

    def of(self, word: str) -> str:
        """What ``word``, of this likeness, is masked to."""
        said = self._pieces[0]
        for place, piece in zip(self._places, self._pieces[1:], strict=True):
            said += word[place] + piece
        return said


_TENS, _UNITS = ("".join(str(n // 10) for n in range(100)), "0123456789" * 10)
_DIGIT = _compiled(r"\d")


def masked_alike(alikes: Sequence[str]) -> list[str | Kept | None]:
    """What words are masked to, each given with its digits made the same: a text, where that is the same for all words of
    this likeness; else what tells it from a word; None where only masking the word itself tells it.

    Digits are told apart by numbering them: with their units first, and with their tens where more than ten of them
    stay or may have stayed.
    """
    # A word of letters alone varies by none of the patterns.
    said: list[str | Kept | None] = [alike if alike.isalpha() else None for alike in alikes]
    asked = [n for n, alike in enumerate(alikes) if said[n] is None and _HEX_PREFIX not in alike]
    units = masked_all([_numbered(alikes[n], _UNITS) for n in asked])
    open_units: dict[int, str] = {}
    for n, text in zip(asked, units, strict=True):
        if not _DIGIT.search(text):
            said[n] = text
        elif (digits := alikes[n].count("7")) <= 10:
            said[n] = _kept(alikes[n], _TENS, text)
        elif digits <= len(_UNITS):
            open_units[n] = text
    tens = masked_all([_numbered(alikes[n], _TENS) for n in open_units])
    for (n, text), of_tens in zip(open_units.items(), tens, strict=True):
        said[n] = _kept(alikes[n], of_tens, text)
    return said


def _numbered(alike: str, digits: str) -> str:
    if "7" not in alike:
        return alike
    first, *pieces = alike.split("7")
    if len(pieces) > len(digits):
        return alike
    return first + "".join([digit + piece for digit, piece in zip(digits, pieces, strict=False)])


def _kept(alike: str, tens: str, units: str) -> Kept:
    places = [found.start() for found in _DIGIT.finditer(alike)]
    of_tens = _DIGIT.findall(tens) if tens is not _TENS else repeat("0")
    return Kept(_DIGIT.split(units), [places[int(t + u)] for t, u in zip(of_tens, _DIGIT.findall(units), strict=False)])


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
        self._kept: dict[str, Kept | None] = {}
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
            return " ".join(
                [self._of_exact(exact[n], words[n]) if p is None else p for n, p in enumerate(parts)]
            ), False
        # All are texts: a look for None costs less than a type check of each, and mypy can't follow it.
        return " ".join(parts), True  # type: ignore[arg-type]

    def learn(self, alike: Sequence[str]) -> None:
        """Mask the new words of many lines together, each line as its ``same_digits``."""
        joined = "\n".join(alike)
        if _GLUE in joined:
            return
        words = [w for w in set(_SPANNING.sub(_GLUE, joined).replace("\n", " ").split(" ")) if w not in self._alike]
        if len(self._alike) + len(words) > self._remembered:
            return
        said = masked_alike([word.replace(_GLUE, " ") for word in words])
        for word, known in zip(words, said, strict=True):
            self._remember(word, known)

    def _of_alike(self, word: str) -> str | None:
        # A new table, not an empty one: another thread may be reading it.
        if len(self._alike) >= self._remembered:
            self._alike, self._kept = {}, {}
        return self._remember(word, masked_alike([word.replace(_GLUE, " ")])[0])

    def _remember(self, word: str, said: str | Kept | None) -> str | None:
        if isinstance(said, str):
            self._alike[word] = said
            return said
        self._alike[word], self._kept[word] = None, said
        return None

    def _of_exact(self, word: str, alike: str) -> str:
        known = self._exact.get(word)
        if known is None:
            if len(self._exact) >= self._remembered:
                self._exact = {}
            kept, text = self._kept.get(alike), word.replace(_GLUE, " ")
            known = self._exact[word] = kept.of(text) if kept else masked(text)
        return known


MASKER = Masker()
"""What words are masked to, for all of a process: it does not depend on who asks."""


def variables_of(line: str) -> list[Variable]:
    """The variable parts of ``line`` in order, each with its type."""
    return [Variable(m.lastgroup or "", m.group(), m.start()) for m in _ANY.finditer(line)]
