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
        """Embed ``texts``: float32 of shape (len(texts), dimension), each row of length 1."""
        ...
