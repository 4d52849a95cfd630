"""A known issue that a team writes down itself: drafted, checked, held against what is like it, kept, changed, removed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel, Field

from mcp_rag import librarian
from mcp_rag.errors import InputError
from mcp_rag.faces.serialisation import evidence_to_json
from mcp_rag.faces.serving.answers import EvidenceAnswer
from mcp_rag.knowledge.issue_file import parse_issue_file, render_issue_file
from mcp_rag.linting import Fault, lint
from mcp_rag.records import Evidence, KnownIssue
from mcp_rag.wiring import House, redactor_of

NEIGHBOURS = 5
MOST_ASKED = 5
"""Symptoms that are searched for. Chosen by eye."""

NEAR = 0.2
"""Confidence from which on an entry is shown beside the new one, as `mcp-rag add` does. Chosen by eye."""

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


class FaultOfIssue(BaseModel):
    """What is wrong with a known issue."""

    rule: str = Field(description="shape, link, empty, double, symptom, taken or contradiction")
    message: str


class AddedAnswer(BaseModel):
    """What became of a new known issue."""

    stored: bool = Field(description="false when faults or a like entry were found: mend it, or say so and send again")
    issue: str = Field(description="SOURCE/ID under which it is or would be kept")
    faults: list[FaultOfIssue]
    near: list[EvidenceAnswer] = Field(description="entries that are like it, best first")


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody says of a failure; what is left empty is taken from ``incident``, when one is named."""

    title: str = ""
    cause: str = ""
    fix: str = ""
    symptoms: Sequence[str] = ()
    commands: Sequence[str] = ()
    applies_to: dict[str, str] = field(default_factory=dict)
    urls: Sequence[str] = ()
    language: str = ""
    package: str = ""
    id: str = ""
    incident: str = ""


def add_issue(house: House, draft: Draft, *, despite_faults: bool = False) -> dict[str, Any]:
    """Keep the issue of ``draft`` as the team's own, unless something is wrong with it or one like it is there.

    ``despite_faults`` keeps it all the same. It is found at once; secrets are masked before.

    Raises:
        InputError: it is no known issue, or its id is taken.
        NotFound: there is no such incident.
    """
    issue = _checked(house, _drafted(house, draft))
    if house.ledger.issues.many([issue.key]):
        raise InputError(f"{issue.key} is there already", "an entry is never written over", "Give another id")
    return _keep(house, issue, despite_faults=despite_faults)


def change_issue(house: House, name: str, draft: Draft, *, despite_faults: bool = False) -> dict[str, Any]:
    """Put what ``draft`` says in the place of an issue that a person wrote or confirmed, held to the same rules.

    Raises:
        InputError: it is no known issue, or that one comes from a document.
        NotFound: there is no such issue, or several.
    """
    held = own_issue(house, name)
    changed = replace(
        held,
        title=draft.title,
        cause=draft.cause,
        fix=draft.fix,
        symptoms=tuple(draft.symptoms),
        commands=tuple(draft.commands),
        applies_to=dict(draft.applies_to),
        urls=tuple(draft.urls),
        language=draft.language,
        package=draft.package,
    )
    return _keep(house, _checked(house, changed), despite_faults=despite_faults)


def remove_issue(house: House, name: str) -> None:
    """Take an issue out that a person wrote or confirmed.

    Raises:
        InputError: it comes from a document.
        NotFound: there is none, or several.
    """
    house.ledger.issues.remove([own_issue(house, name).key])


def own_issue(house: House, name: str) -> KnownIssue:
    """The issue of that name, if it is one that is changed where it is.

    Raises:
        InputError: it comes from a document.
        NotFound: there is none, or several.
    """
    issue = librarian.one_issue(house.ledger, name)
    if issue.source not in librarian.OWN:
        raise InputError(
            f"{issue.key} cannot be changed here", "it comes from a document, which would bring it back", "Copy it"
        )
    return issue


def _keep(house: House, issue: KnownIssue, *, despite_faults: bool) -> dict[str, Any]:
    near = _like(house, issue)
    faults = _faults(issue, [evidence.issue for evidence in near])
    stored = despite_faults or not (faults or any(evidence.match for evidence in near))
    if stored:
        house.ledger.issues.put(issue)
    return {
        "stored": stored,
        "issue": issue.key,
        "faults": [{"rule": fault.rule, "message": fault.message} for fault in faults],
        "near": [evidence_to_json(evidence) for evidence in near],
    }


def _like(house: House, issue: KnownIssue) -> list[Evidence]:
    """Entries that its title or one of its symptoms finds, best first."""
    best: dict[str, Evidence] = {}
    for results in house.search([issue.title, *issue.symptoms[:MOST_ASKED]], NEIGHBOURS):
        for found in results:
            held = best.get(found.issue.key)
            if held is None or (found.match, found.confidence) > (held.match, held.confidence):
                best[found.issue.key] = found
    near = [e for e in best.values() if e.issue.key != issue.key and (e.match or e.confidence >= NEAR)]
    return sorted(near, key=lambda e: (not e.match, -e.confidence))[:NEIGHBOURS]


def _drafted(house: House, draft: Draft) -> KnownIssue:
    base = KnownIssue(id="", source=librarian.WRITTEN, title="")
    if draft.incident:
        base = librarian.draft(house.ledger.incidents.get(draft.incident))
    title = draft.title or base.title
    return replace(
        base,
        id=draft.id or base.id or "-".join(re.findall(r"[a-z0-9]+", title.lower())[: librarian.WORDS_OF_AN_ID]),
        source=librarian.WRITTEN,
        title=title,
        cause=draft.cause,
        fix=draft.fix,
        symptoms=tuple(draft.symptoms) or base.symptoms,
        commands=tuple(draft.commands),
        applies_to=dict(draft.applies_to),
        urls=tuple(draft.urls),
        language=draft.language or base.language,
        package=draft.package or base.package,
    )


def _checked(house: House, issue: KnownIssue) -> KnownIssue:
    """The issue as its file would give it back, masked: so it is held to the same rules as one that is reviewed."""
    if not _ID.fullmatch(issue.id):
        raise InputError(f"{issue.id!r} is no id", "it is small letters, digits, . _ - and at most 100", "Give one")
    text = redactor_of(house.settings)(render_issue_file(issue))
    return parse_issue_file(text, issue.source, f"{issue.id}.md")


def _faults(issue: KnownIssue, near: Sequence[KnownIssue]) -> list[Fault]:
    others = [(one.source, f"{one.key}.md", render_issue_file(one)) for one in near]
    name = f"{issue.key}.md"
    found = lint([*others, (issue.source, name, render_issue_file(issue))])
    return [fault for fault in found if fault.name == name]
