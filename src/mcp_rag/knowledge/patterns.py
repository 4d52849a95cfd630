"""Symptom patterns: text in which ``{name}`` stands for a part that varies, or a regular expression after ``re:``."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from unicodedata import east_asian_width

from mcp_rag.knowledge.required_text import required_text
from mcp_rag.knowledge.slow_expressions import reason_against
from mcp_rag.records import Evidence, Excerpt

CERTAIN_CHARACTERS = 12
"""A pattern with fewer literal characters says too little to be certain of. Chosen by eye."""

LONGEST_LINE = 2_000
ALL_OF = "all:"
EXPRESSION = "re:"
SEPARATOR = " && "

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)(?::(int|number|version|path|word))?\}")
_KINDS = {
    None: r".+?",
    "int": r"\d+",
    "number": r"[+-]?\d[\d.,eE+-]*",
    "version": r"v?\d+(?:\.\w+)*",
    "path": r"[^\s'\"]+",
    "word": r"[\w.-]+",
}
_PLAIN_QUOTES = str.maketrans("‘’“”", "''\"\"")
_NESTED = re.compile(r"\([^()]*[+*][^()]*\)[+*]")


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

    parts: tuple[tuple[re.Pattern[str], str], ...]
    specificity: int
    open_names: frozenset[str] = frozenset()

    def may_match(self, lowered: str) -> bool:
        """Whether ``lowered``, lines as :func:`lowered` gives them, holds every literal; without one it can't match."""
        return all(literal in lowered for _, literal in self.parts)

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


def _hits(
    expression: re.Pattern[str], literal: str, lines: Sequence[Excerpt]
) -> Iterator[tuple[int, Mapping[str, str]]]:
    for line in lines:
        text, low = _readable(line.text[:LONGEST_LINE])
        if literal in low and (found := expression.search(text)):
            yield line.line, found.groupdict()


@lru_cache(maxsize=4_096)
def _readable(text: str) -> tuple[str, str]:
    """The text with plain quotation marks, and the same in lower case: a tool prints ‘x’ in one locale, 'x' in another."""
    text = text.translate(_PLAIN_QUOTES)
    return text, text.lower()


@lru_cache(maxsize=20_000)
def compile_symptom(symptom: str) -> Pattern:
    """Compile a symptom.

    Raises:
        ValueError: its regular expression is wrong, or repeats a repetition, which can take for ever.
    """
    symptom = symptom.translate(_PLAIN_QUOTES)
    texts = _parts_of(symptom)
    parts = [_part(text) for text in texts]
    specificity = sum(weight for _, _, weight in parts)
    plain = [text for text in texts if not text.startswith(EXPRESSION)]
    names = frozenset(found[1] for text in plain for found in _PLACEHOLDER.finditer(text))
    return Pattern(tuple((expression, literal) for expression, literal, _ in parts), specificity, names)


@lru_cache(maxsize=20_000)
def compile_foreign(symptom: str) -> Pattern:
    """Compile a symptom that did not ship: anybody may have written it, and a line that keeps a server from everybody.

    Raises:
        ValueError: its regular expression is wrong, or can take for ever.
    """
    pattern = compile_symptom(symptom)
    for text in _parts_of(symptom):
        expression = text.removeprefix(EXPRESSION).strip()
        if text.startswith(EXPRESSION) and (slow := reason_against(expression)):
            raise ValueError(f"the expression {expression!r} {slow}, which can take for ever")
    return pattern


def _parts_of(symptom: str) -> list[str]:
    every = symptom.removeprefix(ALL_OF).split(SEPARATOR) if symptom.startswith(ALL_OF) else [symptom]
    return [text.strip() for text in every]


def _part(text: str) -> tuple[re.Pattern[str], str, int]:
    """Expression, a literal that every match holds (lower case), and the number of literal characters."""
    if text.startswith(EXPRESSION):
        return _expression(text.removeprefix(EXPRESSION).strip())
    pieces = _PLACEHOLDER.split(text.strip())
    literals = pieces[::3]
    pattern = _verbatim(literals[0])
    seen: set[str] = set()
    for place in range(1, len(pieces), 3):
        name, kind, literal = pieces[place], pieces[place + 1], pieces[place + 2]
        body = r"(?P=" + name + ")" if name in seen else f"(?P<{name}>{_KINDS[kind]})"
        seen.add(name)
        last = place + 3 == len(pieces)
        end = r"(?=[\s'\"`,;:)\]]|$)" if last and not literal else ""
        pattern += body + _verbatim(literal) + end
    longest = max((word for literal in literals for word in [literal.strip()]), key=len).lower()
    longest = max(longest.split(), key=len, default="")
    return re.compile(pattern, re.IGNORECASE), longest, sum(map(_size, literals))


def _size(text: str) -> int:
    """The characters of ``text`` that are not blank; a Chinese or Japanese one says as much as two. Chosen by eye."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text if not letter.isspace())


def _verbatim(literal: str) -> str:
    """The literal, its runs of white space of any length."""
    words = literal.split()
    inner = r"\s+".join(map(re.escape, words))
    before = r"\s+" if words and literal[:1].isspace() else ""
    after = r"\s+" if words and literal[-1:].isspace() else ""
    return before + inner + after if words else (r"\s+" if literal else "")


def _expression(text: str) -> tuple[re.Pattern[str], str, int]:
    if _NESTED.search(text):
        raise ValueError(f"the expression {text!r} repeats a repetition, which can take for ever")
    try:
        compiled = re.compile(text, re.IGNORECASE)
    except re.error as fault:
        raise ValueError(f"the expression {text!r} is wrong: {fault}") from fault
    words = re.findall(r"[A-Za-z_ ]{3,}", re.sub(r"\\.|\[[^\]]*\]|\(\?P?<?\w*>?|\{[^}]*\}", " ", text))
    return compiled, required_text(text), sum(len("".join(word.split())) for word in words)


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
