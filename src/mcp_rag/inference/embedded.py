"""A GGUF file served inside this process by llama.cpp, for machines without a model server."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock
from typing import Any

from mcp_rag.errors import ChatUnreachable, MissingExtra, SettingsError

SCHEME = "embedded:"
"""How such a model is named where else a server's URL stands: ``embedded:/models/qwen.gguf``."""

CONTEXT_TOKENS = 8_192
"""Room for the longest prompt and its answer; of a model that was trained for less llama.cpp takes that. By eye."""

PROMPT_CHARACTERS = 2_000
ANSWER_TOKENS = 240
"""What a processor reads and writes while somebody waits: a model of 135M parameters reads some 80 tokens and writes 25 a
second on one core, one of 0.5B a third of that. Chosen by eye."""

MAGIC = b"GGUF"


class EmbeddedServer:
    """llama.cpp's OpenAI-compatible server on loopback, started at its first use and ended with the process."""

    def __init__(self, path: Path, context_tokens: int = 0) -> None:
        self._path = path
        self._context_tokens = context_tokens or CONTEXT_TOKENS
        self._server: Any = None
        self._starting = Lock()

    @property
    def base_url(self) -> str:
        """Where it listens.

        Raises:
            MissingExtra: llama.cpp is not installed.
            SettingsError: there is no such model file.
            ChatUnreachable: llama.cpp cannot serve it.
        """
        with self._starting:
            if self._server is None:
                self._server = self._started()
            return f"{self._server.listening_address}/v1"

    def _started(self) -> Any:
        self._check_file()
        try:
            import xllamacpp
        except ImportError as fault:
            raise MissingExtra(
                "An embedded language model needs llama.cpp", str(fault), "pip install 'mcp-rag[embedded]'"
            ) from fault
        asked = xllamacpp.CommonParams()
        asked.model.path, asked.model_alias = str(self._path), {self._path.stem}
        asked.n_ctx, asked.n_parallel, asked.port = self._context_tokens, 1, 0
        asked.use_jinja, asked.warmup, asked.verbosity = True, False, 0
        for threads in (asked.cpuparams, asked.cpuparams_batch):
            # Spinning threads, or as many as there are cores, make it collapse beside anything else.
            threads.poll, threads.n_threads = 0, max(1, (os.cpu_count() or 2) - 1)
        try:
            return xllamacpp.Server(asked)
        except Exception as fault:
            raise ChatUnreachable(
                f"llama.cpp cannot serve {self._path}", str(fault), "Check that it is a model of text generation"
            ) from fault

    def _check_file(self) -> None:
        try:
            with self._path.open("rb") as file:
                why = "" if file.read(len(MAGIC)) == MAGIC else "it does not begin with GGUF"
        except OSError as fault:
            why = str(fault)
        if why:
            raise SettingsError(
                f"{self._path} is no model file", why, f"Set chat_base_url to {SCHEME}/path/to/a/model.gguf"
            )
