"""Symptom patterns: text in which ``{name}`` stands for a part that varies, or a regular expression after ``re:``.

They are matched by RE2, which takes a time in proportion to a line's length, whatever a pattern and a line were made to
do: Python's own matcher tries every way to share a line out between the parts of a pattern. Where there is no RE2 for a
platform, Python's does, and an expression that did not ship is refused.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol
from unicodedata import east_asian_width

from mcp_rag.knowledge.required_text import least_text, required_text
from mcp_rag.records import Evidence, Excerpt

try:
    import re2
except ImportError:
    re2 = None

CERTAIN_CHARACTERS = 11
"""A pattern with fewer literal characters says too little to be certain of. Chosen by eye."""

LONGEST_LINE = 2_000
ALL_OF = "all:"
EXPRESSION = "re:"
SEPARATOR = " && "

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)(?::(int|number|version|path|word))?\}")
# RE2's own classes know ASCII alone.
_LETTER, _BLANK = (r"\p{L}\p{N}_", r"\s\v\p{Z}") if re2 else (r"\w", r"\s")
_BLANKS = f"[{_BLANK}]+"
_KINDS = {
    None: r".+?",
    "int": r"\d+",
    "number": r"[+-]?\d[\d.,eE+-]*",
    "version": rf"v?\d+(?:\.[{_LETTER}]+)*",
    "path": rf"[^{_BLANK}'\"]+",
    "word": rf"[{_LETTER}.-]+",
}
_END = rf"(?:[{_BLANK}'\"`,;:)\]]|$)"
_UNBOUNDED = "nothing that looks ahead or behind or refers back can be matched in bounded time"
_AGAIN = "again_"
"""How a group is called that must say what the group of the name behind it said."""
_PLAIN_QUOTES = str.maketrans("‘’“”", "''\"\"")


class Found(Protocol):
    """What a matcher found."""

    def groupdict(self) -> Mapping[str, Any]: ...


class Matcher(Protocol):
    """What looks for one part of a symptom; it takes text and bytes alike when it is RE2, text alone when it is not."""

    def search(self, text: Any, /) -> Found | None: ...


@dataclass(frozen=True, slots=True)
class SymptomMatch:
    """Where a symptom occurs (line numbers), what its variables are there, and how many literal characters bear it.

    ``freedom`` counts the characters that its ``{name}`` parts took: of two symptoms that occur in a line the one that
    leaves less open says more about it.
    """

    lines: tuple[int, ...]
    variables: Mapping[str, str]
    specificity: int
    freedom: int = 0

    @property
    def weight(self) -> int:
        """Literal characters less twice those left open. The factor is chosen by eye."""
        return self.specificity - 2 * self.freedom


@dataclass(frozen=True, slots=True)
class Pattern:
    """One compiled symptom: every part must occur in some line."""

    parts: tuple[tuple[Matcher, str], ...]
    specificity: int
    open_names: frozenset[str] = frozenset()

    def may_match(self, lowered: str) -> bool:
        """Whether ``lowered``, lines as :func:`lowered` gives them, holds every literal; without one it can't match."""
        for _, literal in self.parts:  # noqa: SIM110, thousands are asked for each query: a generator costs half of it
            if literal not in lowered:
                return False
        return True

    def match(self, lines: Sequence[Excerpt]) -> SymptomMatch | None:
        """The first occurrence of every part in ``lines``; None when one is missing."""
        found: list[int] = []
        variables: dict[str, str] = {}
        for expression, literal in self.parts:
            hit = next(_hits(expression, literal, lines), None)
            if hit is None:
                return None
            found.append(hit[0])
            variables |= {k: v for k, v in hit[1].items() if v}
        freedom = sum(len(value) for name, value in variables.items() if name in self.open_names)
        return SymptomMatch(tuple(dict.fromkeys(found)), variables, self.specificity, freedom)


def lowered(lines: Sequence[Excerpt]) -> str:
    """All that :meth:`Pattern.match` looks at of ``lines``, in lower case."""
    return "\n".join(_readable(line.text[:LONGEST_LINE])[1] for line in lines)


def _hits(expression: Matcher, literal: str, lines: Sequence[Excerpt]) -> Iterator[tuple[int, Mapping[str, str]]]:
    for line in lines:
        text, low = _readable(line.text[:LONGEST_LINE])
        if literal in low and (found := expression.search(text)):
            groups = found.groupdict()
            if not groups:
                yield line.line, groups
            elif (said := _agreed(groups)) is not None:
                yield line.line, said


def _agreed(groups: Mapping[str, str | None]) -> Mapping[str, str] | None:
    """What each name stands for; None when one that stands several times does not say the same each time."""
    said = {name: value for name, value in groups.items() if value and not name.startswith(_AGAIN)}
    for name, value in groups.items():
        first = said.get(name.removeprefix(_AGAIN).partition("_")[2], "")
        if name.startswith(_AGAIN) and (value or "").lower() != first.lower():
            return None
    return said


@lru_cache(maxsize=4_096)
def _readable(text: str) -> tuple[str, str]:
    """The text with plain quotation marks, and the same in lower case: a tool prints ‘x’ in one locale, 'x' in another."""
    if not text.isascii():  # half a surrogate pair, which JSON can hold, is no text for RE2
        text = text.translate(_PLAIN_QUOTES).encode("utf-8", "replace").decode("utf-8")
    return text, text.lower()


@lru_cache(maxsize=20_000)
def compile_symptom(symptom: str) -> Pattern:
    """Compile a symptom that ships: an expression may hold what RE2 does not know, and is Python's then.

    Raises:
        ValueError: its regular expression is wrong.
    """
    return _compiled(symptom, is_ours=True)


@lru_cache(maxsize=20_000)
def compile_foreign(symptom: str) -> Pattern:
    """Compile a symptom that did not ship: anybody may have written it, and a line that keeps a server from everybody.

    Raises:
        ValueError: its regular expression is wrong, or cannot be matched in a time in proportion to a line's length.
    """
    return _compiled(symptom, is_ours=False)


def _compiled(symptom: str, *, is_ours: bool) -> Pattern:
    symptom = symptom.translate(_PLAIN_QUOTES)
    texts = _parts_of(symptom)
    parts = [_part(text, is_ours=is_ours) for text in texts]
    specificity = sum(weight for _, _, weight in parts)
    plain = [text for text in texts if not text.startswith(EXPRESSION)]
    names = frozenset(found[1] for text in plain for found in _PLACEHOLDER.finditer(text))
    return Pattern(tuple((expression, literal) for expression, literal, _ in parts), specificity, names)


def _parts_of(symptom: str) -> list[str]:
    every = symptom.removeprefix(ALL_OF).split(SEPARATOR) if symptom.startswith(ALL_OF) else [symptom]
    return [text.strip() for text in every]


def _part(text: str, *, is_ours: bool) -> tuple[Matcher, str, int]:
    """Expression, a literal that every match holds (lower case), and the number of literal characters."""
    if text.startswith(EXPRESSION):
        return _expression(text.removeprefix(EXPRESSION).strip(), is_ours=is_ours)
    pieces = _PLACEHOLDER.split(text.strip())
    literals = pieces[::3]
    pattern = _verbatim(literals[0])
    seen: list[str] = []
    for place in range(1, len(pieces), 3):
        name, kind, literal = pieces[place], pieces[place + 1], pieces[place + 2]
        group = f"{_AGAIN}{len(seen)}_{name}" if name in seen else name
        body = f"(?P<{group}>{_KINDS[kind]})"
        seen.append(name)
        last = place + 3 == len(pieces)
        end = _END if last and not literal else ""
        pattern += body + _verbatim(literal) + end
    longest = max((word for literal in literals for word in [literal.strip()]), key=len).lower()
    longest = max(longest.split(), key=len, default="")
    return (_linear if re2 else _python)(pattern), longest, sum(map(_size, literals))


def _size(text: str) -> int:
    """The characters of ``text`` that are not blank; a Chinese or Japanese one says as much as two. Chosen by eye."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text if not letter.isspace())


def _verbatim(literal: str) -> str:
    """The literal, its runs of white space of any length."""
    words = literal.split()
    inner = _BLANKS.join(map(re.escape, words))
    before = _BLANKS if words and literal[:1].isspace() else ""
    after = _BLANKS if words and literal[-1:].isspace() else ""
    return before + inner + after if words else (_BLANKS if literal else "")


def _expression(text: str, *, is_ours: bool) -> tuple[Matcher, str, int]:
    return (_ours if is_ours else _foreign)(text), required_text(text), _size(least_text(text, _size))


def _ours(text: str) -> Matcher:
    try:
        return _linear(text)
    except ValueError:  # it looks ahead or behind
        return _python(text)


def _foreign(text: str) -> Matcher:
    _python(text)  # RE2 has signs of its own, which the search for required text does not know
    try:
        return _linear(text)
    except ValueError as fault:
        raise ValueError(f"the expression {text!r} is refused: {fault}") from fault


def _python(text: str) -> Matcher:
    try:
        return re.compile(text, re.IGNORECASE)
    except (re.error, OverflowError) as fault:
        raise ValueError(f"the expression {text!r} is wrong: {fault}") from fault


@lru_cache(maxsize=1)
def _options() -> Any:
    options = re2.Options()
    options.case_sensitive, options.log_errors = False, False
    return options


def _linear(pattern: str) -> Matcher:
    """Raises ValueError of what RE2 does not know, or finds too large."""
    if re2 is None:
        raise ValueError(f"{_UNBOUNDED}: RE2 is not installed (`pip install google-re2`)")
    try:
        matcher: Matcher = re2.compile(pattern, _options())
    except re2.error as fault:
        why = b"".join(part for part in fault.args if isinstance(part, bytes)).decode("utf-8", "replace")
        raise ValueError(f"{_UNBOUNDED}: {why}") from fault
    return matcher


_MASK = re.compile(r"<(uuid|time|ip|url|email|path|hex|num)>")
_NAMES = {"num": "number", "hex": "hex_number"}
_KIND_OF = {
    "num": "number",
    "hex": "word",
    "uuid": "word",
    "path": "path",
    "url": "path",
    "email": "path",
    "ip": "path",
}
"""What a masked part may be: a number is no run of words. A time may hold blanks."""


def symptom_of(template: str) -> str:
    """A masked message as a symptom: ``bad shape (<num>, <num>)`` →
    ``bad shape ({number:number}, {number_2:number})``."""
    seen: dict[str, int] = {}

    def name(mask: re.Match[str]) -> str:
        kind = _NAMES.get(mask[1], mask[1])
        seen[kind] = seen.get(kind, 0) + 1
        which = f"_{seen[kind]}" if seen[kind] > 1 else ""
        return f"{{{kind}{which}:{_KIND_OF[mask[1]]}}}" if mask[1] in _KIND_OF else f"{{{kind}{which}}}"

    if _PLACEHOLDER.search(template):
        # The message itself has braces: as text they would be parts that vary.
        return EXPRESSION + _MASK.sub(r"\\S+", re.escape(template))
    return _MASK.sub(name, template)


def fill(text: str, variables: Mapping[str, str]) -> str:
    """``text`` with ``{name}`` replaced by its value; names that are unknown stay as they are."""
    return _PLACEHOLDER.sub(lambda m: variables.get(m.group(1), m.group()), text)


def fill_command(text: str, variables: Mapping[str, str]) -> str:
    """``fill`` for a shell command: values are quoted, so that what a log says can never run."""
    return fill(text, {name: shlex.quote(value) for name, value in variables.items()})


def filled(evidence: Evidence) -> Evidence:
    """The evidence with the variable parts of its pattern written into cause, fix and commands."""
    issue, variables = evidence.issue, evidence.variables
    if not variables:
        return evidence
    issue = replace(
        issue,
        cause=fill(issue.cause, variables),
        fix=fill(issue.fix, variables),
        commands=tuple(fill_command(command, variables) for command in issue.commands),
    )
    return replace(evidence, issue=issue)


_SAMPLES = {"int": "7", "number": "7", "version": "1.2.3", "path": "/srv/x1y", "word": "x1y", None: "x1y"}


def sample_of(symptom: str) -> tuple[str, ...] | None:
    """Lines that ``symptom`` describes, its variable parts filled in; None of a regular expression."""
    parts = symptom.removeprefix(ALL_OF).split(SEPARATOR) if symptom.startswith(ALL_OF) else [symptom]
    if any(part.strip().startswith(EXPRESSION) for part in parts):
        return None
    return tuple(_PLACEHOLDER.sub(lambda part: _SAMPLES[part[2]], part.strip()) for part in parts)
