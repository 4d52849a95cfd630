"""`mcp-rag chat` over HTTP: with a server whose model calls tools without end, with one that takes none, and with a real
small model where one is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from server_process import mcp_rag

from chat_server import delta, events, say, serving
from failed_log import NUMPY_LOG
from mcp_rag.conversation import CALLS, ROUNDS

GGUF = os.environ.get("MCP_RAG_TEST_GGUF", "")
SERVE = Path(__file__).parents[2] / "benchmarks" / "serve_gguf.py"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that has seen one failure."""
    place = tmp_path_factory.mktemp("chat")
    (place / "build.log").write_text(NUMPY_LOG)
    assert mcp_rag(place / "home", "diagnose", place / "build.log").returncode == 0
    return place / "home"


def ask(home: Path, url: str, *arguments: str, **settings: str) -> list[dict[str, Any]]:
    """The events of one question."""
    chat = {"MCP_RAG_CHAT_BASE_URL": url, "MCP_RAG_CHAT_MODEL": "m", **settings}
    told = mcp_rag(home, "chat", "last", "--ask", "Why did it fail?", "--json", *arguments, **chat)
    assert told.returncode == 0, told.stderr.decode()
    return [json.loads(line) for line in told.stdout.splitlines()]


def kinds(rows: list[dict[str, Any]]) -> list[str]:
    return [row["event"] for row in rows]


def test_tools_read_the_log_and_what_they_found_is_cited(home: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        found = [message for message in body["messages"] if message["role"] == "tool"]
        if not found:
            function = {"name": "read_lines", "arguments": '{"first": 1, "last": 1}'}
            events(handler, [delta("tool_calls", tool_calls=[{"index": 0, "id": "a", "function": function}])])
        else:
            assert json.loads(found[0]["content"])["lines"] == [{"line": 1, "text": "installing numpy 2.4.6"}]
            assert found[0]["tool_call_id"] == "a"
            events(handler, [delta("stop", content="Installing numpy 2.4.6 came before [line 1]. The moon was full.")])

    with serving(_only_completions(answer)) as (url, _):
        rows = ask(home, url)
    assert kinds(rows) == ["tool", "statement", "statement", "done"]
    assert [row["supported"] for row in rows if row["event"] == "statement"] == [True, False]
    assert rows[1]["lines"] == [1]
    assert rows[-1]["rounds"] == 1


def test_a_model_that_calls_tools_without_end_is_asked_a_bounded_number_of_times(home: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        function = {"name": "search_log", "arguments": '{"text": "numpy"}'}
        calls = [{"index": n, "id": f"c{n}", "function": function} for n in range(3)]
        rows = [delta("tool_calls", tool_calls=calls)] if "tools" in body else [delta("stop", content="It ends.")]
        events(handler, rows)

    with serving(_only_completions(answer)) as (url, bodies):
        rows = ask(home, url)
    asked = [body for body in bodies if "messages" in body]
    assert ["tools" in body for body in asked] == [True] * ROUNDS + [False]
    used = [row["summary"] for row in rows if row["event"] == "tool"]
    assert len(used) == 3 * ROUNDS
    assert sum(not summary.startswith("refused") for summary in used) <= CALLS
    assert rows[-1]["rounds"] == ROUNDS


def test_a_model_without_tools_is_asked_once_with_all_that_is_known(home: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if "tools" in body:
            return say(handler, {"error": "m does not support tools"}, 400)
        assert "np.float" in body["messages"][1]["content"]
        events(handler, [delta("stop", content="The module numpy has no attribute float [line 5].")])
        return None

    with serving(_only_completions(answer)) as (url, bodies):
        rows = ask(home, url)
    assert len([body for body in bodies if "messages" in body]) == 2
    assert kinds(rows) == ["statement", "done"]
    assert any("takes no tools" in note for note in rows[-1]["notes"])


def test_a_server_that_fails_is_a_clear_error(home: Path) -> None:
    chat = {"MCP_RAG_CHAT_BASE_URL": "http://127.0.0.1:9/v1", "MCP_RAG_CHAT_TIMEOUT_SECONDS": "5"}
    told = mcp_rag(home, "chat", "last", "--ask", "Why?", **chat)
    assert told.returncode == 8
    assert b"does not answer" in told.stderr
    assert mcp_rag(home, "chat", "last", "--ask", "Why?").returncode == 2


@pytest.fixture(scope="module")
def real() -> Iterator[str]:
    """llama.cpp's server in a process of its own, with a real small model."""
    if not GGUF:
        pytest.skip("MCP_RAG_TEST_GGUF names no small model")
    pytest.importorskip("xllamacpp", reason="optional: llama.cpp is not installed")
    command = [sys.executable, str(SERVE), GGUF, "--context", "1200"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        try:
            yield running.stdout.readline().strip()
        finally:
            running.terminate()


def test_a_real_small_model_is_talked_to_and_its_tokens_are_counted(home: Path, real: str) -> None:
    rows = ask(home, real, MCP_RAG_CHAT_TIMEOUT_SECONDS="300")
    last = rows[-1]
    assert last["event"] == "done"
    assert last["rounds"] <= ROUNDS
    assert last["prompt_tokens"] > 100
    for row in rows:
        if row["event"] == "statement" and row["supported"]:
            assert row["lines"] or row["issues"] or not row["text"].strip(), "what is supported cites what bears it"
    told = mcp_rag(home, "usage", "--json").stdout.decode()
    spent = {row["model"]: row for row in map(json.loads, told.splitlines())}
    assert sum(row["prompt_tokens"] for row in spent.values()) >= last["prompt_tokens"]


def _only_completions(answer: Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]) -> Callable[..., None]:
    """``answer`` for completions; what else is asked, such as how tokens are counted, is not there."""

    def given(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        answer(handler, body) if handler.path.endswith("/chat/completions") else say(handler, {}, 404)

    return given
