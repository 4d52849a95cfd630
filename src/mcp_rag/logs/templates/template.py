"""What a miner gives: a template of lines, and the tokens it consists of."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from mcp_rag.logs.templates.variables import KINDS, Variable

WILD = "<*>"


class Token(NamedTuple):
    """One token: the constant ``key`` of a ``key=value``, its value (``WILD`` when it varies), and how it is shown."""

    key: str
    value: str
    shown: str


class Template:
    """A shape of lines, and how often it was seen."""

    __slots__ = ("_count", "_tokens", "_whole")

    def __init__(self, tokens: tuple[Token, ...], count: int = 0) -> None:
        self._tokens, self._count = tokens, count
        self._whole: Template | None = None

    @property
    def whole(self) -> Template:
        """What this has become part of, by the last look at the miner's ``templates``; itself, when it stands alone."""
        return self._whole or self

    @property
    def tokens(self) -> tuple[Token, ...]:
        """Of the whole."""
        return self._whole.tokens if self._whole else self.own_tokens

    @property
    def count(self) -> int:
        """Lines seen in the shape of the whole, so far."""
        return self._whole.count if self._whole else self.own_count

    @property
    def own_tokens(self) -> tuple[Token, ...]:
        """As they were mined."""
        return self._tokens

    @property
    def own_count(self) -> int:
        """Lines that were counted here."""
        return self._count

    def unite(self, whole: Template | None) -> None:
        """Make this part of ``whole``, or of nothing."""
        self._whole = whole

    @property
    def text(self) -> str:
        """The template with its variable parts as ``<type>``, or ``<*>`` where types differ."""
        return " ".join(token.key + token.shown for token in self.tokens)

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits of the text's SHA-256: the same in every run and file that ends in this shape."""
        return hashlib.sha256(self.text.encode("utf-8", "replace")).hexdigest()[:12]

    def parameters(self, line: str) -> list[Variable] | None:
        """What stands in ``line`` where the template varies, in order; ``kind`` is ``*`` where types differ.

        None when the line is none of this template.
        """
        found = _pattern(self.text).fullmatch(line.strip())
        if found is None:
            return None
        shift = len(line) - len(line.lstrip())
        kinds = re.findall(_VARIES, self.text)
        return [Variable(kind, found[n], found.start(n) + shift) for n, kind in enumerate(kinds, 1)]

    def __repr__(self) -> str:
        return f"Template({self.text!r}, count={self.count})"


class Whole(Template):
    """Templates that are one: its tokens vary where theirs differ, and its lines are theirs."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Sequence[Template]) -> None:
        super().__init__(())
        self._parts = parts
        for part in parts:
            part.unite(self)

    @property
    def own_tokens(self) -> tuple[Token, ...]:
        if not self._tokens:  # not before somebody asks: most are only counted
            first, *others = (part.own_tokens for part in self._parts)
            for tokens in others:
                first = tuple(map(widened, first, tokens))
            self._tokens = first
        return self._tokens

    @property
    def own_count(self) -> int:
        return sum(part.own_count for part in self._parts)


def widened(ours: Token, theirs: Token) -> Token:
    """A token that is both."""
    if ours == theirs:
        return ours
    return Token(ours.key, WILD, ours.shown if ours.shown == theirs.shown else WILD)


_VARIES = "<(\\*|" + "|".join(sorted(kind.strip("<>") for kind in KINDS)) + ")>"


@lru_cache(4096)
def _pattern(text: str) -> re.Pattern[str]:
    words = []
    for word in text.split(" "):
        pieces = re.split(_VARIES, word)
        words.append("".join("(.+?)" if n % 2 else re.escape(piece) for n, piece in enumerate(pieces)))
    return re.compile(r"\s+".join(words), re.DOTALL)
