"""Any SentenceTransformers model by name or path: bge, text2vec, a multilingual one, your own."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mcp_rag.errors import MissingExtra, ModelNotInstalled
from mcp_rag.knowledge.embedder import Vectors


class SentenceTransformersEmbedder:
    """Texts → unit vectors by SentenceTransformers. A name must be in its cache already: nothing is fetched unasked.

    Raises:
        MissingExtra: SentenceTransformers is not installed.
        ModelNotInstalled: the model is not on this machine.
    """

    def __init__(self, model: str) -> None:
        self.name = _identity(Path(model)) if Path(model).is_dir() else model
        self._model = _load(model)

    @property
    def dimension(self) -> int:
        return int(self._model.get_embedding_dimension())

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed ``texts``: float32 of shape (len(texts), dimension), each row of length 1."""
        return self._embedded(self._model.encode_document, texts)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions, behind the prompt that the model's own settings put before them (bge and E5 have one)."""
        return self._embedded(self._model.encode_query, texts)

    def _embedded(self, encode: Callable[..., Any], texts: Sequence[str]) -> Vectors:
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        safe = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        vectors = encode(safe, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(vectors, dtype=np.float32)


def _identity(folder: Path) -> str:
    """A local model's path and the digest of its weights: retrained in place it is another model."""
    weights = next((f for f in sorted(folder.rglob("*")) if f.suffix in (".safetensors", ".bin") and f.is_file()), None)
    if weights is None:
        return str(folder.resolve())
    with weights.open("rb") as file:
        return f"{folder.resolve()}@{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"


def _load(model: str) -> Any:
    # The hub's client reads this when it is imported; whoever wants downloads sets it to 0.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as fault:
        raise MissingExtra(
            f"The embedding model {model} needs SentenceTransformers",
            str(fault),
            "pip install 'mcp-rag[sentence-transformers]'",
        ) from fault
    try:
        return SentenceTransformer(model, device="cpu", local_files_only=os.environ["HF_HUB_OFFLINE"] != "0")
    except (OSError, ValueError) as fault:
        raise ModelNotInstalled(
            f"The embedding model {model} is not on this machine",
            str(fault).splitlines()[0],
            "Give a folder, or fetch it once with HF_HUB_OFFLINE=0",
        ) from fault
