"""The channels' scores → one ranking, and the confidence that its first entry answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from mcp_rag.knowledge.index import DENSE_CHANNELS, Hit

CANDIDATES = 100
"""Hits asked of each channel. An entry that no channel has among its first hundred is not found. By eye."""

WEIGHTS: Mapping[tuple[str, str], float] = {
    ("text", "bm25"): 1.2,
    ("message", "bm25"): 0.6,
    ("message", "bm25_head"): 0.2,
    ("headline", "bm25"): 0.4,
    ("gist", "dense"): 1.0,
    ("unnamed", "dense_head"): 1.0,
}
"""(view of the query, channel) → weight of its z-normalised score; what has no weight is not asked. Set by hand on the
collections that docs/retrieval.md tells."""

MEANINGS = tuple(place for place in WEIGHTS if place[1] in DENSE_CHANNELS)
"""Where the query's meaning is held against the entry's."""

EXPLAINED_WEIGHT = 1.0
"""What the share of the headline's words that an entry explains adds to its fused score. Set as the weights are."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What is counted when entries are ranked: the weights, and whether matches that are certain go first. Another than
    the default one is for measuring what each part adds."""

    weights: Mapping[tuple[str, str], float] = field(default_factory=lambda: WEIGHTS)
    explained: float = EXPLAINED_WEIGHT
    certain: bool = True


RANKING = Ranking()

BIAS, COSINE_WEIGHT, COSINE_LEAD_WEIGHT, COVER_WEIGHT, HEADLINE_LEAD_WEIGHT, TEXT_LEAD_WEIGHT = (
    -3.26,
    2.38,
    2.19,
    1.22,
    0.23,
    0.26,
)
"""Logistic regression on Rust's diagnostics and its error pages with half of the answers taken out, once either half.
Held out by error code, five folds: AUC .86, and .54 of the answerable ones answered right while three in four answers
are right. The fused score adds nothing to these five."""

MATCH_FROM = 0.65
"""Confidence from which an entry is called a match: on the same folds .84 of those answers are right, and .94 of the
queries that have no answer get none. A wrong *known* is worse than an honest *unknown*."""

LEAST_COSINE, LEAST_COVER = 0.4, 0.35
"""Likeness of meaning and share of the query's words without which nothing is a match, however far ahead of the others
it is: in a small base the best of them all may be far from the query. Chosen by eye."""


def fuse(
    channels: Mapping[tuple[str, str], Sequence[Hit]], weights: Mapping[tuple[str, str], float] = WEIGHTS
) -> dict[str, float]:
    """Key → weighted sum of z-normalised scores, best first; a channel that lacks an entry gives it its floor."""
    fused: dict[str, float] = dict.fromkeys((hit.key for hits in channels.values() for hit in hits), 0.0)
    floors = 0.0
    for view_and_channel, hits in channels.items():
        weight = weights.get(view_and_channel, 0.0)
        if not hits or not weight:
            continue
        scores = [hit.score for hit in hits]
        unit, floor = weight / standard_deviation(scores), min(scores)
        floors += unit * (floor - sum(scores) / len(scores))
        for hit in hits:
            fused[hit.key] += unit * (hit.score - floor)
    fused = {key: score + floors for key, score in fused.items()}
    return dict(sorted(fused.items(), key=lambda pair: (-pair[1], pair[0])))


@dataclass(frozen=True, slots=True)
class Likeness:
    """What speaks for an entry: its cosine to the query, and its lead there over every other entry; the share of the
    message's words that it explains; and its leads in BM25 of the headline and of the whole text, in standard
    deviations of the channel's scores. A lead is negative when another entry is ahead."""

    cosine: float
    cosine_lead: float
    cover: float
    headline_lead: float
    text_lead: float


def confidence(of: Likeness) -> float:
    """The probability that the entry answers."""
    logit = (
        BIAS
        + COSINE_WEIGHT * of.cosine
        + COSINE_LEAD_WEIGHT * of.cosine_lead
        + COVER_WEIGHT * of.cover
        + HEADLINE_LEAD_WEIGHT * of.headline_lead
        + TEXT_LEAD_WEIGHT * of.text_lead
    )
    sure = 1.0 / (1.0 + math.exp(-logit))
    return sure if of.cosine >= LEAST_COSINE and of.cover >= LEAST_COVER else min(sure, MATCH_FROM / 2)


def likenesses(
    keys: Sequence[str], explained: Mapping[str, float], hits: Mapping[tuple[str, str], list[Hit]]
) -> dict[str, Likeness]:
    """Key → what speaks for the entry."""
    meant = cosines(hits)
    meaning, headline, text = leads(meant), _bm25_leads(hits, "headline"), _bm25_leads(hits, "text")
    return {
        key: Likeness(
            cosine=meant.get(key, 0.0),
            cosine_lead=meaning.get(key, -max(meant.values(), default=0.0)),
            cover=explained.get(key, 0.0),
            headline_lead=headline.get(key, 0.0),
            text_lead=text.get(key, 0.0),
        )
        for key in keys
    }


def _bm25_leads(hits: Mapping[tuple[str, str], list[Hit]], view: str) -> dict[str, float]:
    scores = {hit.key: hit.score for hit in hits.get((view, "bm25"), ())}
    return leads(scores, standard_deviation(list(scores.values())))


def cosines(hits: Mapping[tuple[str, str], list[Hit]]) -> dict[str, float]:
    """Key → the likeness of meaning of the query to the entry: as a whole, or of what it says to the head, whichever is
    nearer."""
    best: dict[str, float] = {}
    for view_and_channel in MEANINGS:
        for hit in hits.get(view_and_channel, ()):
            best[hit.key] = max(best.get(hit.key, 0.0), hit.score)
    return best


def leads(scores: Mapping[str, float], spread: float = 1.0) -> dict[str, float]:
    """Key → how far its score is ahead of the best other one, in units of ``spread``."""
    first, second = ([*sorted(scores.values(), reverse=True), 0.0, 0.0])[:2]
    return {key: (score - (second if score == first else first)) / spread for key, score in scores.items()}


def standard_deviation(values: Sequence[float]) -> float:
    """The spread of the values; 1 when they have none, so that it can divide."""
    mean = sum(values) / len(values) if values else 0.0
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values)) or 1.0 if values else 1.0


def cover(words: AbstractSet[str], entries: Sequence[AbstractSet[str]]) -> list[float]:
    """For each entry the share of the query's ``words`` that it explains, a word weighing more the fewer have it."""
    weight = {word: math.log((len(entries) + 1) / (1 + sum(word in entry for entry in entries))) for word in words}
    total = sum(weight.values())
    return [sum(weight[word] for word in words & entry) / total if total else 0.0 for entry in entries]
