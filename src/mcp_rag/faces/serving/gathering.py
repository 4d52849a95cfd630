"""The failures that were seen, with their trend, put together into groups and taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field

from mcp_rag.errors import InputError, NotFound
from mcp_rag.faces.serialisation import stored_incident_to_json
from mcp_rag.faces.serving.answers import ExcerptLine, IncidentAnswer
from mcp_rag.ledger import StoredIncident
from mcp_rag.logs.grouping import Group, Join, Member, group
from mcp_rag.records import GroupingDecision, GroupingKind, Verdict
from mcp_rag.wiring import House

GROUPED = 500
"""So many of the latest incidents are put together. Chosen by eye."""

TREND_DAYS = 30


class DayAnswer(BaseModel):
    day: date
    count: int


class SeenAnswer(IncidentAnswer):
    """A failure with its trend."""

    source: str = Field(description="what the latest log was called")
    trend: list[DayAnswer] = Field(description=f"days (UTC) of the last {TREND_DAYS} on which it was seen")


class FoundAnswer(BaseModel):
    incidents: list[SeenAnswer]
    total: int = Field(description="how many there are without a limit")


class SaidAnswer(BaseModel):
    outcome: str
    issue: str | None
    fix: str | None
    at: datetime


class OneSeenAnswer(SeenAnswer):
    """A failure in full."""

    excerpt: list[ExcerptLine]
    outcomes: list[SaidAnswer] = Field(description="what was said of its diagnoses, oldest first")


class JoinAnswer(BaseModel):
    first: str = Field(description="an incident")
    second: str
    reason: str


class GroupAnswer(BaseModel):
    """Incidents that are one failure."""

    message: str
    count: int = Field(description="how often any of them was seen")
    incidents: list[str]
    joins: list[JoinAnswer] = Field(description="why each is one with another")


class GroupsAnswer(BaseModel):
    groups: list[GroupAnswer] = Field(description=f"of the latest {GROUPED} incidents, most often seen first")


@dataclass(frozen=True, slots=True)
class Gathered:
    """A group of incidents that are one failure: all that were seen of it, and why each joining happened."""

    group: Group
    incidents: tuple[StoredIncident, ...]
    joins: tuple[tuple[Join, StoredIncident | None, StoredIncident | None], ...]

    @property
    def count(self) -> int:
        return sum(one.history.count for one in self.incidents)


def first_day_of_trend() -> date:
    """The first of the :data:`TREND_DAYS` days that end today (UTC)."""
    return datetime.now(UTC).date() - timedelta(days=TREND_DAYS - 1)


def by_day(house: House, found: Sequence[StoredIncident], first: date) -> dict[str, dict[date, int]]:
    """For each incident how often it was seen on each day from ``first`` on; days without are left out."""
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return house.ledger.incidents.sightings_by_day([one.id for one in found], since)


def found_incidents(house: House, text: str, verdict: Verdict | None, limit: int, offset: int) -> dict[str, Any]:
    """The incidents seen last that hold ``text``, and how many there are."""
    incidents = house.ledger.incidents
    found = incidents.find(text, verdict, limit, offset)
    return {"incidents": _told(house, found), "total": incidents.count_found(text, verdict)}


def near_incidents(house: House, text: str, limit: int) -> dict[str, Any]:
    """The incidents nearest to ``text`` in words and meaning, best first."""
    found = [one.stored for one in house.search_incidents(text, limit)]
    return {"incidents": _told(house, found), "total": len(found)}


def one_incident(house: House, name: str) -> dict[str, Any]:
    """One incident in full.

    Raises:
        NotFound: there is none, or several.
    """
    if name == "last":
        raise NotFound("`last` names no incident here", "others may have asked since", "Give the incident's id")
    stored = house.ledger.incidents.get(name)
    return {
        **_told(house, [stored])[0],
        "excerpt": [{"line": line.line, "text": line.text} for line in stored.incident.excerpt],
        "outcomes": [
            {"outcome": said.kind.value, "issue": said.issue_key, "fix": said.fix, "at": said.at}
            for said in stored.outcomes
        ],
    }


def _told(house: House, found: Sequence[StoredIncident]) -> list[dict[str, Any]]:
    trends = by_day(house, found, first_day_of_trend())
    return [
        {
            **stored_incident_to_json(one),
            "source": one.source,
            "trend": [{"day": day, "count": count} for day, count in sorted(trends[one.id].items())],
        }
        for one in found
    ]


def groups(house: House) -> dict[str, Any]:
    """The groups of the latest incidents, each joining with its reason."""
    gathered, _, _ = gather(house)
    return {"groups": [_group_told(one) for one in gathered]}


def _group_told(one: Gathered) -> dict[str, Any]:
    joins = [
        {
            "first": first.id if first else join.first,
            "second": second.id if second else join.second,
            "reason": join.reason,
        }
        for join, first, second in one.joins
    ]
    return {
        "message": one.group.incident.message,
        "count": one.count,
        "incidents": [each.id for each in one.incidents],
        "joins": joins,
    }


def gather(house: House) -> tuple[list[Gathered], list[GroupingDecision], dict[str, StoredIncident]]:
    """The groups of the latest incidents, what people decided of these, the latest first, and each by its
    fingerprint."""
    found = house.ledger.incidents.list(GROUPED)
    by_fingerprint = {one.fingerprint: one for one in found}
    decisions = house.ledger.groupings.decisions()
    grouped = group([Member(one.id, one.incident) for one in found], decisions)
    gathered = [_gather(each, by_fingerprint) for each in grouped]
    told = [one for one in reversed(decisions) if {one.first, one.second} <= set(by_fingerprint)]
    return sorted(gathered, key=lambda one: -one.count), told, by_fingerprint


def _gather(group: Group, by_fingerprint: dict[str, StoredIncident]) -> Gathered:
    members = tuple(by_fingerprint[member.incident.fingerprint] for member in group.members)
    joins = tuple((join, by_fingerprint.get(join.first), by_fingerprint.get(join.second)) for join in group.joins)
    return Gathered(group, members, joins)


def decide(house: House, kind: GroupingKind, chosen: Sequence[str]) -> None:
    """Write down that the failures of ``chosen``, incidents by id or fingerprint, are one with the first, or are not.

    Raises:
        NotFound: there is no such incident.
        InputError: they are fewer than two failures.
    """
    fingerprints = list(dict.fromkeys(house.ledger.incidents.get(name).fingerprint for name in chosen))
    if len(fingerprints) < 2:
        raise InputError("Nothing was decided", "fewer than two failures were chosen", "Choose two or more")
    for other in fingerprints[1:]:
        house.ledger.groupings.decide(kind, fingerprints[0], other)
