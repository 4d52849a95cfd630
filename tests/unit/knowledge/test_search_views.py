"""What is embedded and looked up: each distinct text once; and versions that do not fit rank an entry down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from mcp_rag.knowledge.embedder import Embedder, Vectors
from mcp_rag.knowledge.index import Hit, IndexQuery
from mcp_rag.knowledge.lookup import UNNAMED_CHARACTERS, look_up
from mcp_rag.knowledge.memory_embedder import MemoryEmbedder
from mcp_rag.knowledge.memory_index import MemoryIndex
from mcp_rag.knowledge.queries import GIST_CHARACTERS, query_from_text
from mcp_rag.knowledge.ranking import WEIGHTS, Ranking
from mcp_rag.knowledge.search import KnowledgeBase, index_entries
from mcp_rag.ledger import Ledger
from mcp_rag.records import Applicability, Excerpt, KnownIssue, Query


class CountingEmbedder(MemoryEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        return super().embed(texts)


class CountingIndex(MemoryIndex):
    def __init__(self, embedder: Embedder) -> None:
        super().__init__(embedder.name, embedder.dimension)
        self.queries: list[IndexQuery] = []

    def search(self, queries: Sequence[IndexQuery]) -> list[Mapping[str, list[Hit]]]:
        self.queries += queries
        return super().search(queries)


def issue(number: int, text: str, applies_to: dict[str, str] | None = None) -> KnownIssue:
    return KnownIssue(str(number), "s", text.split("\n", maxsplit=1)[0], text=text, applies_to=applies_to or {})


def test_a_short_entry_is_embedded_once() -> None:
    embedder = CountingEmbedder()
    (entry,) = index_entries([issue(1, "disk full\nremove old files")], embedder)
    assert embedder.texts == ["disk full\nremove old files"]
    assert (entry.dense == entry.dense_head).all()


def test_views_that_say_the_same_are_looked_up_once() -> None:
    embedder = CountingEmbedder()
    index = CountingIndex(embedder)
    index.upsert(list(index_entries([issue(1, "no space left on device"), issue(2, "broken pipe")], embedder)))
    embedder.texts.clear()
    one_line = "error: no space left on device while the wheel of this package was being written to the cache"
    diagnostic = (
        "error: no field `nmae` on type `Row`\n --> src/a.rs:3:5\n  |\n3 | row.nmae();\n  |     ^^^^ unknown field"
    )
    alone, among_others = (look_up([query_from_text(text)], 10, index, embedder)[0] for text in (one_line, diagnostic))
    assert embedder.texts == [
        one_line.removeprefix("error: ") + " error:",  # its first line without names says the same
        "no field `nmae` on type `Row` unknown field error: src/a.rs:3:5 row.nmae();",
        "no field on type",
    ]
    by_words, by_meaning = [q.tokens for q in index.queries if q.tokens], [q for q in index.queries if not q.tokens]
    assert (len(by_words), len(by_meaning)) == (1 + 3, 1 + 2)
    for found in (alone, among_others):
        assert set(found) == {(view, channel) for view, channel in WEIGHTS}
    assert alone["text", "bm25"] == alone["message", "bm25"] == alone["headline", "bm25"]
    assert alone["gist", "dense"][0].key.endswith("1")


def test_a_long_line_is_embedded_in_part() -> None:
    embedder = CountingEmbedder()
    look_up([query_from_text("error: " + "one `name` after another " * 40)], 10, CountingIndex(embedder), embedder)
    assert [len(text) for text in embedder.texts] == [GIST_CHARACTERS, UNNAMED_CHARACTERS]


@contextmanager
def base_of(issues: Sequence[KnownIssue], folder: Path) -> Iterator[KnowledgeBase]:
    embedder = MemoryEmbedder()
    index = MemoryIndex(embedder.name, embedder.dimension)
    index.upsert(list(index_entries(issues, embedder)))
    with Ledger.open(f"sqlite:///{folder / 'l.db'}") as ledger:
        for one in issues:
            ledger.issues.put(one)
        yield KnowledgeBase(ledger, index, embedder)


def test_versions_that_do_not_fit_rank_an_entry_down_and_say_why(tmp_path: Path) -> None:
    text = "the loader refuses the old cache format"
    issues = [issue(1, text + " now", {"loader": "<2"}), issue(2, text + " still", {"loader": ">=2"})]
    issues += [issue(n, f"nothing of number {n} is alike") for n in range(3, 30)]
    with base_of(issues, tmp_path) as base:
        for version, first in (("1.9", "1"), ("2.1", "2")):
            found = base.search(Query(text=text, message=text, versions={"loader": version}))
            assert [e.issue.id for e in found[:2]] == [first, {"1": "2", "2": "1"}[first]]
            assert found[1].version_check.applicability is Applicability.DOES_NOT_APPLY
            assert version in found[1].version_check.reason
        both = base.rank_many([Query(text=text, message=text)], 3, [Ranking(), Ranking({("text", "bm25"): 1.0}, 0.0)])
        assert [len(rows[0]) for rows in both] == [3, 3]


def test_what_only_other_versions_keep_from_a_match_is_the_nearest(tmp_path: Path) -> None:
    text = "the loader refuses the old cache format"
    struck = replace(issue(1, "A cache of before", {"loader": "<2"}), symptoms=(text,))
    issues = [struck, *(issue(n, f"{text} of number {n}") for n in range(2, 30))]
    with base_of(issues, tmp_path) as base:
        query = Query(text=text, message=text, lines=(Excerpt(1, text),), versions={"loader": "2.1"})
        found = base.search(query, 3)
    likely = [e.issue.id for e in found if e.match]
    assert found[len(likely)].issue.id == "1"
    assert not found[len(likely)].match
