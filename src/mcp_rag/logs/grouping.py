"""Many incidents → groups of one failure each, every joining of unlike fingerprints explained.

Incidents of one fingerprint are one failure. Beyond that, two fingerprints are joined where a sentence or a place is
telling enough; a person's decision goes before both, and the later before the earlier.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mcp_rag.logs.framing import stable_name
from mcp_rag.logs.incident import FINGERPRINT_FRAMES, without_place
from mcp_rag.records import GroupingDecision, GroupingKind, Incident

TELLING_WORDS = 6
"""Plain words from which on a sentence names one failure wherever it strikes. Chosen by eye: ``No such file or
directory`` has five and strikes everywhere."""

SENTENCE_WORDS = 2
"""Plain words that a sentence needs to join what shares a frame too. Chosen by eye."""

ALIKE = 0.6
"""Share of two sentences' words that they must have in common where error type and innermost frame are the same.
Chosen by eye."""

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_MASKED = re.compile(r"<\w+>")
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Member:
    """One log's failure."""

    source: str
    incident: Incident


@dataclass(frozen=True, slots=True)
class Join:
    """Why the failures of two fingerprints are one."""

    first: str
    second: str
    reason: str


@dataclass(frozen=True, slots=True)
class Group:
    """One failure: its members in the order given; ``id`` is the fingerprint that most of them bear."""

    id: str
    members: tuple[Member, ...]
    joins: tuple[Join, ...]

    @property
    def incident(self) -> Incident:
        """The first member's that bears the group's own fingerprint."""
        return next(m.incident for m in self.members if m.incident.fingerprint == self.id)


def group(members: Sequence[Member], decisions: Sequence[GroupingDecision] = ()) -> list[Group]:
    """The groups of ``members``, the largest first; ``decisions`` oldest first."""
    of: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        of[member.incident.fingerprint].append(member)
    clusters = _Clusters()
    for decision in reversed(decisions):
        clusters.decide(decision)
    for join in _alike([them[0].incident for them in of.values()]):
        clusters.join(join)
    together: dict[str, list[str]] = defaultdict(list)
    for fingerprint in of:
        together[clusters.of(fingerprint)].append(fingerprint)
    groups = [_group(fingerprints, of, clusters.joins) for fingerprints in together.values()]
    return sorted(groups, key=lambda group: (-len(group.members), group.id))


def _group(fingerprints: Sequence[str], of: Mapping[str, Sequence[Member]], joins: Sequence[Join]) -> Group:
    chief = min(fingerprints, key=lambda fingerprint: (-len(of[fingerprint]), fingerprint))
    members = tuple(member for fingerprint in fingerprints for member in of[fingerprint])
    within = set(fingerprints)
    return Group(chief, members, tuple(join for join in joins if {join.first, join.second} & within))


class _Clusters:
    """Fingerprints joined into clusters, some of which are never to meet."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self._apart: list[tuple[str, str]] = []
        self.joins: list[Join] = []

    def of(self, fingerprint: str) -> str:
        while (parent := self._parent.get(fingerprint, fingerprint)) != fingerprint:
            fingerprint = parent
        return fingerprint

    def decide(self, decision: GroupingDecision) -> None:
        """Take a decision in; one that contradicts those taken in before is passed over."""
        if decision.kind is GroupingKind.MERGE:
            self.join(Join(decision.first, decision.second, "merged by a person"))
        elif self.of(decision.first) != self.of(decision.second):
            self._apart.append((decision.first, decision.second))

    def join(self, join: Join) -> None:
        first, second = self.of(join.first), self.of(join.second)
        if first != second and not any({self.of(a), self.of(b)} == {first, second} for a, b in self._apart):
            self._parent[second] = first
            self.joins.append(join)


def _alike(incidents: Sequence[Incident]) -> Iterator[Join]:
    """The joinings that the incidents themselves bear, one of each fingerprint being given."""
    yield from _joins(incidents, _said, _same_sentence)
    yield from _joins([i for i in incidents if i.frames], _struck, _same_place)


def _joins(
    incidents: Sequence[Incident],
    shared: Callable[[Incident], tuple[str, ...]],
    reason_for: Callable[[Incident, Incident], str | None],
) -> Iterator[Join]:
    """Each incident with the first one before it that shares a key with it and that gives a reason."""
    before: dict[tuple[str, ...], list[Incident]] = defaultdict(list)
    for incident in incidents:
        alike = before[shared(incident)]
        for other in alike:
            reason = reason_for(other, incident)
            if reason:
                yield Join(other.fingerprint, incident.fingerprint, reason)
                break
        else:
            alike.append(incident)


def _family(incident: Incident) -> tuple[str, str]:
    return incident.language or incident.tool or "", incident.error_type or ""


def _said(incident: Incident) -> tuple[str, ...]:
    return *_family(incident), without_place(incident.template).casefold()


def _struck(incident: Incident) -> tuple[str, ...]:
    return *_family(incident), stable_name(incident.frames[-1])


def _same_sentence(one: Incident, other: Incident) -> str | None:
    words = len(_words(one))
    common = _innermost(one) & _innermost(other)
    if words >= TELLING_WORDS or (words >= SENTENCE_WORDS and (common or not (one.frames or other.frames))):
        kind = f"{one.error_type} and sentence" if one.error_type else "sentence"
        return f"the same {kind}; {_difference(one, other)}"
    return None


def _same_place(one: Incident, other: Incident) -> str | None:
    mine, theirs = _words(one), _words(other)
    if _QUOTED.findall(one.template) != _QUOTED.findall(other.template):
        return None  # another module, key or file is another failure
    if not mine | theirs or len(mine & theirs) < ALIKE * len(mine | theirs):
        return None
    place = stable_name(one.frames[-1]).rstrip(":")
    return f"the same {one.error_type or 'failure'} in {place}; the sentences differ in {_quoted(mine ^ theirs)}"


def _innermost(incident: Incident) -> frozenset[str]:
    return frozenset(map(stable_name, incident.frames[-FINGERPRINT_FRAMES:]))


def _difference(one: Incident, other: Incident) -> str:
    mine, theirs = _innermost(one), _innermost(other)
    if not mine ^ theirs:
        return "written elsewhere in the source"
    return f"the frames differ in {_quoted(frozenset(name.rstrip(':') for name in mine ^ theirs))}"


def _quoted(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)[:4]) or "their numbers"


def _words(incident: Incident) -> frozenset[str]:
    return frozenset(_WORD.findall(_MASKED.sub(" ", without_place(incident.template)).casefold()))
