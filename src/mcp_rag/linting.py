"""Job 4: known issues as files → what is wrong with them, one by one and together; and which answer the same error."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mcp_rag.errors import InputError
from mcp_rag.knowledge.issue_file import parse_issue_file
from mcp_rag.knowledge.patterns import CERTAIN_CHARACTERS, SymptomMatch, compile_symptom, lowered, sample_of
from mcp_rag.knowledge.version_check import may_overlap
from mcp_rag.records import Excerpt, KnownIssue

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

    ``same_fix``: it says the same of it, so that it is a duplicate; otherwise the two contradict each other.
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


def rivals(issue: KnownIssue, files: Iterable[tuple[str, str, str]]) -> list[Rival]:
    """The known issues among ``files`` (source, name, text) that answer a symptom of ``issue``, or of which it answers
    one, for versions that overlap. Files that are no known issue are passed over: `lint` tells of them."""
    others = dict(_readable(files))
    theirs, mine = _Patterns(others), _Patterns({issue.id: issue})
    found: dict[str, Rival] = {}
    for symptom, lines in _samples(issue):
        for name, _, _ in theirs.firing(lines):
            found.setdefault(name, _rival(issue, name, others[name], symptom))
    for name, other in others.items():
        for symptom, lines in _samples(other):
            if name not in found and any(mine.firing(lines)):
                found[name] = _rival(issue, name, other, symptom)
    return [rival for rival in found.values() if may_overlap(issue.applies_to, rival.issue.applies_to)]


def _readable(files: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, KnownIssue]]:
    for source, name, text in files:
        try:
            yield name, parse_issue_file(text, source, name)
        except InputError:
            continue


def _rival(issue: KnownIssue, name: str, other: KnownIssue, symptom: str) -> Rival:
    return Rival(name, other, symptom, _said(issue) == _said(other))


def _contradict(one: KnownIssue, other: KnownIssue) -> bool:
    return _said(one) != _said(other) and may_overlap(one.applies_to, other.applies_to)


def _said(issue: KnownIssue) -> list[str]:
    """The words of an issue's fix, which say the same whatever stands between them."""
    return re.findall(r"\w+", f"{issue.fix} {' '.join(issue.commands)}".lower())


def _samples(issue: KnownIssue) -> Iterator[tuple[str, list[Excerpt]]]:
    """Each plain symptom of one line, with a line that it describes."""
    for symptom in issue.symptoms:
        sample = sample_of(symptom)
        if sample is not None and len(sample) == 1:
            yield symptom, [Excerpt(1, sample[0])]


class _Patterns:
    """The symptoms of many issues, each compiled once: every one is held against a sample of every other."""

    def __init__(self, issues: dict[str, KnownIssue]) -> None:
        self._of = [(name, [(compile_symptom(s), s) for s in issue.symptoms]) for name, issue in issues.items()]

    def firing(self, lines: Sequence[Excerpt]) -> Iterator[tuple[str, SymptomMatch, str]]:
        """The issues of which a symptom describes one of ``lines`` and says enough to be certain: their name, the match
        that weighs most, and its symptom."""
        text = lowered(lines)
        for name, symptoms in self._of:
            found = [(m, s) for pattern, s in symptoms if pattern.may_match(text) and (m := pattern.match(lines))]
            if found and max(match.specificity for match, _ in found) >= CERTAIN_CHARACTERS:
                yield name, *max(found, key=lambda each: each[0].weight)
