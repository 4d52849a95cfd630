"""Lines → templates in one pass, in Python alone, after Drain (He et al., ICWS 2017) with one rule of its own.

Drain merges lines of one length whose tokens are similar enough, and so takes *started* and *stopped* for values.
Here a plain word does not vary (``names.py`` tells when it does after all): two lines share a template only when they
differ in tokens that can be values (identifiers with dots or digits, the value of ``key=value``, quoted names). That
rule, not a threshold set for each system, does the work: any similarity from 0.5 to 0.7 groups about as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from mcp_rag.logs.templates.names import Numbers, number_tokens
from mcp_rag.logs.templates.template import WILD, Template, Token, widened
from mcp_rag.logs.templates.variables import MASKER, same_digits

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


InGroups = tuple[Token, str, str]
"""A token, and what stands for it in a group's key: among the first tokens, and further behind."""


_TOKENS: dict[str, InGroups] = {}
"""Tokens of all miners of a process: what a token is does not depend on who asks."""


class Counted(Template):
    """A template that counts its own lines."""

    __slots__ = ()

    def add(self) -> None:
        self._count += 1

    def widen(self, tokens: tuple[Token, ...]) -> None:
        """Let vary what is another in a line of these tokens."""
        if self._tokens != tokens:
            self._tokens = tuple(map(widened, self._tokens, tokens))


class PlainEngine:
    """Mines templates line by line."""

    def __init__(self, similarity: float, max_templates: int) -> None:
        self.similarity = similarity
        self.max_templates = max_templates
        self.templates: list[Template] = []
        self._groups: dict[tuple[str, ...], list[Counted]] = {}
        self._shapes: dict[str, Counted] = {}
        self._alike: dict[str, Counted] = {}
        self._overflow: Counted | None = None

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
        MASKER.learn([like for like in alike if like not in known])
        for line, like in zip(lines, alike, strict=True):
            template = known.get(like)
            if template is None:
                template = self._add(line, like)
            else:
                template.add()
            yield template

    def _add(self, line: str, alike: str) -> Counted:
        shape, of_all = MASKER.mask_alike(line, alike)
        template = self._shapes.get(shape)
        if template is None:
            template = self._grow(shape)
        if of_all:
            if len(self._alike) >= REMEMBERED_SHAPES:
                self._alike.clear()
            self._alike[alike] = template
        template.add()
        return template

    def match(self, line: str) -> Template | None:
        """The template of a line whose shape was seen before, changing nothing; None when it is new."""
        return self._shapes.get(MASKER.mask(line))

    def restore(self, templates: Iterable[Template]) -> None:
        """Take templates that were saved, before the first line."""
        for template in templates:
            kept = Counted(template.own_tokens, template.own_count)
            self.templates.append(kept)
            self._groups.setdefault(_group([in_groups(token) for token in kept.own_tokens]), []).append(kept)

    def numbers(self) -> Numbers:
        """The tokens of the templates as numbers."""
        return number_tokens(self.templates)

    def _grow(self, shape: str) -> Counted:
        known = [known_token(text) for text in shape.split()]
        tokens = tuple([token for token, _, _ in known])
        group = self._groups.setdefault(_group(known), [])
        template = self._nearest(group, tokens)
        if template is not None:
            template.widen(tokens)
        elif self._overflow or len(self.templates) >= self.max_templates:
            template = self._overflowed()
        else:
            template = Counted(tokens)
            group.append(template)
            self.templates.append(template)
        if len(self._shapes) >= REMEMBERED_SHAPES:
            # Together: what is remembered of a line must never be older than what is remembered of its shape.
            self._shapes.clear()
            self._alike.clear()
        self._shapes[shape] = template
        return template

    def _overflowed(self) -> Counted:
        if self._overflow is None:
            self._overflow = Counted((Token("", WILD, WILD),))
            self.templates.append(self._overflow)
        return self._overflow

    def _nearest(self, group: list[Counted], tokens: tuple[Token, ...]) -> Counted | None:
        """The most similar template that ``tokens`` may share, the eldest of equals."""
        best, best_similarity = None, self.similarity
        for template in group:
            similarity = _similarity(template.own_tokens, tokens)
            if similarity > best_similarity or (best is None and similarity == best_similarity):
                best, best_similarity = template, similarity
        return best


def known_token(text: str) -> InGroups:
    """A token's parts, and what it is in a group's key; remembered."""
    known = _TOKENS.get(text)
    if known is None:
        if len(_TOKENS) >= REMEMBERED_SHAPES:
            _TOKENS.clear()
        known = _TOKENS[text] = in_groups(token_of(text))
    return known


def in_groups(token: Token) -> InGroups:
    """The token, and what stands for it in a group's key: its key, or a word that never varies. Plain words never do,
    nor labels among the first tokens. The space before a word keeps ``done:`` apart from the key of ``done:5``."""
    if token.key:
        return token, token.key, token.key
    if token.value == WILD:
        return token, "", ""
    if _WORD.match(token.value):
        word = f" {token.value}"
        return token, word, word
    return token, f" {token.value}" if _LABEL.match(token.value) else "", ""


def _group(tokens: Sequence[InGroups]) -> tuple[str, ...]:
    """What all lines of a template have in common: their length, and each token that never varies, at its place."""
    return tuple([k[1] for k in tokens[:LEADING_TOKENS]] + [k[2] for k in tokens[LEADING_TOKENS:]])


def token_of(text: str) -> Token:
    if text.isalpha():  # most words are, and have neither a key nor anything that varies
        return Token("", text, text)
    found = _KEY.match(text) if ("=" in text or ":" in text) and "//" not in text else None
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
