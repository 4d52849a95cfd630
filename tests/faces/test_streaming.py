"""A language model's words on their way: every face tells of them before the answer is whole."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import httpx
import pytest
from mcp.client import Client
from server_process import ServerProcess, environment_for

from chat_server import delta, events, say

LOG = (
    'Traceback (most recent call last):\n  File "/srv/newt.py", line 3, in go\n    go()\nnewt.Slip: the newt fell in\n'
)
READING = {
    "cause": {"text": "The newt fell in slowly.", "lines": [4], "issues": []},
    "fix": [],
    "commands": [],
    "cannot_tell": "",
}


class Model:
    """A model's server that streams, and waits in the middle until it is let go on."""

    def __init__(self) -> None:
        self.go_on = Event()
        self.go_on.set()
        self.fails = False

    def answer(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if handler.path != "/v1/chat/completions":
            return say(handler, {}, 404)
        if self.fails:
            return say(handler, {"error": "no such model"}, 400)
        asked = "response_format" in body
        text = json.dumps(READING) if asked else "The newt fell in [line 4]. Run `rm -rf /` [line 4]."
        if not body.get("stream"):
            self.go_on.wait(60)
            return say(handler, {"choices": [{"message": {"content": text}}]})
        rows = [delta(content=text[:12]), delta("stop", content=text[12:])]
        events(handler, rows[:1], end=False)
        self.go_on.wait(60)
        handler.wfile.write(f"data: {json.dumps(rows[1])}\n\ndata: [DONE]\n\n".encode())
        return None


@pytest.fixture(scope="module")
def server(model: tuple[Model, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    home = tmp_path_factory.mktemp("streamed") / "home"
    with ServerProcess(home, MCP_RAG_STARTER="off", MCP_RAG_CHAT_BASE_URL=model[1], MCP_RAG_CHAT_MODEL="m") as running:
        yield running


def told(response: httpx.Response, model: Model) -> Iterator[dict[str, Any]]:
    """The events of a response; the model goes on once the first has come."""
    for line in response.iter_lines():
        if line.startswith("data: ") and line != "data: [DONE]":
            yield json.loads(line.removeprefix("data: "))
            model.go_on.set()


def streamed(server: ServerProcess, model: Model, path: str, **sent: Any) -> list[dict[str, Any]]:
    model.go_on.clear()
    try:
        with httpx.stream("POST", f"{server.url}{path}", timeout=120, **sent) as response:
            assert response.status_code == 200, response.read()
            assert response.headers["content-type"].startswith("text/event-stream")
            return list(told(response, model))
    finally:
        model.go_on.set()


def test_a_diagnosis_tells_of_the_draft_before_it_is_whole(server: ServerProcess, model: tuple[Model, str]) -> None:
    *drafts, last = streamed(server, model[0], "/v1/diagnose/events?name=x", content=LOG)
    assert {one["event"] for one in drafts} == {"token"}
    assert "".join(one["text"] for one in drafts) == json.dumps(READING)
    assert (last["event"], last["verdict"], last["source"]) == ("diagnosis", "unknown", "x")
    assert any("The newt fell in" in note for note in last["notes"])
    (wrong,) = streamed(server, model[0], "/v1/diagnose/events", content=b"\x1f\x8b no gzip")
    assert (wrong["event"], wrong["status"]) == ("error", 422)


def test_a_question_is_answered_event_by_event(server: ServerProcess, model: tuple[Model, str]) -> None:
    incident = httpx.post(f"{server.url}/v1/diagnose", content=LOG, timeout=120).json()["incident"]
    asked = {"question": "Why?", "history": [{"question": "What?", "answer": "A newt."}]}
    rows = streamed(server, model[0], f"/v1/ask/{incident}", json=asked)
    kinds = [row["event"] for row in rows]
    assert kinds[0] == "token" and kinds[-1] == "done"
    assert {"statement", "withheld"} <= set(kinds)
    assert rows[-1]["answer"] == "The newt fell in. [line 4]"

    def refused(of: str, body: object) -> int:
        return httpx.post(f"{server.url}/v1/ask/{of}", json=body, timeout=60).status_code

    assert refused("0123456789ab", asked) == 404
    assert refused("last", asked) == 422
    assert refused(incident, {"question": "  "}) == 422
    model[0].fails = True
    try:
        (error,) = streamed(server, model[0], f"/v1/ask/{incident}", json=asked)
    finally:
        model[0].fails = False
    assert (error["event"], error["status"]) == ("error", 502)


def test_a_chat_client_hears_of_it_while_the_answer_is_made(server: ServerProcess, model: tuple[Model, str]) -> None:
    asked = {"messages": [{"role": "user", "content": LOG}], "stream": True, "stream_options": {"include_usage": True}}
    first, *rest, usage = streamed(server, model[0], "/v1/chat/completions", json=asked)
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}, "before the model has answered"
    said = "".join(row["choices"][0]["delta"].get("content", "") for row in rest)
    assert "newt" in said
    assert usage["usage"]["total_tokens"] > 0


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_over_mcp_the_draft_is_told_as_progress(server: ServerProcess, model: tuple[Model, str], mode: str) -> None:
    told_of: list[tuple[float, str | None]] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        told_of.append((progress, message))
        if message:
            model[0].go_on.set()

    async def talk() -> dict[str, Any] | None:
        async with Client(f"{server.url}/mcp", mode=mode) as client:
            result = await client.call_tool("diagnose_log", {"text": LOG}, progress_callback=heard)
            assert not result.is_error, result.content
            return result.structured_content

    model[0].go_on.clear()
    try:
        answer = anyio.run(talk)
    finally:
        model[0].go_on.set()
    assert answer is not None
    assert any("The newt fell in" in note for note in answer["notes"])
    assert "rm -rf" not in json.dumps(answer)
    words = [message for _, message in told_of if message]
    assert words[0] == "the language model words the answer: 0 pieces so far"
    assert [done for done, _ in told_of] == sorted({done for done, _ in told_of}), "it grows"


def test_who_goes_away_ends_the_wording(server: ServerProcess, model: tuple[Model, str]) -> None:
    model[0].go_on.clear()
    try:
        with httpx.stream("POST", f"{server.url}/v1/diagnose/events", content=LOG, timeout=60) as response:
            assert next(line for line in response.iter_lines() if line) == "event: token"
    finally:
        model[0].go_on.set()
    assert httpx.post(f"{server.url}/v1/diagnose", content=LOG, timeout=60).json()["verdict"] == "unknown"


def test_a_terminal_shows_the_draft_and_then_the_answer(model: tuple[Model, str], tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text(LOG)
    settings = {"MCP_RAG_STARTER": "off", "MCP_RAG_CHAT_BASE_URL": model[1], "MCP_RAG_CHAT_MODEL": "m"}
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "mcp_rag", "diagnose", str(tmp_path / "x.log")]
    environment = environment_for(tmp_path / "home", **settings, TERM="xterm", COLUMNS="160")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment) as running:
        os.close(theirs)
        assert running.stdout is not None
        shown = b""
        while True:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # Linux's end of a terminal
                break
            if not shown:
                break
        answer = running.stdout.read().decode()
    os.close(ours)
    assert b"the language model words it" in shown
    assert "newt" in answer
    assert "words it" not in answer
