"""A text that was asked lately is not embedded again; what is remembered is bounded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mcp_rag.knowledge.remembered_vectors import LONGEST, RememberedVectors


class Asked:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        self.texts += texts
        return [np.array([len(text), 1.0], dtype=np.float32) for text in texts]


def test_each_text_is_asked_once_and_answered_in_order() -> None:
    asked = Asked()
    vectors = RememberedVectors(asked)
    assert vectors(["aa", "b", "aa"])[:, 0].tolist() == [2, 1, 2]
    assert vectors(["b", "ccc", "aa"])[:, 0].tolist() == [1, 3, 2]
    assert asked.texts == ["aa", "b", "ccc"]


def test_the_latest_used_are_kept() -> None:
    asked = Asked()
    vectors = RememberedVectors(asked, texts=2)
    for texts in (["a"], ["bb"], ["a"], ["ccc"], ["a"], ["bb"]):
        vectors(texts)
    assert asked.texts == ["a", "bb", "ccc", "bb"]


def test_more_texts_than_are_kept_are_answered_and_long_ones_not_kept() -> None:
    asked = Asked()
    vectors = RememberedVectors(asked, texts=2)
    assert vectors(["a", "bb", "ccc", "dddd"])[:, 0].tolist() == [1, 2, 3, 4]
    long = "x" * (LONGEST + 1)
    vectors([long])
    vectors([long])
    assert asked.texts.count(long) == 2
