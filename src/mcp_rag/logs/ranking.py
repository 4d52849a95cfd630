"""Which block first: the first real cause, not what follows from it nor what was harmless before it.

A linear ranker over the features of ``features.py``. Its weights stand in ``ranking.json``, one a line, and are
made by ``scripts/train_span_ranker.py`` (conditional logit over the blocks of a log).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from mcp_rag.logs.blocks import Survey
from mcp_rag.logs.features import NAMES, features


@cache
def weights() -> tuple[float, ...]:
    """The weight of each feature, in the order of ``features.NAMES``."""
    learned: dict[str, float] = json.loads(files("mcp_rag.logs").joinpath("ranking.json").read_text("utf-8"))["weights"]
    return tuple(learned[name] for name in NAMES)


def scores(found: Survey, texts: Sequence[str]) -> list[float]:
    """A score for each block of ``found``, higher for likelier causes."""
    learned = weights()
    return [
        sum(weight * value for weight, value in zip(learned, vector, strict=True)) for vector in features(found, texts)
    ]
