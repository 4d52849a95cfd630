#!/usr/bin/env python3
"""Learn the weights of the span ranker and print what they are worth on repositories that were held out.

    python scripts/train_span_ranker.py LABELLED.jsonl.gz [--write]

The input holds one log a row: ``{"id": "language/repository/…", "log": "…", "gold": [[first, last]]}``. The model is
a conditional logit: each log chooses one of its blocks, with a probability that grows with the weighted sum of
the block's features; the target is the square of each block's F1 against the labelled lines. Nothing is
random; numpy alone is needed.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import statistics
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcp_rag.logs.blocks import survey
from mcp_rag.logs.features import NAMES, features
from mcp_rag.logs.log import Log
from mcp_rag.logs.tail import last_outputs

WEIGHTS = Path(__file__).parent.parent / "src/mcp_rag/logs/ranking.json"
FOLDS = 5
PENALTY = 0.05
"""Of the squared weights, over features of unit variance. 0.001, 0.01 and 0.05 gave .652, .672 and .698 of F1 on
held-out repositories (``LogChunks``' public half)."""
STEPS, RATE = 400, 0.05

BY_HAND = {
    "in failing step": 1000.0,
    "role crash": 70.0,
    "role compile": 60.0,
    "role test": 50.0,
    "role tool": 40.0,
    "role generic": 30.0,
    "role logged": 20.0,
    "role weak": 10.0,
    "position": -1.0,
}
"""The order that one would write down: what the failing step says, what stops a program before what stops a tool, and
the first of its kind."""


@dataclass
class Labelled:
    repository: str
    vectors: np.ndarray
    worth: np.ndarray


def read(path: str) -> list[Labelled]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [labelled for line in file if (labelled := _labelled(json.loads(line))) is not None]


def _labelled(row: dict[str, Any]) -> Labelled | None:
    texts = Log(row["id"], row["log"].encode("utf-8")).texts
    found = survey(texts)
    found.blocks.extend(last_outputs(found, texts))
    if not found.blocks:
        return None
    gold = {line for first, last in row["gold"] for line in range(first, last + 1)}
    worth = [f1(set(range(block.first + 1, block.last + 2)), gold) for block in found.blocks]
    return Labelled("/".join(row["id"].split("/")[:2]), np.array(features(found, texts)), np.array(worth))


def f1(shown: set[int], gold: set[int]) -> float:
    both = len(shown & gold)
    return 2 * both / (len(shown) + len(gold)) if both else 0.0


def fit(logs: list[Labelled]) -> np.ndarray:
    """The weights, by Adam on the penalised likelihood; each repository counts alike."""
    scale = np.vstack([log.vectors for log in logs]).std(axis=0)
    scale = np.where(scale < 1e-3, 1.0, scale)
    usable = [
        (log.vectors / scale, log.worth**2 / (log.worth**2).sum(), log.repository) for log in logs if log.worth.any()
    ]
    share: defaultdict[str, int] = defaultdict(int)
    for _, _, repository in usable:
        share[repository] += 1
    weights = mean = variance = np.zeros(len(scale))
    for step in range(1, STEPS + 1):
        gradient = PENALTY * weights
        for vectors, target, repository in usable:
            value = vectors @ weights
            chance = np.exp(value - value.max())
            gradient = gradient + vectors.T @ (chance / chance.sum() - target) / share[repository] / len(share)
        mean = 0.9 * mean + 0.1 * gradient
        variance = 0.99 * variance + 0.01 * gradient**2
        weights = weights - RATE * (mean / (1 - 0.9**step)) / (np.sqrt(variance / (1 - 0.99**step)) + 1e-8)
    return weights / scale


def first_f1(logs: list[Labelled], weights: np.ndarray) -> list[float]:
    return [float(log.worth[int(np.argmax(log.vectors @ weights))]) for log in logs]


def fold_of(repository: str) -> int:
    return int(hashlib.sha256(repository.encode()).hexdigest(), 16) % FOLDS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS.name}")
    arguments = parser.parse_args()
    logs = read(arguments.data)
    held_out: list[float] = []
    for fold in range(FOLDS):
        weights = fit([log for log in logs if fold_of(log.repository) != fold])
        held_out += first_f1([log for log in logs if fold_of(log.repository) == fold], weights)
    weights = fit(logs)
    by_hand = first_f1(logs, np.array([BY_HAND.get(name, 0.0) for name in NAMES]))
    print(f"F1 of the first span: {statistics.mean(by_hand):.3f} in a hand-made order,", end=" ")
    print(f"{statistics.mean(held_out):.3f} by weights of other repositories,", end=" ")
    print(f"{statistics.mean(first_f1(logs, weights)):.3f} by weights of all,", end=" ")
    print(f"{statistics.mean(float(log.worth.max()) for log in logs):.3f} for the best block")
    if arguments.write:
        learned = {name: round(float(weight), 4) for name, weight in zip(NAMES, weights, strict=True)}
        WEIGHTS.write_text(json.dumps({"version": 1, "weights": learned}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
