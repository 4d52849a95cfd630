"""Searching and learning beside what bounds them: ``python benchmarks/knowledge.py [--entries N ...] [--million]``.

Entries are made of the words of the shipped ones, as often as they stand there, and of made names, 100 of the model's
tokens each, with vectors made at random, so that 100,000 of them cost no embedding. A query of as many tokens, a
diagnostic with its place, quoted code and a note, or one long line, is asked end to end in a warm process: taken apart,
embedded by the default model, looked up in the embedded Milvus, fused, and read from the ledger. Beside it, with the same
vectors and texts in the same run, stand a raw FAISS index and bm25s: what one exact search alone costs. Learning is timed
with the default model, embedded and stored, beside SentenceTransformers' own ``encode`` of the same texts (when it is
installed).

``--million`` writes 1,000,000 made vectors to the Milvus server at $MCP_RAG_TEST_MILVUS_URI and searches them.

Needs ``pip install faiss-cpu bm25s``. A figure is a median; the machine should do nothing else meanwhile.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcp_rag.knowledge.index import IndexEntry, IndexQuery
from mcp_rag.knowledge.milvus import MilvusConnection, MilvusIndex
from mcp_rag.knowledge.models import DEFAULT_MODEL, INT8_MODEL, installed_models, open_embedder
from mcp_rag.knowledge.queries import query_from_text
from mcp_rag.knowledge.search import KnowledgeBase, index_entries
from mcp_rag.knowledge.tokens import index_tokens
from mcp_rag.ledger import Ledger
from mcp_rag.librarian import starter_texts
from mcp_rag.records import KnownIssue

WORDS, QUERIES, STEP = 44, 30, 5_000
"""Words of a text: with their punctuation some 100 of the model's tokens."""
NAMES, NAMED = 30_000, 0.05
"""How many names are made up, and which share of a text's words they are."""
DIMENSION = 384
NOWHERE = Path("nowhere")


def made_texts(count: int, seed: int) -> list[str]:
    """Texts of ``WORDS`` words, as frequent as in the shipped entries, some of them names that those don't know."""
    random = np.random.default_rng(seed)
    often = Counter(word for text in starter_texts() for word in text.split())
    known, weights = np.array(list(often)), np.array(list(often.values()), dtype=np.float64)
    words = random.choice(known, (count, WORDS), p=weights / weights.sum())
    named = random.random((count, WORDS)) < NAMED
    names = random.integers(0, NAMES, (count, WORDS))
    return [
        " ".join(f"name_{name:x}" if is_name else word for word, is_name, name in zip(*row, strict=True))
        for row in zip(words, named, names, strict=True)
    ]


def made_errors(count: int, seed: int) -> list[str]:
    """Diagnostics of the words of ``made_texts``: most of an error is code and places, and its first line is short."""
    errors = []
    for number, text in enumerate(made_texts(count, seed)):
        words = text.split()
        said, code, note = words[:10], words[10:34], words[34:]
        quoted = [f"{number + at:4} | {' '.join(code[at : at + 8])}" for at in range(0, len(code), 8)]
        errors.append(
            "\n".join(
                [
                    f"error: {' '.join(said)}",
                    f"  --> src/part_{number}.rs:{number}:5",
                    *quoted,
                    f"  = note: {' '.join(note)}",
                ]
            )
        )
    return errors


def made_vectors(count: int, seed: int) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).standard_normal((count, DIMENSION), dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def median_ms(work: Callable[[Any], object], given: Sequence[Any]) -> float:
    """Milliseconds of one call, after one that is not counted."""
    work(given[0])
    spent = []
    for value in given:
        begun = time.perf_counter()
        work(value)
        spent.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(spent)


def steps(count: int) -> Iterator[slice]:
    return (slice(start, min(start + STEP, count)) for start in range(0, count, STEP))


def search_speed(count: int) -> None:
    """Print a query's time end to end among ``count`` entries, and those of the raw libraries."""
    import bm25s
    import faiss

    texts, vectors = made_texts(count, 1), made_vectors(count, 2)
    asked = made_errors(QUERIES, 3)
    long_lines = [f"error: {text}" for text in made_texts(QUERIES, 7)]
    with tempfile.TemporaryDirectory() as home, Ledger.open(f"sqlite:///{home}/ledger.db") as ledger:
        index = MilvusIndex(MilvusConnection(home=Path(home)), "bench", DEFAULT_MODEL, DIMENSION)
        issues = [KnownIssue(str(n), "made", text[:60], text=text) for n, text in enumerate(texts)]
        begun = time.perf_counter()
        for part in steps(count):
            ledger.issues.replace_document("made", str(part.start), "", issues[part])
            index.upsert([_entry(i, v) for i, v in zip(issues[part], vectors[part], strict=True)])
        stored = count / (time.perf_counter() - begun)
        base = KnowledgeBase(ledger, index, open_embedder(DEFAULT_MODEL, NOWHERE))
        ours, of_long_lines = (
            median_ms(lambda text: base.search(query_from_text(text)), texts) for texts in (asked, long_lines)
        )
        index.close()
    flat = faiss.IndexFlatIP(DIMENSION)
    flat.add(vectors)
    dense = median_ms(lambda vector: flat.search(vector[None], 100), made_vectors(QUERIES, 4))
    words = bm25s.BM25()
    words.index([index_tokens(text) for text in texts], show_progress=False)
    sparse = median_ms(
        lambda text: words.retrieve([index_tokens(text)], k=100, show_progress=False, n_threads=1), asked
    )
    print(f"{count:>9,} entries: stored {stored:,.0f} a second, without embedding")
    print(f"  a query end to end {ours:8.1f} ms, as one long line {of_long_lines:.1f}")
    print(f"  raw FAISS (flat)   {dense:8.1f} ms, ours {ours / dense:6.1f} times that")
    print(f"  raw bm25s          {sparse:8.1f} ms, ours {ours / sparse:6.1f} times that", flush=True)


def _entry(issue: KnownIssue, vector: NDArray[np.float32]) -> IndexEntry:
    tokens = " ".join(index_tokens(issue.text))
    return IndexEntry(issue.key, issue.source, "", "", tokens, tokens, vector, vector)


def learning_speed(count: int) -> None:
    """Print how many texts a second are embedded and stored, by either form of the default model."""
    texts = made_texts(count, 5)
    issues = [KnownIssue(str(n), "made", text[:60], text=text) for n, text in enumerate(texts)]
    rates = {}
    for model in (DEFAULT_MODEL, INT8_MODEL):
        embedder = open_embedder(model, NOWHERE)
        with tempfile.TemporaryDirectory() as home, Ledger.open(f"sqlite:///{home}/ledger.db") as ledger:
            index = MilvusIndex(MilvusConnection(home=Path(home)), "bench", model, DIMENSION)
            index.upsert(list(index_entries(issues[:1], embedder)))
            begun = time.perf_counter()
            ledger.issues.replace_document("made", "all", "", issues)
            for start in range(0, count, 256):
                index.upsert(list(index_entries(issues[start : start + 256], embedder)))
            rates[model] = count / (time.perf_counter() - begun)
            index.close()
    theirs = _sentence_transformers_rate(texts)
    for model, rate in rates.items():
        beside = f", {rate / theirs:.2f} times SentenceTransformers' encode ({theirs:.1f})" if theirs else ""
        print(f"learning with {model}: {rate:.1f} entries a second, embedded and stored{beside}", flush=True)


def _sentence_transformers_rate(texts: Sequence[str]) -> float | None:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        return None
    model = SentenceTransformer(str(installed_models(NOWHERE)[DEFAULT_MODEL]), device="cpu")
    model.encode(texts[:1])
    begun = time.perf_counter()
    model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
    return len(texts) / (time.perf_counter() - begun)


def million() -> None:
    """Print how fast a Milvus server takes and searches a million made vectors."""
    index = MilvusIndex(MilvusConnection(uri=os.environ["MCP_RAG_TEST_MILVUS_URI"]), "bench_million", "made", DIMENSION)
    count, begun = 1_000_000, time.perf_counter()
    for part in steps(count):
        vectors = made_vectors(part.stop - part.start, part.start)
        index.upsert(
            [IndexEntry(f"made/{part.start + n}", "made", "", "", "a", "a", v, v) for n, v in enumerate(vectors)]
        )
    print(f"{count:,} on {index.status().engine}: stored {count / (time.perf_counter() - begun):,.0f} a second")
    asked = [IndexQuery(dense=vector, limit=100) for vector in made_vectors(QUERIES, 6)]
    print(f"  a search {median_ms(lambda query: index.search([query]), asked):.1f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--learned", type=int, default=512, help="texts embedded to time learning; 0: none")
    parser.add_argument("--million", action="store_true", help="1,000,000 made vectors on a Milvus server, and no more")
    chosen = parser.parse_args()
    if chosen.million:
        million()
        return
    for count in chosen.entries:
        search_speed(count)
    if chosen.learned:
        learning_speed(chosen.learned)


if __name__ == "__main__":
    main()
