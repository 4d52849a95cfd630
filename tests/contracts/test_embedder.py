"""One suite for every embedder; and that ours gives SentenceTransformers' own vectors."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from mcp_rag.errors import KnowledgeError, ModelNotInstalled
from mcp_rag.knowledge.embedder import Embedder
from mcp_rag.knowledge.memory_embedder import MemoryEmbedder
from mcp_rag.knowledge.model_catalogue import MULTILINGUAL
from mcp_rag.knowledge.models import DEFAULT_MODEL, INT8_MODEL, installed_models, open_embedder
from mcp_rag.knowledge.onnx_embedder import OnnxEmbedder

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


def int8() -> Embedder:
    return open_embedder(INT8_MODEL, Path("nowhere"))


def multilingual() -> Embedder:
    if MULTILINGUAL.name not in installed_models(Path("nowhere")):
        pytest.skip("the multilingual model is not installed: mcp-rag models install multilingual")
    return open_embedder("multilingual", Path("nowhere"))


def sentence_transformers() -> Embedder:
    pytest.importorskip("sentence_transformers", reason="the extra sentence-transformers is not installed")
    return open_embedder(str(installed_models(Path("nowhere"))[DEFAULT_MODEL]), Path("nowhere"))


EMBEDDERS = [memory, onnx, int8, multilingual, sentence_transformers]


@pytest.fixture(scope="module", params=EMBEDDERS, ids=lambda make: make.__name__)
def embedder(request: pytest.FixtureRequest) -> Embedder:
    make: Callable[[], Embedder] = request.param
    return make()


def test_vectors_are_unit_rows_of_the_dimension(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == embedder.embed_queries([]).shape == (0, embedder.dimension)


@pytest.mark.parametrize("asked", [False, True], ids=["entries", "questions"])
def test_a_text_has_one_vector_alone_and_in_any_batch(embedder: Embedder, asked: bool) -> None:
    embed = embedder.embed_queries if asked else embedder.embed
    together = embed(TEXTS)
    for place, text in enumerate(TEXTS):
        np.testing.assert_allclose(embed([text])[0], together[place], atol=2e-5)
    np.testing.assert_allclose(embed(TEXTS[::-1])[::-1], together, atol=2e-5)


def test_a_question_lies_where_an_entry_of_its_words_does(embedder: Embedder) -> None:
    questions = embedder.embed_queries(TEXTS)
    assert questions.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(questions, axis=1), 1.0, atol=1e-4)
    assert (questions * embedder.embed(TEXTS)).sum(axis=1).min() >= 0.95


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


def test_eight_bits_stay_near_the_whole_model() -> None:
    texts = [TEXTS[0], TEXTS[4], *(english for _, english in PAIRS)]
    assert (int8().embed(texts) * onnx().embed(texts)).sum(axis=1).min() >= 0.98
    assert (onnx().embed_queries(texts) * onnx().embed(texts)).sum(axis=1).min() >= 0.995


PAIRS = [
    ("数据库连接被拒绝", "connection to the database was refused"),
    ("磁盘空间不足，无法写入文件", "no space left on the disk, the file cannot be written"),
    ("没有权限打开文件", "permission denied when opening the file"),
    ("请求超时，服务器没有响应", "the request timed out, the server does not answer"),
    ("找不到模块", "module not found"),
]


def test_the_multilingual_model_finds_the_sentence_of_the_same_meaning_in_the_other_language() -> None:
    model = multilingual()
    chinese, english = (model.embed(side) for side in zip(*PAIRS, strict=True))
    likeness = chinese @ english.T
    assert likeness.argmax(axis=0).tolist() == likeness.argmax(axis=1).tolist() == list(range(len(PAIRS)))


def test_a_model_by_path_is_told_apart_by_its_weights(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="the extra sentence-transformers is not installed")
    folder = shutil.copytree(installed_models(Path("nowhere"))[DEFAULT_MODEL], tmp_path / "own-model")
    embedder = open_embedder(str(folder), Path("nowhere"))
    assert embedder.name.startswith(f"{folder.resolve()}@")
    np.testing.assert_allclose(embedder.embed(["x"]), onnx().embed(["x"]), atol=1e-4)


def test_a_model_that_is_not_here_says_how_to_get_it() -> None:
    pytest.importorskip("sentence_transformers", reason="the extra sentence-transformers is not installed")
    with pytest.raises(ModelNotInstalled, match="HF_HUB_OFFLINE=0"):
        open_embedder("nobody/no-such-model", Path("nowhere"))


def test_weights_of_another_model_are_told_of(tmp_path: Path) -> None:
    folder = shutil.copytree(installed_models(Path("nowhere"))[DEFAULT_MODEL], tmp_path / DEFAULT_MODEL)
    save_file({"embeddings.word_embeddings.weight": np.zeros((3, 384), np.float32)}, folder / "model.safetensors")
    embedder = OnnxEmbedder(folder)
    for embed in (embedder.embed, embedder.embed_queries):
        with pytest.raises(KnowledgeError, match="models install"):
            embed(["x"])
