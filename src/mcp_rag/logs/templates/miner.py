"""Lines → templates in one pass, after Drain (He et al., ICWS 2017) with one rule of its own.

Drain merges lines of one length whose tokens are similar enough, and so takes *started* and *stopped* for values.
Here a plain word never varies: two lines share a template only when they differ in tokens that can be values
(identifiers with dots or digits, the value of ``key=value``, quoted names). That rule, not a threshold set for each
system, does the work: any similarity from 0.5 to 0.7 groups about as well.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from mcp_rag.logs.templates.variables import masked

WILD = "<*>"

SIMILARITY = 0.65
"""Share of equal constant tokens from which lines share a template; flat between 0.5 and 0.7, see above."""

LEADING_TOKENS = 2
"""Among the first tokens an identifier is a label (``getTasks:``), not a value. Chosen by eye."""

REMEMBERED_SHAPES = 200_000
"""Masked lines whose template is looked up without comparing; forgotten together when full. Some 60 MB."""

_WORD = re.compile(r"^[\"'(\[{<]*[A-Za-z][a-z]*(?:[-'/][A-Za-z][a-z]*)*[\"')\]}>.,:;!?]*$|^[A-Z]+[.,:;!?]?$")
_LABEL = re.compile(r"^[\[(]*[A-Za-z_]+(?:\(\))?[:,;\])]*$")
_KEY = re.compile(r"^([\"'({\[]*[A-Za-z_][\w.-]*[\"']?[=:])(.+)$")
_TYPES = re.compile(r"<[a-z]+>")


class Token(NamedTuple):
    """One token: the constant ``key`` of a ``key=value``, its value (``WILD`` when it varies), and how it is shown."""

    key: str
    value: str
    shown: str


@dataclass(slots=True)
class Template:
    """A shape of lines: how often it was seen, and in which lines (1-based) when the miner keeps them."""

    tokens: tuple[Token, ...]
    count: int = 0

    @property
    def text(self) -> str:
        """The template with its variable parts as ``<type>``, or ``<*>`` where types differ."""
        return " ".join(token.key + token.shown for token in self.tokens)

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits of the text's SHA-256: the same in every run and file that ends in this shape."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]


class TemplateMiner:
    """Mines templates line by line; the same lines in the same order give the same templates.

    Memory grows with the number of templates, of which at most ``max_templates`` are kept; lines of further shapes
    all count as one template ``<*>``.
    """

    def __init__(self, similarity: float = SIMILARITY, max_templates: int = 100_000) -> None:
        self.similarity = similarity
        self.max_templates = max_templates
        self.templates: list[Template] = []
        self._groups: dict[tuple[str, ...], list[Template]] = {}
        self._shapes: dict[str, Template] = {}
        self._tokens: dict[str, Token] = {}
        self._fixed: dict[tuple[str, bool], bool] = {}
        self._overflow: Template | None = None

    def add(self, line: str) -> Template:
        """Count ``line`` under its template, which is made or widened when it must be."""
        template = self.match(line) or self._grow(masked(line))
        template.count += 1
        return template

    def add_all(self, lines: Iterable[str]) -> Iterator[Template]:
        """``add`` for each line, lazily."""
        return map(self.add, lines)

    def match(self, line: str) -> Template | None:
        """The template of a line whose shape was seen before, changing nothing; None when it is new."""
        return self._shapes.get(masked(line))

    def restore(self, templates: Iterable[Template]) -> None:
        """Take templates that were saved, before the first line."""
        for template in templates:
            self.templates.append(template)
            self._groups.setdefault(_group(template.tokens), []).append(template)

    def _grow(self, shape: str) -> Template:
        tokens = tuple(self._token(text) for text in shape.split())
        group = self._groups.setdefault(_group(tokens), [])
        template = self._nearest(group, tokens)
        if template is not None:
            template.tokens = tuple(map(_widened, template.tokens, tokens))
        elif len(self.templates) >= self.max_templates:
            return self._overflowed()
        else:
            template = Template(tokens)
            group.append(template)
            self.templates.append(template)
        if len(self._shapes) >= REMEMBERED_SHAPES:
            self._shapes.clear()
        self._shapes[shape] = template
        return template

    def _overflowed(self) -> Template:
        if self._overflow is None:
            self._overflow = Template((Token("", WILD, WILD),))
            self.templates.append(self._overflow)
        return self._overflow

    def _nearest(self, group: list[Template], tokens: tuple[Token, ...]) -> Template | None:
        """The most similar template that ``tokens`` may share, the eldest of equals."""
        best, best_similarity = None, self.similarity
        for template in group:
            similarity = self._similarity(template.tokens, tokens)
            if similarity > best_similarity or (best is None and similarity == best_similarity):
                best, best_similarity = template, similarity
        return best

    def _similarity(self, ours: tuple[Token, ...], theirs: tuple[Token, ...]) -> float:
        """Share of equal tokens among the constant ones; -1 when a token that cannot vary differs."""
        same = constant = 0
        for place, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            if a.key:
                same += 1
                constant += 1
            elif a.value == WILD:
                if b.value != WILD and self._is_fixed(b.value, place):
                    return -1.0
            else:
                constant += 1
                if a.value == b.value:
                    same += 1
                elif self._is_fixed(a.value, place) or (b.value != WILD and self._is_fixed(b.value, place)):
                    return -1.0
        return same / constant if constant else 1.0

    def _is_fixed(self, value: str, place: int) -> bool:
        """Whether a token is a plain word, or a label at the front: neither ever varies."""
        asked = (value, place < LEADING_TOKENS)
        known = self._fixed.get(asked)
        if known is None:
            known = bool(_WORD.match(value) or (asked[1] and _LABEL.match(value)))
            self._fixed[asked] = known
        return known

    def _token(self, text: str) -> Token:
        token = self._tokens.get(text)
        if token is None:
            if len(self._tokens) >= REMEMBERED_SHAPES:
                self._tokens.clear()
            token = self._tokens[text] = _token(text)
        return token


def _token(text: str) -> Token:
    found = _KEY.match(text) if "//" not in text else None
    key, value = found.groups() if found else ("", text)
    rest = _TYPES.sub("", value)
    if any(c.isdigit() for c in rest):
        return Token(key, WILD, WILD)
    if rest != value and not any(c.isalpha() for c in rest):
        return Token(key, WILD, value)
    return Token(key, value, value)


def _group(tokens: tuple[Token, ...]) -> tuple[str, ...]:
    """Only lines of one length with the same keys at the same places are compared."""
    return tuple(token.key for token in tokens)


def _widened(ours: Token, theirs: Token) -> Token:
    if ours == theirs:
        return ours
    return Token(ours.key, WILD, ours.shown if ours.shown == theirs.shown else WILD)
