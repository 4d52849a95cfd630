"""Vectors made when a model is installed: the same ones, found by their texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mcp_rag.errors import KnowledgeError
from mcp_rag.knowledge.embedder import Vectors
from mcp_rag.knowledge.prepared_vectors import FILE, PreparedVectors, prepare


class Counting:
    """An embedder at the seam that notes what it is asked."""

    name, dimension = "counting", 3

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        rows = [[len(text), sum(map(ord, text)), 1] for text in texts]
        vectors = np.array(rows, dtype=np.float32).reshape(-1, self.dimension)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return -self.embed(texts)


def unseen(done: int, total: int) -> None:
    assert 0 < done <= total


def test_prepared_texts_are_not_embedded_again_and_others_are(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(150)]
    assert prepare(Counting(), tmp_path / FILE, texts, unseen) == 150
    inner = Counting()
    vectors = PreparedVectors(inner, tmp_path / FILE).embed(["new \udcff", texts[7], "other", texts[149]])
    assert inner.asked == ["new \udcff", "other"]
    np.testing.assert_array_equal(vectors, Counting().embed(["new \udcff", texts[7], "other", texts[149]]))


def test_a_question_is_never_taken_for_a_prepared_entry(tmp_path: Path) -> None:
    prepare(Counting(), tmp_path / FILE, ["a"], unseen)
    vectors = PreparedVectors(Counting(), tmp_path / FILE).embed_queries(["a"])
    np.testing.assert_array_equal(vectors, -Counting().embed(["a"]))


def test_without_a_file_everything_is_embedded(tmp_path: Path) -> None:
    inner = Counting()
    assert PreparedVectors(inner, tmp_path / FILE).embed([]).shape == (0, 3)
    assert PreparedVectors(inner, tmp_path / FILE).embed(["a"]).shape == (1, 3)
    assert inner.asked == ["a"]


def test_an_edited_text_alone_is_embedded_when_they_are_prepared_again(tmp_path: Path) -> None:
    prepare(Counting(), tmp_path / FILE, ["a", "b", "c"], unseen)
    inner = Counting()
    assert prepare(inner, tmp_path / FILE, ["a", "b", "C"], unseen) == 1
    assert inner.asked == ["C"]
    again = Counting()
    assert prepare(again, tmp_path / FILE, ["a", "b", "C"], unseen) == 0
    left = PreparedVectors(again, tmp_path / FILE)
    left.embed(["c"])
    assert again.asked == ["c"], "a text that is no longer wanted is kept no longer"
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 cut off", b"no archive at all"])
def test_a_damaged_file_is_told_of_and_made_anew_by_the_next_installation(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / FILE).write_bytes(damage)
    with pytest.raises(KnowledgeError, match="models install"):
        PreparedVectors(Counting(), tmp_path / FILE)
    assert prepare(Counting(), tmp_path / FILE, ["a"], unseen) == 1
    assert PreparedVectors(Counting(), tmp_path / FILE).embed(["a"]).shape == (1, 3)


def test_vectors_of_another_model_are_refused(tmp_path: Path) -> None:
    prepare(Counting(), tmp_path / FILE, ["a"], unseen)
    other = Counting()
    other.name = "other"
    with pytest.raises(KnowledgeError, match="it is of counting"):
        PreparedVectors(other, tmp_path / FILE)
