"""How sure a known issue is of a failure by what people said of it, with the reasons in words."""

from __future__ import annotations

from mcp_rag.knowledge.tool_indexes.index import TOOL_PREFIX
from mcp_rag.knowledge.votes import CONFIRMED, Votes
from mcp_rag.records import KnownIssue, Query

CONFIRMED_CONFIDENCE, PATTERN_CONFIDENCE = 0.98, 0.95
FEW_WORDS_CONFIDENCE = 0.7
"""In a fix that was confirmed for this failure, of which the log tells neither a place nor more than ``Killed`` does: it may
as well be another one. Chosen by eye."""
ELSEWHERE_CONFIDENCE, ELSEWHERE_LEAD = 0.9, 0.06
"""In a fix that was confirmed for the same message in another place, and what it is ahead of a symptom pattern all the
same: somebody has tried it. Chosen by eye."""
EXPLAINED_CONFIDENCE = 0.9
"""In what a tool says of its own error code: right, and less to the point than an issue that somebody wrote down."""

REJECTED_FACTOR = 0.3
"""What a rejection for this very failure leaves of an issue's confidence. Chosen by eye."""

MOST_HELP = 5.0
"""Confirmations, decayed, beyond which one more raises an issue no further: it breaks ties, and no pattern's lead of
that many literal characters. Chosen by eye."""
STANDING_WEIGHT, REJECTED_WEIGHT = 0.5, 3.0
"""What a standing can add to or take from a fused score, and what a rejection for a failure like this one takes:
three times what explaining all of the headline's words adds. Chosen by eye."""


def holds_elsewhere(votes: Votes) -> bool:
    """Whether a fix stands confirmed for the same message in another place, and neither way for this very failure."""
    return votes.elsewhere > 0 and votes.here == 0


def _says_little(query: Query) -> bool:
    """Whether neither sentence nor place tells this failure from others that fail in the same words."""
    return not query.sentence and not query.has_place


def sure_of(issue: KnownIssue, query: Query, votes: Votes) -> float:
    """How sure a certain match is, by what bears it."""
    if votes.here > 0:
        return FEW_WORDS_CONFIDENCE if _says_little(query) else CONFIRMED_CONFIDENCE
    if holds_elsewhere(votes) or (issue.source == CONFIRMED and votes.here == 0):
        return ELSEWHERE_CONFIDENCE * left_of(votes)
    return (EXPLAINED_CONFIDENCE if issue.source.startswith(TOOL_PREFIX) else PATTERN_CONFIDENCE) * left_of(votes)


def reasons_for(query: Query, votes: Votes) -> list[str]:
    if votes.here > 0:
        which = "these few words, which other failures end in too" if _says_little(query) else "this failure"
        return [f"its fix was confirmed for {which} ({votes.confirmed_here}×)"]
    if holds_elsewhere(votes):
        return [f"its fix was confirmed for the same message, in another place ({votes.confirmed_elsewhere}×)"]
    return []


def left_of(votes: Votes) -> float:
    """What rejections leave of an issue's confidence: those for this failure, for failures like it, and for all."""
    if votes.here < 0:
        return REJECTED_FACTOR
    return (1.0 - (1.0 - REJECTED_FACTOR) * votes.rejected_alike) * votes.trust


def reasons_against(votes: Votes) -> list[str]:
    if votes.here < 0:
        return ["its fix was rejected for this failure"]
    return ["its fix was rejected for a failure like this one"] if votes.rejected_alike > 0 else []


def help_of(votes: Votes) -> float:
    return min(votes.helped, MOST_HELP)


def standing_of(votes: Votes) -> float:
    """What people's outcomes add to a fused score, or take from it."""
    against = 1.0 if votes.here < 0 else votes.rejected_alike
    return (
        STANDING_WEIGHT * help_of(votes) / MOST_HELP - REJECTED_WEIGHT * against - STANDING_WEIGHT * (1.0 - votes.trust)
    )
