"""The form of a known issue → the issue, and what is wrong with it at which field."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.datastructures import FormData

from mcp_rag import librarian
from mcp_rag.errors import InputError
from mcp_rag.faces.web.forms import lines_in, text_in
from mcp_rag.faces.web.texts import web_address
from mcp_rag.knowledge.issue_file import parse_issue_file, render_issue_file
from mcp_rag.knowledge.patterns import sample_of
from mcp_rag.linting import lint
from mcp_rag.records import NO_VALUES, Excerpt, KnownIssue, Query, Standing
from mcp_rag.wiring import House

ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
FIELDS = ("title", "id", "symptoms", "cause", "fix", "commands", "applies_to", "urls", "language", "package", "text")
_OF_RULE = {"link": "urls", "symptom": "symptoms", "taken": "symptoms", "passing": "symptoms"}


@dataclass(frozen=True, slots=True)
class IssueForm:
    """What a person typed. ``key`` is that of the issue that is changed; empty: a new one."""

    values: Mapping[str, str]
    key: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """The issue that a form makes, none where ``wrong`` says why; ``doubts`` may be saved over. Field → messages."""

    issue: KnownIssue | None
    wrong: Mapping[str, Sequence[str]] = field(default_factory=dict)
    doubts: Mapping[str, Sequence[str]] = field(default_factory=dict)


def form_of(issue: KnownIssue, key: str = "") -> IssueForm:
    """The form that shows ``issue``."""
    values = {
        name: str(getattr(issue, name)) for name in ("title", "id", "cause", "fix", "language", "package", "text")
    }
    values |= {name: "\n".join(getattr(issue, name)) for name in ("symptoms", "commands", "urls")}
    values["applies_to"] = "\n".join(f"{package} {specifier}" for package, specifier in issue.applies_to.items())
    return IssueForm(values, key)


def typed(form: FormData, key: str = "") -> IssueForm:
    """What was typed into the form of the issue of ``key``."""
    values = {name: text_in(form, name) for name in FIELDS}
    for name in ("symptoms", "commands", "urls", "applies_to"):
        values[name] = "\n".join(lines_in(form, name))
    return IssueForm(values, key)


def check(house: House, form: IssueForm) -> Checked:
    """The issue of a form, held against the rules of an entry and against what is known already."""
    wrong: defaultdict[str, list[str]] = defaultdict(list)
    issue = _issue(house, form, wrong)
    for url in issue.urls:
        if web_address(url) is None:
            wrong["urls"].append(f"{url!r} is no link")
    text = render_issue_file(issue)
    try:
        parse_issue_file(text, issue.source, "this entry")
    except InputError as shape:
        wrong[_field_of(shape.why)].append(shape.why)
    if wrong:
        return Checked(None, dict(wrong))
    doubts: defaultdict[str, list[str]] = defaultdict(list)
    for fault in lint([(issue.source, f"{issue.id}.md", text)]):
        doubts[_OF_RULE.get(fault.rule) or _field_of(fault.message)].append(fault.message)
    for message in _taken(house, issue):
        doubts["symptoms"].append(message)
    return Checked(issue, {}, dict(doubts))


def _issue(house: House, form: IssueForm, wrong: defaultdict[str, list[str]]) -> KnownIssue:
    values = form.values
    held = house.ledger.issues.get(form.key) if form.key else None
    id_ = held.id if held else values["id"] or _id_of(values["title"])
    source = held.source if held else librarian.WRITTEN
    if not held and not ID.fullmatch(id_):
        wrong["id"].append("an id has small letters, digits, points and hyphens")
    elif not held and house.ledger.issues.find(f"{source}/{id_}")[:1] == [f"{source}/{id_}"]:
        wrong["id"].append(f"there is {source}/{id_} already")
    if not values["title"]:
        wrong["title"].append("a title is needed")
    return KnownIssue(
        id=id_,
        source=source,
        title=values["title"],
        symptoms=tuple(values["symptoms"].split("\n")) if values["symptoms"] else (),
        cause=values["cause"],
        fix=values["fix"],
        commands=tuple(values["commands"].split("\n")) if values["commands"] else (),
        applies_to=_specifiers(values["applies_to"], wrong),
        urls=tuple(values["urls"].split("\n")) if values["urls"] else (),
        language=values["language"],
        package=values["package"],
        text=values["text"],
        standing=held.standing if held else Standing(),
    )


def _id_of(title: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", title.lower())[: librarian.WORDS_OF_AN_ID])


def _specifiers(text: str, wrong: defaultdict[str, list[str]]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in text.split("\n") if text else ():
        matched = re.fullmatch(r"([\w.+/@-]+)\s*([<>=!~].*)", line)
        if matched:
            found[matched[1]] = matched[2].strip()
        else:
            wrong["applies_to"].append(f"{line!r} is no package and version, such as: numpy >=1.24")
    return found or NO_VALUES


def _field_of(message: str) -> str:
    """The field of which a sentence of the checks speaks."""
    words = re.findall(r"[a-z_]+", message.lower())
    return next((name for word in words for name in FIELDS if word in (name, name.removesuffix("s"))), "title")


def _taken(house: House, issue: KnownIssue) -> list[str]:
    """Symptoms of ``issue`` that another known issue answers already."""
    found = []
    for symptom in issue.symptoms:
        sample = sample_of(symptom)
        if sample is None or len(sample) > 1:
            continue
        certain = house.knowledge.certain_matches(Query(sample[0], lines=(Excerpt(1, sample[0]),)))
        others = [one.issue.key for one in certain if one.match and one.issue.key != issue.key]
        if others:
            found.append(f"its symptom {symptom!r} is answered by {others[0]} too")
    return found
