"""Both engines that look for many words give the same answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_rag.logs.scanning import _words
from mcp_rag.logs.searching import Automaton, Hyperscan, WordSearch, fastest_search

WORDS = tuple(_words())
FEW = (b"error", b"error:", b": ", b"rror", b"\xe2\x9d\x8c", b"a\\b", b"x[")

pytest.importorskip("hyperscan", reason="no hyperscan for this platform")
ALL = Automaton(WORDS), Hyperscan(WORDS)
SMALL = Automaton(FEW), Hyperscan(FEW)

_piece = st.one_of(
    st.sampled_from([*WORDS] + [word.upper() for word in WORDS] + [b"\n", b"\r\n", b"\t", b"\x1b[31m"]),
    st.binary(max_size=6),
)


def _answer(engine: WordSearch, data: bytes) -> tuple[list[tuple[int, int]], bool]:
    found, odd = engine.search(data)
    assert [place for _, place in found] == sorted(place for _, place in found)
    return sorted(found), odd


@pytest.mark.parametrize("engine", SMALL, ids=["automaton", "hyperscan"])
def test_words_are_told_with_the_place_of_their_last_byte(engine: WordSearch) -> None:
    found, odd = engine.search(b"ok\nERROR: a\\B X[")
    assert not odd
    assert {(FEW[number], place) for number, place in found} == {
        (b"rror", 7),
        (b"error", 7),
        (b"error:", 8),
        (b": ", 9),
        (b"a\\b", 12),
        (b"x[", 15),
    }


@pytest.mark.parametrize("engine", SMALL, ids=["automaton", "hyperscan"])
@pytest.mark.parametrize(
    ("data", "odd"), [(b"\ta\n", False), (b"\r\n", True), (b"\0", True), (b"\x7f", True), (b"", False)]
)
def test_controls_are_told(engine: WordSearch, data: bytes, odd: bool) -> None:
    assert engine.search(data) == ([], odd)


@given(st.lists(_piece, max_size=40).map(b"".join))
def test_both_engines_agree_on_the_words_of_the_grammars(data: bytes) -> None:
    one, other = (_answer(engine, data) for engine in ALL)
    assert one == other


def test_hyperscan_is_taken_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(fastest_search(FEW), Hyperscan)
    monkeypatch.setattr("mcp_rag.logs.searching.find_spec", lambda _: None)
    assert isinstance(fastest_search(FEW), Automaton)
