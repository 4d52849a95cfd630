"""What people said of an issue's fix, weighed for one query: the later and the more alike the failure, the more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mcp_rag.knowledge.tokens import stems
from mcp_rag.ledger import Saying
from mcp_rag.records import OutcomeKind, Query

CONFIRMED = "confirmed"
"""Source of the known issues that a person's confirmed fix made."""

HALF_LIFE = timedelta(days=180)
"""After which what a person said counts half: a library of this field brings several releases in half a year, and what
helped under the old one may not help under the next. Chosen by eye."""

ALIKE_FROM = 0.5
"""Share of the words of two messages together that both have, from which a rejection of the one counts for the other.
Chosen by eye."""

PRIOR = 4.0
"""Confirmations that every fix is taken to have had already, so that one rejection elsewhere doubts it by a fifth and
no more. Chosen by eye."""


@dataclass(frozen=True, slots=True)
class Votes:
    """``here``: confirmations less rejections for this very failure, decayed; ``confirmed_here`` counts the former as
    they are. ``elsewhere``, decayed, and ``confirmed_elsewhere``: the same for failures that say the same in another
    place. ``rejected_alike``: 0 to 1, how much a rejection for a failure like this one speaks against the fix, and
    ``trust``: 0 to 1, what its rejections for all failures together leave of it; ``helped``: decayed, for all."""

    here: float = 0.0
    confirmed_here: int = 0
    elsewhere: float = 0.0
    confirmed_elsewhere: int = 0
    rejected_alike: float = 0.0
    trust: float = 1.0
    helped: float = 0.0


def weigh(sayings: Iterable[Saying], query: Query, now: datetime) -> dict[str, Votes]:
    """Issue key → the votes on it."""
    words = set(stems(query.message)) if query.message else set()
    by_key: dict[str, list[Saying]] = {}
    for saying in sayings:
        by_key.setdefault(saying.issue_key, []).append(saying)
    return {key: _weigh(said, query, words, now) for key, said in by_key.items()}


def _weigh(said: Sequence[Saying], query: Query, words: set[str], now: datetime) -> Votes:
    here = elsewhere = alike = helped = failed = 0.0
    confirmed = confirmed_elsewhere = 0
    for saying in said:
        weight = decayed(saying.at, now)
        vote = weight if saying.kind is OutcomeKind.CONFIRMED else -weight
        helped, failed = helped + max(vote, 0.0), failed + max(-vote, 0.0)
        if query.fingerprint and saying.fingerprint == query.fingerprint:
            here += vote
            confirmed += vote > 0
            continue
        if query.sentence and saying.sentence == query.sentence:
            elsewhere += vote
            confirmed_elsewhere += vote > 0
        alike += vote * likeness(words, set(stems(saying.message)))
    trust = (helped + PRIOR) / (helped + failed + PRIOR)
    return Votes(here, confirmed, elsewhere, confirmed_elsewhere, min(max(-alike, 0.0), 1.0), trust, helped)


def decayed(at: datetime, now: datetime) -> float:
    """What is left of the weight of something said ``at``: 1 now, a half after a half-life."""
    return float(0.5 ** (max(now - at, timedelta()) / HALF_LIFE))


def likeness(one: set[str], other: set[str]) -> float:
    """Share of the words of two messages together that both have; 0 when it is too small to count."""
    share = len(one & other) / len(one | other) if one and other else 0.0
    return share if share >= ALIKE_FROM else 0.0
