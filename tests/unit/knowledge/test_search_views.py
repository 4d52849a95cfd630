"""What is embedded: each distinct text once; and versions that do not fit rank an entry down."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mcp_rag.knowledge.embedder import Vectors
from mcp_rag.knowledge.memory_embedder import MemoryEmbedder
from mcp_rag.knowledge.memory_index import MemoryIndex
from mcp_rag.knowledge.ranking import Ranking
from mcp_rag.knowledge.search import KnowledgeBase, index_entries
from mcp_rag.ledger import Ledger
from mcp_rag.records import Applicability, KnownIssue, Query


class CountingEmbedder(MemoryEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        return super().embed(texts)


def issue(number: int, text: str, applies_to: dict[str, str] | None = None) -> KnownIssue:
    return KnownIssue(str(number), "s", text.split("\n", maxsplit=1)[0], text=text, applies_to=applies_to or {})


def test_a_short_entry_is_embedded_once() -> None:
    embedder = CountingEmbedder()
    (entry,) = index_entries([issue(1, "disk full\nremove old files")], embedder)
    assert embedder.texts == ["disk full\nremove old files"]
    assert (entry.dense == entry.dense_head).all()


def test_versions_that_do_not_fit_rank_an_entry_down_and_say_why(tmp_path: Path) -> None:
    text = "the loader refuses the old cache format"
    issues = [issue(1, text + " now", {"loader": "<2"}), issue(2, text + " still", {"loader": ">=2"})]
    issues += [issue(n, f"nothing of number {n} is alike") for n in range(3, 30)]
    embedder = MemoryEmbedder()
    index = MemoryIndex(embedder.name, embedder.dimension)
    index.upsert(list(index_entries(issues, embedder)))
    with Ledger.open(f"sqlite:///{tmp_path / 'l.db'}") as ledger:
        for one in issues:
            ledger.issues.put(one)
        base = KnowledgeBase(ledger, index, embedder)
        for version, first in (("1.9", "1"), ("2.1", "2")):
            found = base.search(Query(text=text, message=text, versions={"loader": version}))
            assert [e.issue.id for e in found[:2]] == [first, {"1": "2", "2": "1"}[first]]
            assert found[1].version_check.applicability is Applicability.DOES_NOT_APPLY
            assert version in found[1].version_check.reason
        both = base.rank_many([Query(text=text, message=text)], 3, [Ranking(), Ranking({("text", "bm25"): 1.0}, 0.0)])
        assert [len(rows[0]) for rows in both] == [3, 3]
