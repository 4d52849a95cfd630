"""The seam to an embedding model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Named and not imported: whoever only passes vectors on starts without numpy.
Vectors: TypeAlias = "NDArray[np.float32]"


class Embedder(Protocol):
    """Texts → unit vectors. ``name`` is what a collection remembers; equal names mean equal vectors."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed what is stored: float32 of shape (len(texts), dimension), each row of length 1."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed what is asked, to be held against ``embed``'s vectors, as the model wants a question embedded."""
        ...
