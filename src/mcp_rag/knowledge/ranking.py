"""The channels' scores → one ranking, and the confidence that its first entry answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mcp_rag.knowledge.index import Hit

CANDIDATES = 100
"""Hits asked of each channel. An entry that no channel has among its first hundred is not found. By eye."""

WEIGHTS: Mapping[tuple[str, str], float] = {
    ("text", "bm25"): 1.0,
    ("message", "bm25"): 1.0,
    ("message", "bm25_head"): 0.8,
    ("message", "dense"): 0.5,
    ("message", "dense_head"): 0.7,
    ("text", "dense"): 0.3,
}
"""(view of the query, channel) → weight of its z-normalised score."""

MARGIN_WEIGHT, SCORE_WEIGHT, COSINE_WEIGHT, COVER_WEIGHT, BIAS = 1.3, 0.25, 5.0, 2.5, -7.2
MATCH_FROM = 0.75
"""Confidence from which an entry is called a match: a wrong *known* is worse than an honest *unknown*."""


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
    return 1.0 / (1.0 + math.exp(-logit))
