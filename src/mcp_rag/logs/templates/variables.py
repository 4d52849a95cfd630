"""The parts of a line that vary, by type; ``logs/masking.py`` tells why it has another table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

VARIABLES: tuple[tuple[str, str], ...] = (
    ("uuid", r"\b[\da-fA-F]{8}-(?:[\da-fA-F]{4}-){3}[\da-fA-F]{12}\b"),
    ("url", r"\b[a-z][a-z\d+]{1,9}://[^\s,;'\")\]]+"),
    ("ip", r"\d(?<![\w.]\d)\d{0,2}\.(?:\d{1,3}\.){2}\d{1,3}(?::\d+)?\b"),
    ("mac", r"\b(?:[\da-fA-F]{2}:){5}[\da-fA-F]{2}\b"),
    (
        "time",
        r"\d(?<=\b\d)(?:\d{3}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?"
        r"|\d?:\d\d:\d\d(?:[.,]\d+)?\b)",
    ),
    ("path", r"(?<![\w/<])(?:[A-Za-z]:)?(?:[/\\][\w.@~+$%*=,:#-]+){2,}[/\\]?"),
    (
        "hex",
        r"[\da-fA-F](?<!\w[\da-fA-F])(?:(?<=0)x[\da-fA-F]+\b"
        r"|(?=[\da-f]{5,}\b)(?:(?<=\d)\d*[a-f]|(?<=[a-f])[a-f]*\d)[\da-f]*"
        r"|(?=[\dA-F]{5,}\b)(?:(?<=\d)\d*[A-F]|(?<=[A-F])[A-F]*\d)[\dA-F]*)",
    ),
    ("size", r"\d(?<![\w.]\d)\d*(?:\.\d+)?\s?(?:[KMGT]i?B|B|bytes|ms|us|ns|secs?|seconds)\b"),
    ("num", r"[-+\d](?<![A-Za-z_<\d][-+\d])(?:(?<=\d)|(?=\d))\d*(?:\.\d+)*(?![A-Za-z_\d])"),
)
"""Type → pattern, in the order in which they are tried: an earlier one may hold what a later one would take.
``\\d`` is a digit of ASCII. Where a variable begins with one, the pattern does, and looks behind it only then: what begins
with a set of characters is searched several times as fast as what begins with a look behind."""

_NEEDED = {"uuid": ("-", "-"), "url": ("://", "://"), "ip": (".", "."), "mac": (":", ":"), "path": ("/", "\\")}
"""One of which a text must hold for a type to be tried at all; a search for it costs a tenth of a pattern."""


def _compiled(pattern: str, digits: str = "0-9") -> re.Pattern[str]:
    """A pattern whose ``\\d`` is one of ``digits``."""
    in_class = re.sub(r"\[[^]]*]", lambda found: found[0].replace(r"\d", digits), pattern)
    return re.compile(in_class.replace(r"\d", f"[{digits}]"))


def _passes(digits: str) -> list[tuple[re.Pattern[str], str]]:
    return [(_compiled(pattern, digits), f"<{name}>") for name, pattern in VARIABLES]


_PASSES = _passes("0-9")
_NEEDS = [_NEEDED.get(name, ("", "")) for name, _ in VARIABLES]
_ANY = _compiled("|".join(f"(?P<{name}>{pattern})" for name, pattern in VARIABLES))
_DIGIT = _compiled(r"\d")

_TOUCHED = re.compile(r"<(?:(?<=[^\s\"'(\[=]<)[a-z]+>|[a-z]+>[^\s\"')\],.])")
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
    while _may_vary(line):
        before = line
        for (pattern, name), (this, or_that) in zip(_PASSES, _NEEDS, strict=True):
            if this in line or or_that in line:
                line = pattern.sub(name, line)
        if line == before or not _TOUCHED.search(line):
            break
    return line


def _may_vary(text: str, digit: re.Pattern[str] = _DIGIT) -> bool:
    """Whether a text has what any of ``VARIABLES`` needs: a digit, a slash, or the marks of a UUID or MAC of letters."""
    return "/" in text or "\\" in text or bool(digit.search(text)) or _many("-", 4, text) or _many(":", 5, text)


def _many(mark: str, times: int, text: str) -> bool:
    return mark in text and text.count(mark) >= times  # counting takes ten times as long as finding


_BETWEEN = "\x01"
_APART = f'"{_BETWEEN}"'
"""Stands between words that are masked together: no variable may hold a quotation mark or begins or ends other at it."""


def masked_all(texts: Sequence[str]) -> list[str]:
    """``masked`` for each of many short texts, several times as fast."""
    if any(_BETWEEN in text for text in texts):
        return [masked(text) for text in texts]
    return _masked_all(texts, _DIGIT, _PASSES)


def _masked_all(
    texts: Sequence[str], digit: re.Pattern[str], passes: Sequence[tuple[re.Pattern[str], str]]
) -> list[str]:
    said = list(texts)
    varied = [n for n, text in enumerate(said) if _may_vary(text, digit)]
    while varied:
        before = [said[n] for n in varied]
        with_digits = [n for n, text in zip(varied, before, strict=True) if digit.search(text)]
        for one, (needs_digit, may_hold) in zip(passes, _MAY_HOLD, strict=False):
            among = with_digits if needs_digit else varied
            _pass(said, [n for n in among if may_hold(said[n])], [one])
        _pass(said, [n for n in with_digits if digit.search(said[n])], passes[len(_MAY_HOLD) :])
        varied = [
            n
            for n, text in zip(varied, before, strict=True)
            if said[n] != text and _TOUCHED.search(said[n]) and _may_vary(said[n], digit)
        ]
    return said


_MAY_HOLD: tuple[tuple[bool, Callable[[str], bool]], ...] = (
    (False, lambda text: _many("-", 4, text)),
    (False, lambda text: "://" in text),
    (True, lambda text: _many(".", 3, text)),
    (False, lambda text: _many(":", 5, text)),
    (
        True,
        lambda text: _many(":", 2, text) or _many("-", 2, text) or _many("/", 2, text) or ("-" in text and "/" in text),
    ),
    (False, lambda text: "/" in text or "\\" in text),
)
"""Whether a text is worth a try of the first types of ``VARIABLES``: a digit it needs, and more; the others need a digit."""


def _pass(said: list[str], chosen: Sequence[int], passes: Iterable[tuple[re.Pattern[str], str]]) -> None:
    """Put names in place of what patterns find in the chosen texts, all at once."""
    joined = _APART.join([said[n] for n in chosen])
    for pattern, name in passes:
        joined = pattern.sub(name, joined)
    for n, text in zip(chosen, joined.split(_APART), strict=False):
        said[n] = text


class Kept(str):
    """What a word is masked to whose digits partly stay, with marks in their place: no pattern tells one digit from another,
    so those that stay in one word of a likeness stay in all of them."""

    __slots__ = ()

    def of(self, word: str) -> str:
        """What ``word``, of this likeness, is masked to."""
        return self.translate(dict(zip(_MARK_NUMBERS, _DIGIT.findall(word), strict=False)))


_MARKS = "0123456789" + "".join(map(chr, (*range(0xC0, 0xD7), *range(0xD8, 0xF7), *range(0xF8, 0x100))))
"""What digits are told apart by: letters that no pattern names, and that are to ``\\w`` what a digit is."""

_MARK = re.compile(f"[{_MARKS}]")
_MARK_NUMBERS = [*map(ord, _MARKS)]
_MARKED_PASSES = _passes(_MARKS.replace("0123456789", "0-9"))


def masked_alike(alikes: Sequence[str]) -> list[str | None]:
    """What words are masked to, each given with its digits made the same: a text, where that is the same for all words of
    this likeness; else a ``Kept``, which tells it from a word; None where only masking the word itself tells it."""
    said: list[str | None] = [None if _may_vary(alike) else alike for alike in alikes]
    asked = [n for n, alike in enumerate(alikes) if said[n] is None and _can_be_marked(alike)]
    for n, text in zip(asked, _masked_all([_marked(alikes[n]) for n in asked], _MARK, _MARKED_PASSES), strict=True):
        said[n] = Kept(text) if _MARK.search(text) else text
    return said


def _can_be_marked(alike: str) -> bool:
    return (
        _HEX_PREFIX not in alike
        and _BETWEEN not in alike
        and alike.count("7") <= len(_MARKS)
        and (alike.isascii() or not _MARK.search(alike.replace("7", "")))
    )


def _marked(alike: str) -> str:
    """Its digits told apart."""
    pieces = alike.split("7")
    marked = [""] * (2 * len(pieces) - 1)
    marked[::2], marked[1::2] = pieces, _MARKS[: len(pieces) - 1]
    return "".join(marked)


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

    def _remember(self, word: str, said: str | None) -> str | None:
        if said is None or isinstance(said, Kept):
            self._alike[word], self._kept[word] = None, said
            return None
        self._alike[word] = said
        return said

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
