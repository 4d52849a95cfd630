"""all-MiniLM-L6-v2 on ONNX Runtime, without torch.

The graphs (made by ``scripts/make_minilm_graph.py``) ship without weights; they are read from the installed model's
``model.safetensors`` and handed to a session when it is made. Entries are embedded in float32, or by choice with all
linear layers in eight bits; questions, for which somebody waits, with the two large layers behind attention in eight bits:
a cosine of .999 to float32's vectors, in two thirds to four fifths of the time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcp_rag.errors import KnowledgeError, ModelNotInstalled
from mcp_rag.knowledge.embedder import Vectors

NAME = "all-MiniLM-L6-v2"
DIMENSION = 384
"""``hidden_size`` of the model's config.json."""
MAX_TOKENS = 256
"""``max_seq_length`` of the model's sentence_bert_config.json, its two marks included."""
BATCH, INT8_BATCH = 8, 1
"""Texts in one run. Chosen by eye: 8 and 16 are equally fast for texts of one length; more costs memory. In eight bits
a run's largest number scales all of it, so that a text's vector would depend on its company: there each runs alone."""
PADDED_TOKENS = 16
"""Padding that a run may hold: as long as it takes to compute, starting another run takes. Measured on two cores."""
FIRST_WINDOW = 2_048
"""Characters tokenised first: logs and source code have about three a token, so nearly always enough."""
CEILING = 1 << 20
"""Characters of a text that are looked at; only after a megabyte of almost no tokens could more change its vector."""
PARTIAL_WORDS = 2
"""Words at a window's end that may be pieces: of a word, or of a mark such as ``[SEP]``, whose ``[SE`` makes two."""
LARGEST_INT8 = 127
UNUSED = ("pooler.", "embeddings.position_ids")
"""Tensors of the file that sentence vectors do not need."""
FLOAT32, INT8, MIXED = "minilm.onnx", "minilm-int8.onnx", "minilm-mixed.onnx"


def available_cores() -> int:
    """The cores that this process may use, which may be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


class OnnxEmbedder:
    """The default embedder. Safe to share between threads; the same text gives the same vector in any company.

    Args:
        folder: the unpacked model, with ``tokenizer.json`` and ``model.safetensors``.
        threads: cores for one run; by default all that this process may use.
        int8: compute the linear layers in eight bits.

    Raises:
        ModelNotInstalled: a file of the model is missing.
        KnowledgeError: the files cannot be read as this model.
    """

    dimension = DIMENSION

    def __init__(self, folder: Path, threads: int | None = None, int8: bool = False) -> None:
        self.name = f"{NAME}-int8" if int8 else NAME
        self._for_entries, self._batch = (INT8, INT8_BATCH) if int8 else (FLOAT32, BATCH)
        missing = [name for name in ("tokenizer.json", "model.safetensors") if not (folder / name).is_file()]
        if missing:
            why = f"{folder} lacks {' and '.join(missing)}"
            raise ModelNotInstalled(f"The embedding model {NAME} is not whole", why, "Run `mcp-rag models install`")
        try:
            self._tokens = _Tokens(folder / "tokenizer.json")
            self._sessions = _Sessions(folder / "model.safetensors", threads or available_cores())
        except Exception as fault:  # tokenizers and safetensors share no exception of their own.
            raise _unloadable(folder, fault) from fault

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed ``texts``: float32 of shape (len(texts), 384), each row of length 1."""
        return self._embedded(texts, self._for_entries, self._batch)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions, like ``embed`` and faster."""
        return self._embedded(texts, MIXED, BATCH)

    def _embedded(self, texts: Sequence[str], graph: str, batch: int) -> Vectors:
        vectors = np.empty((len(texts), DIMENSION), dtype=np.float32)
        tokens = [self._tokens.of(text) for text in texts]
        for places in _runs([len(row) for row in tokens], batch):
            vectors[places] = _run(self._sessions.of(graph), [tokens[place] for place in places])
        return vectors


def _run(session: Any, rows: Sequence[Sequence[int]]) -> Vectors:
    ids = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    mask = np.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
        mask[place, : len(row)] = 1
    vectors: Vectors = session.run(["vectors"], {"input_ids": ids, "attention_mask": mask})[0]
    return vectors


def _runs(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """The places of texts that share a run: at most ``most`` of like length, since what is padded is computed for nothing."""
    run: list[int] = []
    used = 0
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        wasted = (len(run) + 1) * lengths[place] - used - lengths[place]
        if run and (len(run) == most or wasted > PADDED_TOKENS):
            yield run
            run, used = [], 0
        run.append(place)
        used += lengths[place]
    if run:
        yield run


class _Tokens:
    """The token ids of a text, cut where the model stops reading."""

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        first, last = self._tokenizer.token_to_id("[CLS]"), self._tokenizer.token_to_id("[SEP]")
        if first is None or last is None:
            raise ValueError(f"{path} has no marks [CLS] and [SEP]")
        self._first, self._last = first, last

    def of(self, text: str) -> list[int]:
        """At most ``MAX_TOKENS`` ids, the same that the whole text (up to ``CEILING`` characters) would give."""
        # One text a call: encode_batch would start threads of its own beside the session's.
        return [self._first, *self._content(_without_surrogates(text[:CEILING])), self._last]

    def _content(self, text: str) -> list[int]:
        room = MAX_TOKENS - 2
        for size in _windows(len(text)):
            encoding = self._tokenizer.encode(text[:size], add_special_tokens=False)
            # Without special tokens every token belongs to a word.
            words = [word or 0 for word in encoding.word_ids]
            if size >= len(text) or (len(words) > room and words[room - 1] < words[-1] - PARTIAL_WORDS):
                break
        ids: list[int] = encoding.ids
        return ids[:room]


def _windows(length: int) -> Iterator[int]:
    """Growing sizes, the last of which holds the whole text."""
    size = FIRST_WINDOW
    while size < length:
        yield size
        size *= 8
    yield length


def _without_surrogates(text: str) -> str:
    """``text`` as valid Unicode: pairs of surrogates joined, lone ones replaced (the tokenizer drops U+FFFD)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class _Sessions:
    """A session for each graph, opened at its first use; what is no linear layer's weight they share."""

    def __init__(self, weights: Path, threads: int) -> None:
        self._weights, self._threads = weights, threads
        self._shared = {name: _value(tensor) for name, tensor in _read_weights(weights) if not _is_linear(name)}
        self._opened: dict[str, Any] = {}
        self._opening = Lock()

    def of(self, graph: str) -> Any:
        with self._opening:
            if graph not in self._opened:
                try:
                    self._opened[graph] = self._open(graph)
                except Exception as fault:  # ONNX Runtime's exceptions share no base of their own.
                    raise _unloadable(self._weights.parent, fault) from fault
            return self._opened[graph]

    def _open(self, graph: str) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        # Idle threads that spin take the cores from everyone else on the machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        # The session packs linear weights anew for itself: kept here they would lie in memory twice.
        # What is shared is handed over twice: as the file's contents, and to be used where it lies, without a copy.
        for name, value in self._shared.items():
            options.add_initializer(name, value)
        values = self._shared | {
            part: _value(tensor)
            for name, weight in _read_weights(self._weights)
            if _is_linear(name)
            for part, tensor in _as_wanted(name, weight, graph)
        }
        options.add_external_initializers(list(values), list(values.values()))
        model = (files("mcp_rag.knowledge") / graph).read_bytes()
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _unloadable(folder: Path, fault: Exception) -> KnowledgeError:
    return KnowledgeError(
        f"The embedding model in {folder} cannot be loaded", str(fault), "Run `mcp-rag models install`"
    )


def _value(tensor: NDArray[Any]) -> Any:
    import onnxruntime

    return onnxruntime.OrtValue.ortvalue_from_numpy(tensor)


def _read_weights(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The tensors that the graphs name, linear ones transposed to (in, out) as they multiply them."""
    from safetensors import safe_open

    with safe_open(path, "np") as file:
        for name in file.keys():  # noqa: SIM118 — this is no mapping and cannot be iterated.
            if not name.startswith(UNUSED):
                tensor = file.get_tensor(name)
                yield name, np.ascontiguousarray(tensor.T if _is_linear(name) else tensor, dtype=np.float32)


def _as_wanted(name: str, weight: NDArray[np.float32], graph: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """A linear weight as ``graph`` takes it: in float32, or as int8 and a scale for each column.

    Per column, because one scale for a whole matrix costs twelve times as much: cosine .952 to .9935 (to torch's own).
    """
    if graph == INT8 or (graph == MIXED and ".attention." not in name):
        scale = np.maximum(np.abs(weight).max(axis=0), np.finfo(np.float32).tiny) / LARGEST_INT8
        yield f"{name}.int8", np.rint(weight / scale).astype(np.int8)
        yield f"{name}.scale", scale.astype(np.float32)
    else:
        yield name, weight


def _is_linear(name: str) -> bool:
    return name.startswith("encoder.") and name.endswith(".weight") and "LayerNorm" not in name
