"""One suite for every embedder; and that ours gives SentenceTransformers' own vectors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mcp_rag.errors import ModelNotInstalled
from mcp_rag.knowledge.embedder import Embedder
from mcp_rag.knowledge.memory_embedder import MemoryEmbedder
from mcp_rag.knowledge.models import DEFAULT_MODEL, installed_models, open_embedder

TEXTS = [
    "AttributeError: module 'numpy' has no attribute 'float'",
    "x",
    "",
    "错误：找不到模块",
    "fatal error: Python.h: No such file or directory " * 60,
    "\0 control \x1b[31m characters \ud800 and a lone surrogate",
    "a" * 30_000,
]


def memory() -> Embedder:
    return MemoryEmbedder()


def onnx() -> Embedder:
    return open_embedder(DEFAULT_MODEL, Path("nowhere"))


def sentence_transformers() -> Embedder:
    pytest.importorskip("sentence_transformers", reason="the extra sentence-transformers is not installed")
    return open_embedder(str(installed_models(Path("nowhere"))[DEFAULT_MODEL]), Path("nowhere"))


@pytest.fixture(scope="module", params=[memory, onnx, sentence_transformers], ids=lambda make: make.__name__)
def embedder(request: pytest.FixtureRequest) -> Embedder:
    make: Callable[[], Embedder] = request.param
    return make()


def test_vectors_are_unit_rows_of_the_dimension(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimension)


def test_a_text_has_one_vector_alone_and_in_any_batch(embedder: Embedder) -> None:
    together = embedder.embed(TEXTS)
    for place, text in enumerate(TEXTS):
        np.testing.assert_allclose(embedder.embed([text])[0], together[place], atol=2e-5)
    np.testing.assert_allclose(embedder.embed(TEXTS[::-1])[::-1], together, atol=2e-5)


def test_shared_words_are_nearer_than_none(embedder: Embedder) -> None:
    near, far = "numpy has no attribute float", "the kitchen window was left open"
    asked, *others = embedder.embed(["module numpy has no attribute float", near, far])
    assert asked @ others[0] > asked @ others[1]


def test_onnx_gives_sentence_transformers_own_vectors() -> None:
    texts = [text for text in TEXTS if "\ud800" not in text]
    ours, theirs = onnx().embed(texts), sentence_transformers().embed(texts)
    cosines = (ours * theirs).sum(axis=1)
    assert cosines.min() >= 0.9999
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_a_model_that_is_not_here_says_how_to_get_it() -> None:
    pytest.importorskip("sentence_transformers", reason="the extra sentence-transformers is not installed")
    with pytest.raises(ModelNotInstalled, match="HF_HUB_OFFLINE=0"):
        open_embedder("nobody/no-such-model", Path("nowhere"))
