"""all-MiniLM-L6-v2 on ONNX Runtime: SentenceTransformers' own vectors without torch.

The graph (``minilm.onnx``, made by ``scripts/make_minilm_graph.py``) holds no weights; it gets them from the installed
``model.safetensors`` when the session is made, the Linear ones transposed. The contract tests hold the vectors against
SentenceTransformers' own.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from mcp_rag.errors import KnowledgeError
from mcp_rag.knowledge.embedder import Vectors

DIMENSION = 384
LONGEST_TOKENS = 256
"""``max_seq_length`` of the model's sentence_bert_config.json."""

LONGEST_CHARACTERS = 20_000
"""Tokenised at most: 256 tokens of the longest words of the vocabulary end far earlier, and a line of a megabyte
costs no seconds. A word of more than 100 characters is one unknown token, so blank-free text may need this much."""

BATCH = 16
"""Texts of about one length that run together. 8 to 32 are equally fast on two cores; more only costs memory."""

_BARE = (
    "embeddings.word_embeddings.weight",
    "embeddings.position_embeddings.weight",
    "embeddings.token_type_embeddings.weight",
)
"""Matrices that are looked up in and not multiplied with: kept as they are."""


class OnnxEmbedder:
    """Texts → unit vectors of 384 numbers. ``folder`` holds the model's files as published."""

    dimension = DIMENSION

    def __init__(self, folder: Path, name: str, threads: int | None = None) -> None:
        self.name = name
        self._threads = threads or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        try:
            self._tokenizer = _tokenizer(folder / "tokenizer.json")
            self._session, self._weights = _session(folder / "model.safetensors", self._threads or 1)
        except (OSError, ValueError, RuntimeError) as fault:
            raise KnowledgeError(
                f"The embedding model in {folder} cannot be opened", str(fault), "Run `mcp-rag models install`"
            ) from fault

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed ``texts``: float32 of shape (len(texts), 384), each row of length 1, in their order."""
        import numpy as np

        vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        encoded = self._tokenizer.encode_batch([_storable(text[:LONGEST_CHARACTERS]) for text in texts])
        order = sorted(range(len(texts)), key=lambda place: len(encoded[place].ids))
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            vectors[places] = self._run([encoded[place].ids for place in places])
        return vectors

    def _run(self, ids: Sequence[Sequence[int]]) -> Any:
        """One batch, padded to its longest text; what pads is masked out."""
        import numpy as np

        width = max(map(len, ids))
        padded = np.zeros((len(ids), width), dtype=np.int64)
        mask = np.zeros((len(ids), width), dtype=np.int64)
        for row, one in enumerate(ids):
            padded[row, : len(one)] = one
            mask[row, : len(one)] = 1
        return self._session.run(None, {"input_ids": padded, "attention_mask": mask})[0]


def _storable(text: str) -> str:
    """Lone surrogates cannot be tokenised."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(LONGEST_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def _session(weights: Path, threads: int) -> tuple[Any, list[Any]]:
    """The session, and the weights' values, which must live as long as it does."""
    import numpy as np
    import onnxruntime
    from safetensors.numpy import load_file

    graph = resources.files("mcp_rag.knowledge").joinpath("minilm.onnx").read_bytes()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    names, values = [], []
    for name, value in load_file(weights).items():
        if name == "embeddings.position_ids" or name.startswith("pooler."):
            continue
        turned = value.T if value.ndim == 2 and name not in _BARE else value
        names.append(name)
        values.append(onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(turned)))
    options.add_external_initializers(names, values)
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"]), values
