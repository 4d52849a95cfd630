"""Lines → templates in one pass, after Drain (He et al., ICWS 2017) with one rule of its own.

Drain merges lines of one length whose tokens are similar enough, and so takes *started* and *stopped* for values.
Here a plain word never varies: two lines share a template only when they differ in tokens that can be values
(identifiers with dots or digits, the value of ``key=value``, quoted names). That rule, not a threshold set for each
system, does the work: any similarity from 0.5 to 0.7 groups about as well.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from mcp_rag.logs.templates.variables import Masker, same_digits

WILD = "<*>"

SIMILARITY = 0.65
"""Share of equal constant tokens from which lines share a template; flat between 0.5 and 0.7, see above."""

LINES_AT_ONCE = 4096
"""Lines of a batch; more are no faster. Measured with ``benchmarks/templates.py``."""

LEADING_TOKENS = 2
"""Among the first tokens an identifier is a label (``getTasks:``), not a value. Chosen by eye."""

REMEMBERED_SHAPES = 200_000
"""Masked lines whose template is looked up without comparing; forgotten together when full. Some 60 MB."""

_WORD = re.compile(r"^[\"'(\[{<]*[A-Za-z][a-z]*(?:[-'/][A-Za-z][a-z]*)*[\"')\]}>.,:;!?]*$|^[A-Z]+[.,:;!?]?$")
_LABEL = re.compile(r"^[\[(]*[A-Za-z_]+(?:\(\))?[:,;\])]*$")
_KEY = re.compile(r"^([\"'({\[]*[A-Za-z_][\w.-]*[\"']?[=:])(.+)$")
_DIGIT = re.compile(r"[0-9]")
_TYPES = re.compile(r"<[a-z]+>")


class Token(NamedTuple):
    """One token: the constant ``key`` of a ``key=value``, its value (``WILD`` when it varies), and how it is shown."""

    key: str
    value: str
    shown: str


_Known = tuple[Token, str, str]
"""A token, and what stands for it in a group's key: among the first tokens, and further behind."""


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
        self._masker = Masker()
        self._groups: dict[tuple[str, ...], list[Template]] = {}
        self._shapes: dict[str, Template] = {}
        self._alike: dict[str, Template] = {}
        self._tokens: dict[str, _Known] = {}
        self._overflow: Template | None = None

    def add(self, line: str) -> Template:
        """Count ``line`` under its template, which is made or widened when it must be."""
        return self._add(line, same_digits(line))

    def add_all(self, lines: Iterable[str]) -> Iterator[Template]:
        """``add`` for each line, lazily, a batch at a time: some two times as fast."""
        coming = iter(lines)
        while batch := list(islice(coming, LINES_AT_ONCE)):
            alike = same_digits("\n".join(batch)).split("\n")
            if len(alike) != len(batch):
                # A line with a line feed in it cannot be told from two.
                alike = [same_digits(line) for line in batch]
            yield from self._add_batch(batch, alike)

    def _add_batch(self, lines: Sequence[str], alike: Sequence[str]) -> Iterator[Template]:
        known = self._alike
        for line, like in zip(lines, alike, strict=True):
            template = known.get(like)
            if template is None:
                template = self._add(line, like)
            else:
                template.count += 1
            yield template

    def _add(self, line: str, alike: str) -> Template:
        shape, of_all = self._masker.mask_alike(line, alike)
        template = self._shapes.get(shape)
        if template is None:
            template = self._grow(shape)
        if of_all:
            if len(self._alike) >= REMEMBERED_SHAPES:
                self._alike.clear()
            self._alike[alike] = template
        template.count += 1
        return template

    def match(self, line: str) -> Template | None:
        """The template of a line whose shape was seen before, changing nothing; None when it is new."""
        return self._shapes.get(self._masker.mask(line))

    def restore(self, templates: Iterable[Template]) -> None:
        """Take templates that were saved, before the first line."""
        for template in templates:
            self.templates.append(template)
            self._groups.setdefault(_group([_in_groups(token) for token in template.tokens]), []).append(template)

    def _grow(self, shape: str) -> Template:
        known = [self._known(text) for text in shape.split()]
        tokens = tuple([token for token, _, _ in known])
        group = self._groups.setdefault(_group(known), [])
        template = self._nearest(group, tokens)
        if template is not None:
            if template.tokens != tokens:
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
            similarity = _similarity(template.tokens, tokens)
            if similarity > best_similarity or (best is None and similarity == best_similarity):
                best, best_similarity = template, similarity
        return best

    def _known(self, text: str) -> _Known:
        known = self._tokens.get(text)
        if known is None:
            if len(self._tokens) >= REMEMBERED_SHAPES:
                self._tokens.clear()
            known = self._tokens[text] = _in_groups(_token(text))
        return known


def _in_groups(token: Token) -> _Known:
    """The token, and what stands for it in a group's key: its key, or a word that never varies. Plain words never do,
    nor labels among the first tokens. The space before a word keeps ``done:`` apart from the key of ``done:5``."""
    if token.key:
        return token, token.key, token.key
    if token.value == WILD:
        return token, "", ""
    if _WORD.match(token.value):
        return token, f" {token.value}", f" {token.value}"
    return token, f" {token.value}" if _LABEL.match(token.value) else "", ""


def _group(tokens: Sequence[_Known]) -> tuple[str, ...]:
    """What all lines of a template have in common: their length, and each token that never varies, at its place."""
    return tuple([k[1] for k in tokens[:LEADING_TOKENS]] + [k[2] for k in tokens[LEADING_TOKENS:]])


def _token(text: str) -> Token:
    found = _KEY.match(text) if "//" not in text else None
    key, value = (found[1], found[2]) if found else ("", text)
    rest = _TYPES.sub("", value) if "<" in value else value
    if _DIGIT.search(rest):
        return Token(key, WILD, WILD)
    if rest != value and not any(c.isalpha() for c in rest):
        return Token(key, WILD, value)
    return Token(key, value, value)


def _similarity(ours: tuple[Token, ...], theirs: tuple[Token, ...]) -> float:
    """Share of equal tokens among the constant ones of two lines of one group."""
    same = constant = 0
    for a, b in zip(ours, theirs, strict=True):
        if a.key:
            same += 1
            constant += 1
        elif a.value != WILD:
            constant += 1
            same += a.value == b.value
    return same / constant if constant else 1.0


def _widened(ours: Token, theirs: Token) -> Token:
    if ours == theirs:
        return ours
    return Token(ours.key, WILD, ours.shown if ours.shown == theirs.shown else WILD)
