"""One suite for every index: the one in memory, Milvus embedded, and a Milvus server when one is named.

The server is that of ``MCP_RAG_TEST_MILVUS_URI`` (user, password: ``MCP_RAG_TEST_MILVUS_USER``, ``..._PASSWORD``).
"""

from __future__ import annotations

import math
import os
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_rag.errors import IndexUnavailable, KnowledgeError, ModelMismatch
from mcp_rag.knowledge.index import (
    BM25_CHANNELS,
    DENSE_CHANNELS,
    IndexEntry,
    IndexFilter,
    IndexQuery,
    KnowledgeIndex,
)
from mcp_rag.knowledge.memory_index import MemoryIndex
from mcp_rag.knowledge.milvus import MilvusConnection, MilvusIndex, drop_collection
from mcp_rag.knowledge.milvus.expressions import decode_value, encode_value
from mcp_rag.knowledge.milvus.schema import MAX_TOKEN_BYTES, cut_tokens

DIMENSION = 8
ODD_VALUES = [
    "plain",
    'quo"te',
    "apo'strophe",
    "back\\slash",
    "ends\\",
    "pct%_",
    "new\nline",
    "tab\t",
    "é中文😀",
    "\\n",
    '" or key != "',
    "{x}",
    "\u2028",
    "nul\x00",
    "lone\ud800",
    " spaces ",
    "UPPER",
    "upper",
    "a/b:c@d+e~f",
    "%25",
]


def unit(*numbers: float) -> np.ndarray:
    vector = np.zeros(DIMENSION, dtype=np.float32)
    vector[: len(numbers)] = numbers
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def entry(key: str, tokens: str = "some tokens", direction: tuple[float, ...] = (1.0,), **fields: str) -> IndexEntry:
    vector = unit(*direction)
    made = IndexEntry(key, "docs", "python", "numpy", tokens, tokens.split(" ", maxsplit=1)[0], vector, vector)
    return replace(made, **fields)


def server_connection() -> MilvusConnection:
    uri = os.environ.get("MCP_RAG_TEST_MILVUS_URI", "")
    if not uri:
        pytest.skip("needs a Milvus server: set MCP_RAG_TEST_MILVUS_URI")
    return MilvusConnection(
        uri=uri,
        user=os.environ.get("MCP_RAG_TEST_MILVUS_USER", ""),
        password=os.environ.get("MCP_RAG_TEST_MILVUS_PASSWORD", ""),
    )


@pytest.fixture(params=["memory", "embedded", "server"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KnowledgeIndex]:
    if request.param == "memory":
        yield MemoryIndex("model-a", DIMENSION)
        return
    connection = server_connection() if request.param == "server" else MilvusConnection(home=tmp_path)
    collection = f"test_{uuid.uuid4().hex}"
    with MilvusIndex(connection, collection, "model-a", DIMENSION) as opened:
        yield opened
    drop_collection(connection, collection)


def keys_of(index: KnowledgeIndex, channel: str, query: IndexQuery) -> list[str]:
    return [hit.key for hit in index.search([query])[0][channel]]


def has_bm25(index: KnowledgeIndex) -> bool:
    """Whether the engine can; one that cannot must say so and answer without."""
    if "bm25" not in index.status().missing_channels:
        return True
    assert set(index.status().missing_channels) >= set(BM25_CHANNELS)
    assert index.search([IndexQuery(tokens="word")]) == [{}]
    return False


def test_an_empty_index_finds_nothing(index: KnowledgeIndex) -> None:
    found = index.search([IndexQuery(dense=unit(1), tokens="anything")])
    assert all(hits == [] for hits in found[0].values())
    assert index.status().entries == 0
    assert index.search([]) == []


def test_what_was_put_in_is_found_nearest_first(index: KnowledgeIndex) -> None:
    index.upsert(
        [entry("far", direction=(0, 1)), entry("near", direction=(1, 0.1)), entry("between", direction=(1, 1))]
    )
    hits = index.search([IndexQuery(dense=unit(1))])[0]["dense"]
    assert [hit.key for hit in hits] == ["near", "between", "far"]
    assert hits[0].score == pytest.approx(1 / math.sqrt(1.01), abs=1e-5)
    assert hits[2].score == pytest.approx(0, abs=1e-6)
    assert index.status().entries == 3


def test_status_names_the_model_and_the_missing_channels(index: KnowledgeIndex) -> None:
    status = index.status()
    assert (status.model, status.dimension) == ("model-a", DIMENSION)
    assert "dense" not in status.missing_channels
    found = index.search([IndexQuery(dense=unit(1), tokens="word")])[0]
    assert set(found) == set(DENSE_CHANNELS + BM25_CHANNELS) - set(status.missing_channels)


def test_bm25_ranks_the_rare_word_higher_and_never_below_zero(index: KnowledgeIndex) -> None:
    if not has_bm25(index):
        return
    index.upsert([entry(f"k{n}", "error common words") for n in range(5)] + [entry("rare", "error np.float removed")])
    hits = index.search([IndexQuery(tokens="Error np.float")])[0]["bm25"]
    assert hits[0].key == "rare"
    assert len(hits) == 6
    assert all(hit.score >= 0 for hit in hits)
    assert keys_of(index, "bm25", IndexQuery(tokens="absent")) == []


def test_bm25_scores_are_those_of_the_index_in_memory(index: KnowledgeIndex) -> None:
    if not has_bm25(index):
        return
    entries = [
        entry("a", "x y z z z"),
        entry("b", "x"),
        entry("c", "y " * 40 + "x"),
        entry("d", "_ModuleNotFound 'np.float' 中文 ::"),
    ]
    twin = MemoryIndex("model-a", DIMENSION)
    twin.upsert(entries)
    index.upsert(entries)
    for tokens in ("x", "z y", "中文 ::", "x x z"):
        wanted = twin.search([IndexQuery(tokens=tokens)])[0]["bm25"]
        got = index.search([IndexQuery(tokens=tokens)])[0]["bm25"]
        assert {hit.key: hit.score for hit in got} == pytest.approx({h.key: h.score for h in wanted}, rel=0.02)


def test_head_and_whole_are_different_views(index: KnowledgeIndex) -> None:
    made = replace(entry("k", "title body"), dense=unit(1), dense_head=unit(0, 1))
    index.upsert([made])
    found = index.search([IndexQuery(dense=unit(0, 1), tokens="body")])[0]
    assert found["dense"][0].score == pytest.approx(0, abs=1e-6)
    if "dense_head" not in index.status().missing_channels:
        assert found["dense_head"][0].score == pytest.approx(1, abs=1e-6)
    if "bm25" in found:
        assert [hit.key for hit in found["bm25"]] == ["k"]
        assert found["bm25_head"] == []


def test_only_the_channels_asked_for_are_answered(index: KnowledgeIndex) -> None:
    index.upsert([entry("k")])
    assert set(index.search([IndexQuery(dense=unit(1), tokens="some", channels=("dense",))])[0]) == {"dense"}
    can = set(DENSE_CHANNELS) - set(index.status().missing_channels)
    assert set(index.search([IndexQuery(dense=unit(1))])[0]) == can
    assert set(index.search([IndexQuery(tokens="   ")])[0]) == set()


def test_the_same_key_again_replaces(index: KnowledgeIndex) -> None:
    index.upsert([entry("k", "old"), entry("k", "older", direction=(0, 1))])
    index.upsert([entry("k", "new", direction=(0, 0, 1))])
    assert index.status().entries == 1
    hits = index.search([IndexQuery(dense=unit(0, 0, 1))])[0]["dense"]
    assert [(hit.key, round(hit.score, 5)) for hit in hits] == [("k", 1.0)]
    if has_bm25(index):
        assert keys_of(index, "bm25", IndexQuery(tokens="old")) == []
        assert keys_of(index, "bm25", IndexQuery(tokens="new")) == ["k"]


def test_within_one_batch_the_last_of_a_key_wins(index: KnowledgeIndex) -> None:
    index.upsert([entry("k", direction=(1,)), entry("k", direction=(0, 1))])
    assert index.status().entries == 1
    assert index.search([IndexQuery(dense=unit(0, 1))])[0]["dense"][0].score == pytest.approx(1, abs=1e-6)


def test_delete_takes_out_what_is_there(index: KnowledgeIndex) -> None:
    index.upsert([entry("a"), entry("b"), entry("c")])
    index.delete(["a", "not there", "c", "a"])
    index.delete([])
    assert index.status().entries == 1
    assert keys_of(index, "dense", IndexQuery(dense=unit(1))) == ["b"]


def test_any_key_comes_back_verbatim_and_can_be_deleted(index: KnowledgeIndex) -> None:
    index.upsert([entry(value) for value in ODD_VALUES])
    index.upsert([entry(value) for value in ODD_VALUES])
    assert sorted(keys_of(index, "dense", IndexQuery(dense=unit(1)))) == sorted(ODD_VALUES)
    index.delete(ODD_VALUES)
    assert index.status().entries == 0


def test_any_scalar_can_be_filtered_by(index: KnowledgeIndex) -> None:
    index.upsert([entry(f"k{n}", source=value) for n, value in enumerate(ODD_VALUES)])
    asked = [IndexQuery(dense=unit(1), filter=IndexFilter(sources=(value,))) for value in ODD_VALUES]
    assert [[hit.key for hit in found["dense"]] for found in index.search(asked)] == [
        [f"k{n}"] for n in range(len(ODD_VALUES))
    ]


def test_filters_combine(index: KnowledgeIndex) -> None:
    index.upsert(
        [
            entry("a"),
            entry("b", source="other"),
            entry("c", language="go"),
            entry("d", package="torch"),
            entry("e", language=""),
        ]
    )

    def passing(asked: IndexFilter) -> list[str]:
        found = index.search([IndexQuery(dense=unit(1), tokens="some", filter=asked)])[0]
        answers = {channel: sorted(hit.key for hit in hits) for channel, hits in found.items()}
        assert len({tuple(answer) for answer in answers.values()}) == 1, answers
        return answers["dense"]

    assert passing(IndexFilter(sources=("docs",))) == ["a", "c", "d", "e"]
    assert passing(IndexFilter(without_sources=("docs",))) == ["b"]
    assert passing(IndexFilter(languages=("go", ""))) == ["c", "e"]
    assert passing(IndexFilter(sources=("docs",), packages=("torch", "none"))) == ["d"]
    assert passing(IndexFilter(sources=("nowhere",))) == []


def test_many_queries_answer_as_each_alone(index: KnowledgeIndex) -> None:
    index.upsert([entry(f"k{n}", f"word{n} shared", direction=(1, n)) for n in range(20)])
    queries = [
        IndexQuery(
            dense=unit(1, n) if n % 3 else None,
            tokens=f"word{n} shared" if n % 4 else "",
            limit=3 + n % 2,
            filter=IndexFilter(languages=("python",) if n % 5 else ()),
        )
        for n in range(20)
    ]
    together = index.search(queries)
    for query, found in zip(queries, together, strict=True):
        assert found == index.search([query])[0]
        assert all(len(hits) <= query.limit for hits in found.values())


def test_limits(index: KnowledgeIndex) -> None:
    index.upsert([entry(f"k{n}") for n in range(5)])
    assert len(keys_of(index, "dense", IndexQuery(dense=unit(1), limit=2))) == 2
    assert len(keys_of(index, "dense", IndexQuery(dense=unit(1), limit=100_000))) == 5
    assert keys_of(index, "dense", IndexQuery(dense=unit(1), limit=0)) == []


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_vector_that_cannot_be_compared_is_refused(index: KnowledgeIndex, bad: float) -> None:
    index.upsert([entry("good")])
    spoilt = unit(1).copy()
    spoilt[3] = bad
    with pytest.raises(KnowledgeError, match="NaN"):
        index.upsert([entry("other"), replace(entry("good"), dense_head=spoilt)])
    with pytest.raises(KnowledgeError, match="NaN"):
        index.search([IndexQuery(dense=spoilt)])
    assert keys_of(index, "dense", IndexQuery(dense=unit(1))) == ["good"]


def test_a_vector_of_another_dimension_is_refused(index: KnowledgeIndex) -> None:
    with pytest.raises(KnowledgeError, match="rebuild"):
        index.upsert([replace(entry("k"), dense=np.ones(3, dtype=np.float32))])
    with pytest.raises(KnowledgeError, match="rebuild"):
        index.search([IndexQuery(dense=np.ones(3, dtype=np.float32))])
    assert index.status().entries == 0


def test_entries_without_tokens_or_with_very_many(index: KnowledgeIndex) -> None:
    index.upsert([entry("none", ""), entry("many", "word " * 40_000 + "last"), entry("long", "w" * 30_000)])
    assert sorted(keys_of(index, "dense", IndexQuery(dense=unit(1)))) == ["long", "many", "none"]
    found = index.search([IndexQuery(dense=unit(1), tokens="word")])[0]
    if "bm25" in found:
        assert [hit.key for hit in found["bm25"]] == ["many"]


def test_only_entries_without_tokens(index: KnowledgeIndex) -> None:
    index.upsert([entry("none", "")])
    assert all(h == [] for c, h in index.search([IndexQuery(tokens="word")])[0].items() if c in BM25_CHANNELS)


def test_more_entries_than_one_call_takes(index: KnowledgeIndex) -> None:
    entries = [entry(f"k{n}", direction=(1, n)) for n in range(2_500)]
    index.upsert(entries)
    assert index.status().entries == 2_500
    index.delete([made.key for made in entries[:2_000]])
    assert index.status().entries == 500


def test_threads_share_one_index(index: KnowledgeIndex) -> None:
    faults: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            for n in range(5):
                index.upsert([entry(f"{worker}-{n}-{m}") for m in range(20)] + [entry("shared")])
                assert keys_of(index, "dense", IndexQuery(dense=unit(1), limit=1))
        except BaseException as fault:  # noqa: BLE001 - told to the test's own thread
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert index.status().entries == 4 * 5 * 20 + 1
    found = keys_of(index, "dense", IndexQuery(dense=unit(1), limit=1000))
    assert len(found) == len(set(found)) == 401


def test_the_embedded_index_is_there_after_closing(tmp_path: Path) -> None:
    home = tmp_path / ("häuschen with space " + "x" * 150)
    with MilvusIndex(MilvusConnection(home=home), "mcp-errors", "model-a", DIMENSION) as index:
        index.upsert([entry("k", "kept")])
    with MilvusIndex(MilvusConnection(home=home), "mcp_errors", "model-a", DIMENSION) as index:
        assert keys_of(index, "dense", IndexQuery(dense=unit(1))) == ["k"]
        assert keys_of(index, "bm25", IndexQuery(tokens="kept")) == ["k"]
        index.close()
        assert index.status().entries == 1


def test_two_indexes_of_one_home_share_its_engine(tmp_path: Path) -> None:
    connection = MilvusConnection(home=tmp_path)
    with MilvusIndex(connection, "one", "model-a", DIMENSION) as first:
        first.upsert([entry("k")])
        with MilvusIndex(connection, "one", "model-a", DIMENSION) as second:
            assert second.status().entries == 1
            second.upsert([entry("l")])
        assert first.status().entries == 2


def test_another_model_is_a_mismatch_that_names_the_way_out(tmp_path: Path) -> None:
    connection = MilvusConnection(home=tmp_path)
    with MilvusIndex(connection, "c", "model-a", DIMENSION) as index:
        index.upsert([entry("k")])
    for model, dimension in (("model-b", DIMENSION), ("model-a", 16)):
        with (
            MilvusIndex(connection, "c", model, dimension) as other,
            pytest.raises(ModelMismatch, match="mcp-rag knowledge rebuild"),
        ):
            other.status()
    drop_collection(connection, "c")
    with MilvusIndex(connection, "c", "model-b", 16) as other:
        assert other.status().entries == 0


def test_a_dropped_collection_comes_back_empty(tmp_path: Path) -> None:
    connection = MilvusConnection(home=tmp_path)
    with MilvusIndex(connection, "c", "model-a", DIMENSION) as index:
        index.upsert([entry("k")])
        drop_collection(connection, "c")
        assert index.status().entries == 0
        index.upsert([entry("l")])
        assert keys_of(index, "dense", IndexQuery(dense=unit(1))) == ["l"]


def test_a_broken_database_is_told_and_can_be_thrown_away(tmp_path: Path) -> None:
    connection = MilvusConnection(home=tmp_path)
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "milvus.db").write_bytes(b"this is no database\n" * 1000)
    with (
        MilvusIndex(connection, "c", "model-a", DIMENSION) as index,
        pytest.raises(IndexUnavailable, match="mcp-rag knowledge rebuild"),
    ):
        index.status()
    drop_collection(connection, "c")
    with MilvusIndex(connection, "c", "model-a", DIMENSION) as index:
        index.upsert([entry("k")])
        assert index.status().entries == 1


def test_the_engine_leaves_nothing_in_the_folder_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with MilvusIndex(MilvusConnection(home=tmp_path / "home"), "c", "model-a", DIMENSION) as index:
        index.upsert([entry("a")])
        assert keys_of(index, "dense", IndexQuery(dense=unit(1))) == ["a"]
    assert list(temporary.glob("milvus*")) == []


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("not a folder")
    with (
        MilvusIndex(MilvusConnection(home=place), "c", "model-a", DIMENSION) as index,
        pytest.raises(IndexUnavailable, match="MCP_RAG_HOME"),
    ):
        index.status()


def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    connection = MilvusConnection(uri="http://user:secret@127.0.0.1:9", user="user", password="secret")
    with MilvusIndex(connection, "c", "m", DIMENSION) as index, pytest.raises(IndexUnavailable) as caught:
        index.status()
    assert "http://127.0.0.1:9" in str(caught.value)
    assert "MCP_RAG_MILVUS_URI" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "1st", "a b", 'x"', "é", "x" * 300])
def test_a_name_that_milvus_does_not_take_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="MCP_RAG_COLLECTION"):
        MilvusIndex(MilvusConnection(home=tmp_path), name, "m", DIMENSION)


@given(st.text(max_size=200))
def test_every_value_is_encoded_harmlessly_and_back(value: str) -> None:
    encoded = encode_value(value)
    assert set(encoded) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~:/@+%")
    assert decode_value(encoded) == value


@given(st.text(), st.integers(0, 30_000))
def test_tokens_are_cut_between_two(tokens: str, times: int) -> None:
    cut = cut_tokens(f"{tokens} " * (times % 50) + "x" * times + " y" * times)
    assert len(cut.encode()) <= MAX_TOKEN_BYTES
    assert cut == " ".join(cut.split())


@pytest.fixture(scope="module")
def shared_embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusIndex]:
    home = tmp_path_factory.mktemp("home")
    with MilvusIndex(MilvusConnection(home=home), "odd", "m", DIMENSION) as opened:
        yield opened


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=50), st.text(max_size=50))
def test_any_text_is_a_key_and_a_source_to_the_engine(shared_embedded: MilvusIndex, key: str, source: str) -> None:
    shared_embedded.upsert([entry(key, source=source)])
    query = IndexQuery(dense=unit(1), filter=IndexFilter(sources=(source,)), channels=("dense",))
    assert keys_of(shared_embedded, "dense", query) == [key]
    without = replace(query, filter=IndexFilter(without_sources=(source,)))
    assert keys_of(shared_embedded, "dense", without) == []
    shared_embedded.delete([key])
    assert shared_embedded.status().entries == 0
