"""Job 4: known issues as files → what is wrong with them, one by one and together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mcp_rag.errors import InputError
from mcp_rag.knowledge.issue_file import parse_issue_file
from mcp_rag.knowledge.patterns import CERTAIN_CHARACTERS, SymptomMatch, compile_symptom, sample_of
from mcp_rag.records import Excerpt, KnownIssue

_LINK = re.compile(r"https?://[^\s<>\"']+\.[^\s<>\"']+\Z")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the file ``name``; ``rule`` is one of shape, link, empty, double, symptom, taken, passing."""

    name: str
    rule: str
    message: str


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
    yield from _taken(issues)
    for log, lines in passing:
        for name, _ in _firing(issues, lines):
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


def _taken(issues: dict[str, KnownIssue]) -> Iterator[Fault]:
    """Symptoms that their own issue does not answer, or that another answers with more right."""
    for name, issue in issues.items():
        for symptom in issue.symptoms:
            sample = sample_of(symptom)
            if sample is None or len(sample) > 1:
                continue
            text = sample[0]
            own = compile_symptom(symptom).match([Excerpt(1, text)])
            if own is None:
                yield Fault(name, "symptom", f"is not found by its own symptom {symptom!r}")
                continue
            for other, found in _firing(issues, [Excerpt(1, text)]):
                if other != name and found.weight > own.weight:
                    yield Fault(name, "taken", f"its symptom {symptom!r} is answered by {other}")


def _firing(issues: dict[str, KnownIssue], lines: Sequence[Excerpt]) -> Iterator[tuple[str, SymptomMatch]]:
    for name, issue in issues.items():
        found = [match for symptom in issue.symptoms if (match := compile_symptom(symptom).match(lines))]
        if found and max(match.specificity for match in found) >= CERTAIN_CHARACTERS:
            yield name, max(found, key=lambda match: match.weight)
