"""A query, looked up in the index: which of its views, by words and by meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from mcp_rag.knowledge.embedder import Embedder, Vectors
from mcp_rag.knowledge.index import (
    BM25_CHANNELS,
    DENSE_CHANNELS,
    Hit,
    IndexFilter,
    IndexQuery,
    KnowledgeIndex,
)
from mcp_rag.knowledge.queries import gist_of, message_of, unnamed
from mcp_rag.knowledge.ranking import WEIGHTS
from mcp_rag.knowledge.tokens import index_tokens, stems
from mcp_rag.records import Query

EMBEDDED_CHARACTERS = 2_000
"""More than the 256 tokens that the default model reads."""

SAME_WORDS = 0.9
"""The share of their words that two views have in common when one lookup serves both: R@1 and R@10 on the collections of
docs/retrieval.md stay within .002, at .8 they fall by .003."""

UNNAMED_CHARACTERS = 140
"""Of the first line without names, embedded: no answer of five collections changes by the rest."""

COMPARED_CHARACTERS = 20_000
"""Of a view, held against another one. Chosen by eye."""

EVERYTHING = IndexFilter()

CHANNELS: Mapping[str, tuple[str, ...]] = {
    view: tuple(channel for seen_by, channel in WEIGHTS if seen_by == view) for view, _ in WEIGHTS
}
"""View of a query → the channels that it is looked up in: those that have a weight."""


def look_up(
    queries: Sequence[Query], limit: int, index: KnowledgeIndex, embedder: Embedder, wanted: IndexFilter = EVERYTHING
) -> list[dict[tuple[str, str], list[Hit]]]:
    """Hits by (view, channel) of each query, embedded and looked up together; what two views both say is asked once."""
    worded = [(place, text, views) for place, query in enumerate(queries) for text, views in _by_words(query).items()]
    meant = [(place, text, views) for place, query in enumerate(queries) for text, views in _by_meaning(query).items()]
    # Words need no embedding, and are looked up meanwhile.
    with ThreadPoolExecutor(1) as beside:
        words = beside.submit(
            index.search,
            [
                IndexQuery(tokens=_tokens(text), limit=limit, channels=_channels(views, BM25_CHANNELS), filter=wanted)
                for _, text, views in worded
            ],
        )
        vectors = _embedded([text for _, text, _ in meant], embedder)
        meanings = index.search(
            [
                IndexQuery(vector, limit=limit, channels=_channels(views, DENSE_CHANNELS), filter=wanted)
                for vector, (_, _, views) in zip(vectors, meant, strict=True)
            ]
        )
        found: list[dict[tuple[str, str], list[Hit]]] = [{} for _ in queries]
        for (place, _, views), answer in chain(
            zip(worded, words.result(), strict=True), zip(meant, meanings, strict=True)
        ):
            found[place].update(
                {
                    (view, channel): list(answer[channel])
                    for view in views
                    for channel in CHANNELS[view]
                    if channel in answer
                }
            )
    return found


def _tokens(text: str) -> str:
    return " ".join(dict.fromkeys(index_tokens(text)))


def _channels(views: Sequence[str], among: Sequence[str]) -> tuple[str, ...]:
    return tuple(channel for channel in among if any(channel in CHANNELS[view] for view in views))


def _embedded(texts: Sequence[str], embedder: Embedder) -> list[Vectors]:
    """The vector of what each text says."""
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    distinct = embedder.embed_queries(list(numbers)) if texts else ()
    return [distinct[numbers[text]] for text in texts]


def _by_words(query: Query) -> dict[str, list[str]]:
    """What is looked up by its words → its views: all of the query, what it says, and the first line of that."""
    message = query.message or message_of(query.text)
    return _distinct({"text": query.text, "message": message, "headline": message.split("\n", 1)[0]})


def _by_meaning(query: Query) -> dict[str, list[str]]:
    """What is looked up by its meaning → its views: the query's gist, and the first line that it says, without names."""
    message = query.message or message_of(query.text)
    line = gist_of(unnamed(message.split("\n", 1)[0]))[:UNNAMED_CHARACTERS]
    return _distinct({"gist": gist_of(query.text, message), "unnamed": line})


def _distinct(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Text → its views. A view that says what the one before it says is looked up as that."""
    said: dict[str, list[str]] = {}
    before = ""
    for view, text in texts.items():
        before = before if before and _says_the_same(before, text) else text
        said.setdefault(before, []).append(view)
    return said


def _says_the_same(one: str, other: str) -> bool:
    if one == other:
        return True
    if len(other) < SAME_WORDS * SAME_WORDS * len(one):  # too short to have the same words, and cheaper to see
        return False
    words, others = set(stems(one[:COMPARED_CHARACTERS])), set(stems(other[:COMPARED_CHARACTERS]))
    return len(words & others) >= SAME_WORDS * len(words | others)
