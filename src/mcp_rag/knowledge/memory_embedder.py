"""The in-memory twin of an embedding model: hashed words and their parts, the same for the same text for ever."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from mcp_rag.knowledge.embedder import Vectors
from mcp_rag.knowledge.tokens import code_tokens


class MemoryEmbedder:
    """Texts → unit vectors that are near when words are shared. No model, no meaning: for tests and trials."""

    def __init__(self, dimension: int = 64) -> None:
        self.dimension = dimension
        self.name = f"memory-{dimension}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed ``texts``: float32 of shape (len(texts), dimension), each row of length 1."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            # A text without words is as good as one word of its own.
            for token in code_tokens(text) or [text or " "]:
                digest = zlib.crc32(token.encode("utf-8", "replace"))
                vectors[row, digest % self.dimension] += 1.0 if digest & 0x10000 else -1.0
            if not vectors[row].any():
                vectors[row, 0] = 1.0
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """``embed``: here a question is embedded like an entry."""
        return self.embed(texts)
