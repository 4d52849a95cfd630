#!/usr/bin/env python3
"""Learn the weights that tell a log that failed from one that passed, and print what they are worth on sets not seen.

    python scripts/train_outcome.py FOLDER... [--labelled LABELLED.jsonl.gz]... [--write]

A folder holds logs and ``gold.jsonl``, one log a row: ``{"file": "logs/a.log", "kind": "clean"}``, or another kind, with
the ``key`` line of its failure. A labelled file is the input of ``train_span_ranker.py``; rows with ``good`` hold the log
of a run that passed beside the one that failed. Pieces are made of them: of a failure what somebody would paste (its
block alone, the log up to it, its block between two lines), and its block among hundreds of lines, and below a warning of a
program that went on, and of one that did not; of a labelled log the lines up to the bad exit, and those up to
the last good one before it, which passed.

The model is a logistic one over the blocks of a log: the log failed if one of its blocks did. Failing and passing logs
count alike in all. Nothing is random; numpy alone is needed.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcp_rag.logs.blocks import Block, Survey, survey
from mcp_rag.logs.cleaning import Cleaner
from mcp_rag.logs.grammars.outcomes import Ending
from mcp_rag.logs.grammars.rule import Role
from mcp_rag.logs.outcome import any_of, is_certain, last_good_end
from mcp_rag.logs.outcome_blocks import judged
from mcp_rag.logs.outcome_features import MOST_LINES, NAMES, features

WEIGHTS = Path(__file__).parent.parent / "src/mcp_rag/logs/outcome.json"
PENALTY = 1.0
"""Of the squared weights, over features of unit variance, all features together. From 0.6 to 2.4 it changes little."""
RAREST = 0.1
"""Deviation that a feature is taken to have at least: else one that few logs show would get a large weight from them."""
STEPS, RATE = 500, 0.05
PASTED, CUT, MADE = 0.25, 0.5, 0.15
"""How much a piece of a log weighs beside a whole one. Where what is made weighs .12, a lone error early in a long log is
missed; where it weighs .16, eight more passing logs are not called clean, by weights of the other sets."""
SHORTEST_CUT = 20
"""Lines from which on the beginning of a log is a log of its own."""


@dataclass
class Judged:
    """A log as far as it is learned from; ``whole`` unless it is a piece of one."""

    set: str
    name: str
    failed: bool
    vectors: np.ndarray
    hard: bool
    weight: float = 1.0
    whole: bool = True


def judge(texts: Sequence[str], found: Survey, failed: bool, name: str, of: str, weight: float = 1.0) -> Judged:
    done = last_good_end(found, texts)
    blocks = judged(found, done, texts)
    vectors = np.array(features(blocks, found, texts)).reshape(-1, len(NAMES))
    return Judged(of, name, failed, vectors, is_certain(found, done, blocks, texts), weight, weight == 1.0)


def read_folder(folder: Path) -> Iterator[Judged]:
    for line in (folder / "gold.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        data = (folder / row["file"]).read_bytes()
        texts = Cleaner.for_log(data).clean_block(data)
        found = survey(texts)
        failed = row["kind"] != "clean"
        yield judge(texts, found, failed, row["file"], folder.name)
        telling = _telling(found, row["key"] - 1) if failed and "key" in row else None
        if telling is not None:
            for piece in _pasted(texts, telling):
                yield judge(piece, survey(piece), True, row["file"], folder.name, PASTED)
            if telling.rule.role >= Role.TEST:
                lines = list(texts[telling.first : telling.last + 1])
                for piece, fails in ((_buried(lines), True), (_warned(lines), True), (_dealt_with(lines), False)):
                    yield judge(piece, survey(piece), fails, row["file"], folder.name, MADE)


def _telling(found: Survey, key: int) -> Block | None:
    """The block that holds the line which names the cause."""
    blocks = (block for block in found.blocks if block.rule.role >= Role.LOGGED)
    return next((block for block in blocks if block.first <= key <= block.last), None)


def _pasted(texts: Sequence[str], block: Block) -> list[list[str]]:
    ends = ((block.first, block.last + 1), (0, block.last + 1), (max(0, block.first - 1), block.last + 3))
    return [list(texts[first:end]) for first, end in ends]


def _buried(lines: list[str]) -> list[str]:
    """A failure among very many lines of which none says that it was dealt with."""
    parts = [f"part {number} of the archive" for number in range(2 * MOST_LINES)]
    return parts[:9] + lines + parts[9:]


def _warned(lines: list[str]) -> list[str]:
    """A failure below the warning of a program that did not go on."""
    return ["+ exec bin/orders --retries 3", "WARNING trying once more", *lines, "v3.1.0"]


def _dealt_with(lines: list[str]) -> list[str]:
    """A failure below the record of a program that took it for no more than a warning, and went on."""
    records = [f"2026-11-27 10:00:{number:02} INFO order {number} booked" for number in range(9)]
    return [*records[:2], "2026-11-27 10:00:02 WARNING order 2 goes to the next round", *lines, *records[3:]]


def read_labelled(path: Path) -> Iterator[Judged]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            for key, failed in (("log", True), ("good", False)):
                if key in row:
                    yield from _whole_and_cut(row, key, failed, path.stem)


def _whole_and_cut(row: dict[str, Any], key: str, failed: bool, of: str) -> Iterator[Judged]:
    data = row[key].encode()
    texts = Cleaner.for_log(data).clean_block(data)
    found = survey(texts)
    yield judge(texts, found, failed, row["id"], of)
    exits = found.lines_of(Ending.EXIT)
    if not failed or not exits:
        return
    labelled = row["gold"][0][0] - 1
    bad = next((line for line in exits if line > labelled), None)
    if bad is not None:
        piece = list(texts[:bad])
        yield judge(piece, survey(piece), True, row["id"], of, CUT)
    good = [line for line in found.lines_of(Ending.STEP_DONE, Ending.RUN_DONE) if line < exits[0]]
    good = [line for line in good if "exited with 0" in texts[line]]
    if good and good[-1] > SHORTEST_CUT:
        piece = list(texts[: good[-1]])
        yield judge(piece, survey(piece), False, row["id"], of, CUT)


def fit(logs: Sequence[Judged]) -> tuple[float, np.ndarray]:
    """What every block starts from, and the weights, by Adam on the penalised likelihood of the logs."""
    used = [log for log in logs if len(log.vectors) and not log.hard]
    stacked = np.vstack([log.vectors for log in used])
    middle, scale = stacked.mean(axis=0), stacked.std(axis=0)
    scale = np.where(scale < 1e-3, 1.0, np.maximum(scale, RAREST))
    values = (stacked - middle) / scale
    sizes = np.array([len(log.vectors) for log in used])
    starts, owner = np.concatenate([[0], np.cumsum(sizes)[:-1]]), np.repeat(np.arange(len(used)), sizes)
    failed, share = np.array([float(log.failed) for log in used]), np.array([log.weight for log in used])
    share = np.where(failed == 1, share / share[failed == 1].sum(), share / share[failed == 0].sum()) / 2
    weights = mean = variance = np.zeros(len(NAMES) + 1)
    for step in range(1, STEPS + 1):
        odds = values @ weights[:-1] + weights[-1]
        highest = np.maximum.reduceat(odds, starts)
        parts = np.exp(odds - highest[owner])
        sums = np.add.reduceat(parts, starts)
        wrong = share * (1 / (1 + np.exp(-(highest + np.log(sums)))) - failed)
        of_block = wrong[owner] * parts / sums[owner]
        gradient = np.append(values.T @ of_block + PENALTY * weights[:-1] / len(NAMES), of_block.sum())
        mean = 0.9 * mean + 0.1 * gradient
        variance = 0.99 * variance + 0.01 * gradient**2
        weights = weights - RATE * (mean / (1 - 0.9**step)) / (np.sqrt(variance / (1 - 0.99**step)) + 1e-8)
    learned = weights[:-1] / scale
    return float(weights[-1] - (learned * middle).sum()), learned


def chance(log: Judged, bias: float, weights: np.ndarray) -> float:
    if log.hard:
        return 1.0
    return any_of((log.vectors @ weights + bias).tolist()) if len(log.vectors) else 0.0


def report(title: str, logs: Sequence[Judged], chances: Sequence[float]) -> None:
    """Print how many logs are called right at several thresholds."""
    pairs = [(log, value) for log, value in zip(logs, chances, strict=True)]
    groups: tuple[tuple[str, Callable[[Judged], bool]], ...] = (
        ("passing", lambda log: not log.failed and log.weight > MADE),
        ("made to pass", lambda log: not log.failed and log.weight == MADE),
        ("failing", lambda log: log.failed and log.whole),
        ("pieces of failing ones", lambda log: log.failed and not log.whole),
    )
    print(title)
    for threshold in (0.15, 0.2, 0.25, 0.32, 0.4, 0.5):
        told = []
        for name, belongs in groups:
            of = [(log.failed == (value >= threshold)) for log, value in pairs if belongs(log)]
            told.append(f"{name} {sum(of)}/{len(of)}")
        print(f"  from {threshold} on: {', '.join(told)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--labelled", action="append", default=[], type=Path, metavar="LABELLED.jsonl.gz")
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS.name}")
    arguments = parser.parse_args()
    logs = [log for folder in arguments.folders for log in read_folder(folder)]
    logs += [log for path in arguments.labelled for log in read_labelled(path)]
    held_out: list[float] = []
    ordered: list[Judged] = []
    for of in dict.fromkeys(log.set for log in logs):
        bias, weights = fit([log for log in logs if log.set != of])
        seen_last = [log for log in logs if log.set == of]
        told = [chance(log, bias, weights) for log in seen_last]
        report(f"{of}, by weights of the other sets", seen_last, told)
        ordered += seen_last
        held_out += told
    report("all, each by weights of the other sets", ordered, held_out)
    bias, weights = fit(logs)
    report("all, by weights of all", logs, [chance(log, bias, weights) for log in logs])
    if arguments.write:
        learned = {name: round(float(weight), 4) for name, weight in zip(NAMES, weights, strict=True)}
        text = json.dumps({"version": 1, "bias": round(bias, 4), "weights": learned}, indent=2)
        WEIGHTS.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
