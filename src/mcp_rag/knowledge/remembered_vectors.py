"""The vectors of the latest questions: the same failure comes again and again, from every job that it breaks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING

from mcp_rag.knowledge.embedder import Vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TEXTS = 4_096
"""Texts remembered, the latest used. Some 15 MB with their vectors of 384 numbers. Chosen by eye."""

LONGEST = 4_096
"""Characters of a text that is remembered: longer ones cost more memory than they save. Chosen by eye."""


class RememberedVectors:
    """``embed``, which is asked only for texts that were not asked lately. Safe to share between threads.

    Args:
        embed: texts → vectors, a row each; the same text gives the same vector whatever stands beside it.
        texts: how many are remembered.
    """

    def __init__(self, embed: Callable[[Sequence[str]], Sequence[NDArray[np.float32]]], texts: int = TEXTS) -> None:
        self._embed, self._most = embed, texts
        self._held: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """The vectors of ``texts``, one at least: float32, a row each."""
        import numpy as np

        with self._lock:
            known = {text: self._held[text] for text in texts if text in self._held}
            for text in known:
                self._held.move_to_end(text)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known |= dict(zip(missing, self._embed(missing), strict=True))
            self._remember({text: known[text] for text in missing if len(text) <= LONGEST})
        return np.asarray([known[text] for text in texts], dtype=np.float32)

    def _remember(self, vectors: dict[str, NDArray[np.float32]]) -> None:
        with self._lock:
            self._held.update(vectors)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
