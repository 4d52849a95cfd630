"""The channels' scores → one ranking, and the confidence that its first entry answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from mcp_rag.knowledge.index import Hit

CANDIDATES = 100
"""Hits asked of each channel. An entry that no channel has among its first hundred is not found. By eye."""

WEIGHTS: Mapping[tuple[str, str], float] = {
    ("text", "bm25"): 1.0,
    ("message", "bm25"): 1.0,
    ("message", "bm25_head"): 0.4,
    ("headline", "bm25"): 0.5,
    ("message", "dense"): 0.5,
    ("message", "dense_head"): 0.7,
    ("text", "dense"): 0.3,
}
"""(view of the query, channel) → weight of its z-normalised score; what has no weight is not asked. Set on Rust's error
pages and shown on Ruff's rules, both searched with diagnostics that do not give their code."""

EXPLAINED_WEIGHT = 3.0
"""What the share of the message's words that an entry explains adds to its fused score. Set as the weights are."""

BIAS, SCORE_WEIGHT, MARGIN_WEIGHT, COSINE_WEIGHT, COVER_WEIGHT = -6.25, 0.081, 0.128, 3.95, 2.6
"""Logistic regression on Rust's diagnostics and its error pages with half of the answers taken out; the mean of the fits
to either half taken out. Held out by error code, five folds: AUC .82, and .41 of the answerable ones answered right
while three in four answers are right."""

MATCH_FROM = 0.65
"""Confidence from which an entry is called a match: on the same folds .86 of those answers are right, and .96 of the
queries that have no answer get none. A wrong *known* is worse than an honest *unknown*."""

LEAST_COSINE, LEAST_COVER = 0.4, 0.35
"""Likeness of meaning and share of the query's words without which nothing is a match, however far ahead of the others
it is: in a small base the best of them all may be far from the query. Chosen by eye."""


def fuse(channels: Mapping[tuple[str, str], Sequence[Hit]]) -> dict[str, float]:
    """Key → weighted sum of z-normalised scores, best first; a channel that lacks an entry gives it its floor."""
    fused: dict[str, float] = dict.fromkeys((hit.key for hits in channels.values() for hit in hits), 0.0)
    for view_and_channel, hits in channels.items():
        weight = WEIGHTS.get(view_and_channel, 0.0)
        if not hits or not weight:
            continue
        scores = [hit.score for hit in hits]
        mean = sum(scores) / len(scores)
        spread = math.sqrt(sum((s - mean) ** 2 for s in scores) / len(scores)) or 1.0
        floor = (min(scores) - mean) / spread
        normal = {hit.key: (hit.score - mean) / spread for hit in hits}
        for key in fused:
            fused[key] += weight * normal.get(key, floor)
    return dict(sorted(fused.items(), key=lambda pair: (-pair[1], pair[0])))


def confidence(score: float, margin: float, cosine: float, cover: float) -> float:
    """The probability that an entry answers: its fused score, its lead over the next, its cosine, the query's share
    that it explains."""
    logit = BIAS + SCORE_WEIGHT * score + MARGIN_WEIGHT * margin + COSINE_WEIGHT * cosine + COVER_WEIGHT * cover
    sure = 1.0 / (1.0 + math.exp(-logit))
    return sure if cosine >= LEAST_COSINE and cover >= LEAST_COVER else min(sure, MATCH_FROM / 2)


def cover(words: AbstractSet[str], entries: Sequence[AbstractSet[str]]) -> list[float]:
    """For each entry the share of the query's ``words`` that it explains, a word weighing more the fewer have it."""
    weight = {word: math.log((len(entries) + 1) / (1 + sum(word in entry for entry in entries))) for word in words}
    total = sum(weight.values())
    return [sum(weight[word] for word in words & entry) / total if total else 0.0 for entry in entries]
