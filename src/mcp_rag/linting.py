"""Job 4: known issues as files → what is wrong with them, one by one and together; and which answer the same error."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from mcp_rag.errors import InputError
from mcp_rag.knowledge.fixes import Embed, say_the_same
from mcp_rag.knowledge.issue_file import SHIPPED, parse_issue_file
from mcp_rag.knowledge.patterns import (
    CERTAIN_CHARACTERS,
    Pattern,
    SymptomMatch,
    compile_foreign,
    compile_symptom,
    lowered,
    sample_of,
)
from mcp_rag.knowledge.tokens import stems
from mcp_rag.knowledge.version_check import may_overlap
from mcp_rag.records import Excerpt, KnownIssue

TITLE_WORDS = 4
"""Words from which on two issues of one title answer the same error. Chosen by eye."""

_LINK = re.compile(r"https?://[^\s<>\"']+\.[^\s<>\"']+\Z")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the file ``name``; ``rule`` is one of shape, link, empty, double, symptom, taken,
    contradiction, passing."""

    name: str
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Rival:
    """The known issue of the file ``name``, which answers an error that another one answers too: by the other's
    ``symptom``, or by its own where that describes a line of the other.

    ``same_fix``: its fix says the same, in whatever words, so that it is a duplicate; otherwise it says otherwise.
    """

    name: str
    issue: KnownIssue
    symptom: str
    same_fix: bool


def lint(
    files: Iterable[tuple[str, str, str]], passing: Iterable[tuple[str, Sequence[Excerpt]]] = ()
) -> Iterator[Fault]:
    """Faults of the known issues among ``files`` (source, name, text), and of their patterns on ``passing`` logs
    (name, lines).

    Whether an issue is found by its own symptoms is judged of plain ones; of a regular expression no sample is made.
    """
    issues: dict[str, KnownIssue] = {}
    for source, name, text in files:
        try:
            issues[name] = parse_issue_file(text, source, name)
        except InputError as wrong:
            yield Fault(name, "shape", wrong.why)
    for name, issue in issues.items():
        yield from _alone(name, issue)
    yield from _doubles(issues)
    patterns = _Patterns(issues)
    yield from _taken(issues, patterns)
    for log, lines in passing:
        for name, _, _ in patterns.firing(lines):
            yield Fault(name, "passing", f"fires on {log}, in which nothing failed")


def _alone(name: str, issue: KnownIssue) -> Iterator[Fault]:
    for part in ("cause", "fix"):
        if not getattr(issue, part):
            yield Fault(name, "empty", f"says nothing of the {part}")
    if not issue.symptoms:
        yield Fault(name, "empty", "has no symptom to be found by")
    for url in issue.urls:
        if not _LINK.match(url):
            yield Fault(name, "link", f"{url!r} is no link")


def _doubles(issues: dict[str, KnownIssue]) -> Iterator[Fault]:
    for what, value_of in (("id", _id), ("title", _title)):
        holders = defaultdict(list)
        for name, issue in issues.items():
            holders[value_of(issue)].append(name)
        for names in (names for names in holders.values() if len(names) > 1):
            yield Fault(names[1], "double", f"has the {what} of {names[0]}")
    seen: dict[str, str] = {}
    for name, issue in issues.items():
        for symptom in issue.symptoms:
            if seen.setdefault(symptom, name) != name:
                yield Fault(name, "double", f"has the symptom {symptom!r} of {seen[symptom]}")


def _id(issue: KnownIssue) -> str:
    return issue.id


def _title(issue: KnownIssue) -> str:
    return issue.title.lower()


def _taken(issues: dict[str, KnownIssue], patterns: _Patterns) -> Iterator[Fault]:
    """Symptoms that their own issue does not answer, that another answers with more right, or with as much and another
    fix."""
    for name, issue in issues.items():
        for symptom, lines in _samples(issue):
            own = compile_symptom(symptom).match(lines)
            if own is None:
                yield Fault(name, "symptom", f"is not found by its own symptom {symptom!r}")
                continue
            for other, found, _ in patterns.firing(lines):
                if other != name and found.weight > own.weight:
                    yield Fault(name, "taken", f"its symptom {symptom!r} is answered by {other}")
                elif other > name and found.weight == own.weight and _contradict(issue, issues[other]):
                    yield Fault(other, "contradiction", f"answers {symptom!r} of {name} with another fix")


def rivals(issue: KnownIssue, files: Iterable[tuple[str, str, str]], embed: Embed | None = None) -> list[Rival]:
    """The known issues among ``files`` (source, name, text) that answer a symptom of ``issue``, or of which it answers
    one, for versions that overlap. Files that are no known issue are passed over: `lint` tells of them."""
    return [rival for _, rival in rivals_among([issue], dict(_readable(files)), embed)]


def rivals_among(
    issues: Sequence[KnownIssue], others: Mapping[str, KnownIssue], embed: Embed | None = None
) -> Iterator[tuple[KnownIssue, Rival]]:
    """Each of ``issues`` with each of ``others`` (by name) that answers the same error for versions that overlap;
    ``embed`` tells by their meaning whether the fixes say the same."""
    theirs, mine = _Patterns(others), _Patterns({issue.key: issue for issue in issues})
    met: dict[tuple[str, str], str] = {}
    titled = defaultdict(list)
    for name, other in others.items():
        if len(_words(other.title)) >= TITLE_WORDS:
            titled[_words(other.title)].append(name)
    for issue in issues:
        for symptom, lines in _heads(issue):
            for name, _, _ in theirs.firing(lines):
                met.setdefault((issue.key, name), symptom)
        for name in titled[_words(issue.title)]:
            met.setdefault((issue.key, name), issue.title)
    for name, other in others.items():
        for symptom, lines in _heads(other):
            for key, _, _ in mine.firing(lines):
                met.setdefault((key, name), symptom)
    by_key = {issue.key: issue for issue in issues}
    for (key, name), symptom in met.items():
        issue, other = by_key[key], others[name]
        if may_overlap(issue.applies_to, other.applies_to):
            yield issue, Rival(name, other, symptom, say_the_same(issue, other, embed))


def _readable(files: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, KnownIssue]]:
    for source, name, text in files:
        try:
            yield name, parse_issue_file(text, source, name)
        except InputError:
            continue


def _contradict(one: KnownIssue, other: KnownIssue) -> bool:
    return not say_the_same(one, other) and may_overlap(one.applies_to, other.applies_to)


def _samples(issue: KnownIssue) -> Iterator[tuple[str, list[Excerpt]]]:
    """Each plain symptom of one line, with a line that it describes."""
    for symptom in issue.symptoms:
        sample = sample_of(symptom)
        if sample is not None and len(sample) == 1:
            yield symptom, [Excerpt(1, sample[0])]


def _heads(issue: KnownIssue) -> Iterator[tuple[str, list[Excerpt]]]:
    """The samples of an issue; of one that states no symptom, as of a page of a wiki, its title."""
    yield from _samples(issue) if issue.symptoms else [(issue.title, [Excerpt(1, issue.title)])]


def _words(title: str) -> tuple[str, ...]:
    return tuple(stems(title))


class _Patterns:
    """The symptoms of many issues, each compiled once: every one is held against a sample of every other."""

    def __init__(self, issues: Mapping[str, KnownIssue]) -> None:
        self._of = [(name, list(_compiled(issue))) for name, issue in issues.items() if issue.symptoms]

    def firing(self, lines: Sequence[Excerpt]) -> Iterator[tuple[str, SymptomMatch, str]]:
        """The issues of which a symptom describes one of ``lines`` and says enough to be certain: their name, the match
        that weighs most, and its symptom."""
        text = lowered(lines)
        for name, symptoms in self._of:
            found = [(m, s) for pattern, s in symptoms if pattern.may_match(text) and (m := pattern.match(lines))]
            if found and max(match.specificity for match, _ in found) >= CERTAIN_CHARACTERS:
                yield name, *max(found, key=lambda each: each[0].weight)


def _compiled(issue: KnownIssue) -> Iterator[tuple[Pattern, str]]:
    for symptom in issue.symptoms:
        # What a document states as a symptom is free text, and may only look like an expression.
        with suppress(ValueError):
            compiled = compile_symptom if issue.source == SHIPPED else compile_foreign
            yield compiled(symptom), symptom
