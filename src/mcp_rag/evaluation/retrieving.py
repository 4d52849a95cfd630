"""Searches against labels: how often the right known issue comes first, whether the confidence is true, and what each
part of the ranking adds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcp_rag.errors import InputError
from mcp_rag.knowledge.ranking import EXPLAINED_WEIGHT, RANKING, WEIGHTS, Ranking
from mcp_rag.knowledge.search import KnowledgeBase, query_from_text
from mcp_rag.records import Evidence

SHOWN = 10
"""Results looked at for each query."""

QUERIES_AT_ONCE = 64
"""Embedded and looked up together. Chosen by eye."""

BINS = 10
"""Of the reliability curve: confidences in equal steps."""

WANTED_PRECISION = 0.75
"""Of ``right@75``: the answerable queries answered right while three in four of the answers given are right."""

Search = Callable[[Sequence[str], Sequence[Ranking]], list[list[list[Evidence]]]]
"""(texts, rankings) → for each ranking and text the evidence, best first."""


@dataclass(frozen=True, slots=True)
class LabelledQuery:
    """An error's text and the ids of the known issues that answer it; none: nothing known does."""

    id: str
    text: str
    gold: frozenset[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search gave for one query: the ids in their order, and the first one's confidence."""

    query: LabelledQuery
    ids: tuple[str, ...]
    confidence: float
    match: bool

    @property
    def right(self) -> bool:
        return bool(self.ids) and self.ids[0] in self.query.gold

    @property
    def rank(self) -> int | None:
        """Of the first right one, from 1."""
        return next((place for place, found in enumerate(self.ids, 1) if found in self.query.gold), None)


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """``figures`` by name; ``ablation`` gives them by part left out; the curves are (x, y, queries)."""

    queries: int
    answerable: int
    figures: Mapping[str, float]
    ablation: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    reliability: tuple[tuple[float, float, int], ...] = ()
    precision_recall: tuple[tuple[float, float], ...] = ()


def searching(knowledge: KnowledgeBase, redact: Callable[[str], str]) -> Search:
    """The search of a knowledge base, some queries at once."""

    def search(texts: Sequence[str], rankings: Sequence[Ranking]) -> list[list[list[Evidence]]]:
        queries = [query_from_text(redact(text)) for text in texts]
        found: list[list[list[Evidence]]] = [[] for _ in rankings]
        for start in range(0, len(queries), QUERIES_AT_ONCE):
            batch = knowledge.rank_many(queries[start : start + QUERIES_AT_ONCE], SHOWN, rankings)
            for all_of_one, some in zip(found, batch, strict=True):
                all_of_one.extend(some)
        return found

    return search


def read_queries(path: Path) -> list[LabelledQuery]:
    """JSONL rows ``{"id", "text", "gold": [ids of the known issues that answer it, or none]}``.

    Raises:
        InputError: it cannot be read, is empty, or a row is wrong; the row is named.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as fault:
        raise InputError(f"{path} cannot be read", str(fault), "Give a JSONL file of labelled queries") from fault
    queries = [_query(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not queries:
        raise InputError(f"{path} is empty", "it has no row", "Label a query")
    return queries


def _query(path: Path, number: int, line: str) -> LabelledQuery:
    try:
        row = json.loads(line)
        return LabelledQuery(str(row["id"]), str(row["text"]), frozenset(map(str, _listed(row["gold"]))))
    except (ValueError, KeyError, TypeError) as fault:
        why = f"it has no {fault}" if isinstance(fault, KeyError) else str(fault)
        next_step = 'Each line is an object with "id", "text" and "gold", a list of ids'
        raise InputError(f"Line {number} of {path} is no labelled query", why, next_step) from fault


def _listed(gold: object) -> list[object]:
    if not isinstance(gold, list):
        raise TypeError("gold is a list of ids")
    return gold


def taken_out(queries: Sequence[LabelledQuery]) -> frozenset[str]:
    """Half of the answers, by a digest of their ids: without them it shows whether *none* is said."""
    gold = {key for query in queries for key in query.gold}
    return frozenset(key for key in gold if int(hashlib.sha256(key.encode()).hexdigest(), 16) % 2)


def ablations() -> Iterator[tuple[str, Ranking]]:
    """Each part's name → the ranking without it; then what stands alone."""
    yield "all parts", RANKING
    yield "without symptom patterns and confirmed fixes", Ranking(certain=False)
    yield "without the words that the entry explains", Ranking(explained=0.0)
    views = list(dict.fromkeys(view for view, _ in WEIGHTS))
    for view in views:
        yield f"without the {view}", Ranking({k: w for k, w in WEIGHTS.items() if k[0] != view})
    for channel in dict.fromkeys(channel for _, channel in WEIGHTS):
        yield f"without {channel}", Ranking({k: w for k, w in WEIGHTS.items() if k[1] != channel})
    words = {k: w for k, w in WEIGHTS.items() if k[1].startswith("bm25")}
    yield "BM25 of the text alone", Ranking({("text", "bm25"): 1.0}, 0.0, certain=False)
    yield "all BM25 alone", Ranking(words, EXPLAINED_WEIGHT, certain=False)
    yield "vectors alone", Ranking({k: w for k, w in WEIGHTS.items() if k not in words}, 0.0, certain=False)


def evaluate(
    queries: Sequence[LabelledQuery], known: frozenset[str], search: Search, with_ablation: bool = False
) -> RetrievalReport:
    """Search for every query and hold the answers against their labels; an answer outside ``known`` can't be found."""
    labelled = [LabelledQuery(query.id, query.text, query.gold & known) for query in queries]
    named = list(ablations()) if with_ablation else [("all parts", RANKING)]
    found = search([query.text for query in labelled], [ranking for _, ranking in named])
    tables = {
        name: [_answer(*pair) for pair in zip(labelled, rows, strict=True)]
        for (name, _), rows in zip(named, found, strict=True)
    }
    answers = tables["all parts"]
    return RetrievalReport(
        len(labelled),
        sum(bool(query.gold) for query in labelled),
        figures_of(answers),
        {name: ranks_of(rows) for name, rows in tables.items()} if with_ablation else {},
        tuple(_reliability(answers)),
        tuple(_precision_recall(answers)),
    )


def _answer(query: LabelledQuery, evidence: Sequence[Evidence]) -> Answer:
    first = evidence[0] if evidence else None
    ids = tuple(e.issue.id for e in evidence[:SHOWN])
    return Answer(query, ids, first.confidence if first else 0.0, bool(first and first.match))


def ranks_of(answers: Sequence[Answer]) -> dict[str, float]:
    """R@1, R@5, R@10 and MRR@10 over the queries that have an answer."""
    ranks = [answer.rank for answer in answers if answer.query.gold]
    share = {f"R@{depth}": _mean([rank is not None and rank <= depth for rank in ranks]) for depth in (1, 5, 10)}
    return {**share, "MRR@10": _mean([1 / rank if rank else 0.0 for rank in ranks])}


def figures_of(answers: Sequence[Answer]) -> dict[str, float]:
    """The ranks, then the confidence's: AUC (a right answer against a wrong one), ``right@75``, expected calibration
    error; then what was decided: precision, recall, honest none."""
    told = [answer for answer in answers if answer.match]
    none = [answer for answer in answers if not answer.query.gold]
    able = max(1, len(answers) - len(none))
    figures = ranks_of(answers)
    figures["AUC"] = _auc(answers)
    figures["right@75"] = _right_at(answers, WANTED_PRECISION) / able
    figures["calibration error"] = sum(abs(x - y) * number for x, y, number in _reliability(answers)) / max(
        1, len(answers)
    )
    figures["precision"] = _mean([answer.right for answer in told])
    figures["recall"] = sum(answer.right for answer in told) / able
    if none:
        figures["honest none"] = _mean([not answer.match for answer in none])
    return figures


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _auc(answers: Sequence[Answer]) -> float:
    """Probability that a right answer has more confidence than a wrong one, by ranks (Mann and Whitney 1947)."""
    right = sorted(answer.confidence for answer in answers if answer.right)
    wrong = sorted(answer.confidence for answer in answers if not answer.right)
    if not right or not wrong:
        return 0.5
    from bisect import bisect_left, bisect_right

    won = sum(bisect_left(wrong, c) + bisect_right(wrong, c) for c in right) / 2
    return won / (len(right) * len(wrong))


def _right_at(answers: Sequence[Answer], precision: float) -> int:
    best = right = 0
    for number, answer in enumerate(sorted(answers, key=lambda a: -a.confidence), 1):
        right += answer.right
        if right >= precision * number:
            best = right
    return best


def _reliability(answers: Sequence[Answer]) -> Iterator[tuple[float, float, int]]:
    """(mean confidence, share that was right, queries) of each step of confidence that has queries."""
    for step in range(BINS):
        inside = [a for a in answers if min(int(a.confidence * BINS), BINS - 1) == step]
        if inside:
            yield _mean([a.confidence for a in inside]), _mean([a.right for a in inside]), len(inside)


def _precision_recall(answers: Sequence[Answer]) -> Iterator[tuple[float, float]]:
    """(recall, precision) as the threshold falls from the highest confidence."""
    able = max(1, sum(bool(a.query.gold) for a in answers))
    right = 0
    ordered = sorted(answers, key=lambda a: -a.confidence)
    for number, answer in enumerate(ordered, 1):
        right += answer.right
        if number == len(ordered) or ordered[number].confidence < answer.confidence:
            yield right / able, right / number
