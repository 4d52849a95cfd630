"""A known issue that a team writes down itself: drafted, checked, held against what is like it, and kept."""

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
from mcp_rag.records import KnownIssue
from mcp_rag.wiring import House, redactor_of

TEAM = "team"
"""Source of the known issues that a team added through a served face."""

NEIGHBOURS = 5
NEAR = 0.2
"""Confidence from which on an entry is shown beside the new one, as `mcp-rag add` does. Chosen by eye."""

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


class FaultOfIssue(BaseModel):
    """What is wrong with a known issue."""

    rule: str = Field(description="shape, link, empty, double, symptom or taken")
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
    near = [e for e in house.search([issue.title], NEIGHBOURS)[0] if e.match or e.confidence >= NEAR]
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


def _drafted(house: House, draft: Draft) -> KnownIssue:
    base = KnownIssue(id="", source=TEAM, title="")
    if draft.incident:
        base = librarian.draft(house.ledger.incidents.get(draft.incident))
    title = draft.title or base.title
    return replace(
        base,
        id=draft.id or base.id or "-".join(re.findall(r"[a-z0-9]+", title.lower())[: librarian.WORDS_OF_AN_ID]),
        source=TEAM,
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
    checked = parse_issue_file(text, TEAM, f"{issue.id}.md")
    if house.ledger.issues.many([checked.key]):
        raise InputError(f"{checked.key} is there already", "an entry is never written over", "Give another id")
    return checked


def _faults(issue: KnownIssue, near: Sequence[KnownIssue]) -> list[Fault]:
    others = [(one.source, f"{one.key}.md", render_issue_file(one)) for one in near]
    name = f"{issue.key}.md"
    found = lint([*others, (TEAM, name, render_issue_file(issue))])
    return [fault for fault in found if fault.name == name]
