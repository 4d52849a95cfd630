"""Vectors made once, when a model is installed, of the texts that every home embeds: the known issues that ship.

They lie beside the model's weights, each under the digest of its text, so that an entry that was edited since is simply
embedded anew. Nothing of anybody's logs or documents comes into the file.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcp_rag.errors import KnowledgeError
from mcp_rag.knowledge.embedder import Embedder, Vectors

FILE = "prepared.npz"
DIGEST_BYTES = 16
"""Of SHA-256: no two of a few thousand texts will share them."""
AT_ONCE = 64
"""Texts embedded between two reports of progress. By eye."""


class PreparedVectors:
    """``embedder``, which embeds only what ``file`` does not hold; an absent file holds nothing.

    Raises:
        KnowledgeError: the file cannot be read, or is of another model.
    """

    def __init__(self, embedder: Embedder, file: Path) -> None:
        self._embedder = embedder
        self.name, self.dimension = embedder.name, embedder.dimension
        self._held = _read(file, self.name, self.dimension) if file.is_file() else {}

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed ``texts``: float32 of shape (len(texts), dimension), each row of length 1."""
        held = [self._held.get(_digest(text)) for text in texts] if self._held else [None] * len(texts)
        missing = [place for place, vector in enumerate(held) if vector is None]
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        if missing:
            vectors[missing] = self._embedder.embed([texts[place] for place in missing])
        for place, vector in enumerate(held):
            if vector is not None:
                vectors[place] = vector
        return vectors

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions, none of which is held."""
        return self._embedder.embed_queries(texts)


def prepare(embedder: Embedder, file: Path, texts: Sequence[str], progress: Callable[[int, int], None]) -> int:
    """Make ``file`` hold the vectors of ``texts`` and no others; how many had to be embedded.

    A file that is whole already is left alone, one that cannot be read made anew.

    Raises:
        OSError: it cannot be written; an older one stays as it was.
    """
    try:
        known = PreparedVectors(embedder, file)
    except KnowledgeError:
        file.unlink()
        known = PreparedVectors(embedder, file)
    wanted = {_digest(text): text for text in texts}
    missing = sum(digest not in known._held for digest in wanted)
    if missing or len(known._held) != len(wanted):
        rows = _embedded(known, list(wanted.values()), progress)
        empty = np.empty((0, embedder.dimension), dtype=np.float32)
        _write(file, embedder.name, list(wanted), np.concatenate([empty, *rows]))
    return missing


def _embedded(embedder: Embedder, texts: Sequence[str], progress: Callable[[int, int], None]) -> Iterator[Vectors]:
    for start in range(0, len(texts), AT_ONCE):
        yield embedder.embed(texts[start : start + AT_ONCE])
        progress(min(start + AT_ONCE, len(texts)), len(texts))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:DIGEST_BYTES]


def _read(file: Path, model: str, dimension: int) -> Mapping[bytes, NDArray[np.float32]]:
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
            name, digests, vectors = str(kept["model"]), kept["digests"], kept["vectors"]
    except Exception as fault:  # a damaged archive raises what zipfile, zlib and numpy's reader raise
        raise _unusable(file, str(fault)) from fault
    if name != model or digests.shape != (len(vectors), DIGEST_BYTES) or vectors.shape[1:] != (dimension,):
        raise _unusable(file, f"it is of {name}: {digests.shape} digests, {vectors.shape} vectors")
    return {digest.tobytes(): vector for digest, vector in zip(digests, vectors, strict=True)}


def _unusable(file: Path, why: str) -> KnowledgeError:
    return KnowledgeError(f"The prepared vectors in {file} cannot be used", why, "Run `mcp-rag models install`")


def _write(file: Path, model: str, digests: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
    """Put a whole file in the place of the old one, or nothing."""
    table = np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, DIGEST_BYTES)
    handle, name = tempfile.mkstemp(prefix=".new-", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as new:
            np.savez(new, model=np.array(model), digests=table, vectors=vectors)
        Path(name).chmod(0o644)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
