"""A diagnosis beside a language model's server that fails in each way: the answer is what it is without one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from chat_server import delta, events, say, serving
from mcp_rag.logs.sources import MemorySource
from mcp_rag.reasoning.openai_chat import OpenAIChat
from mcp_rag.records import KnownIssue, Verdict
from mcp_rag.settings import Settings
from mcp_rag.wiring import House, open_house

LOG = b"""Traceback (most recent call last):
  File "/srv/app/train.py", line 8, in main
    x = np.float(3)
AttributeError: module 'numpy' has no attribute 'float'
"""
ISSUE = KnownIssue(
    id="numpy-aliases",
    source="notes",
    title="numpy.float was removed",
    symptoms=("module 'numpy' has no attribute '{name}'",),
    cause="NumPy 1.24 removed the alias.",
    fix="Write `float` instead of `np.float`.",
    commands=("pip install --upgrade oldlib",),
)
TOO_LONG = {"error": {"code": "context_length_exceeded", "message": "maximum context length is 9 tokens"}}

Answer = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(Settings(home=tmp_path_factory.mktemp("faulty") / "home", starter=False)) as opened:
        opened.ledger.issues.put(ISSUE)
        yield opened


def reply(text: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if body.get("stream"):
            return events(handler, [delta("stop", content=text)])
        return say(handler, {"choices": [{"message": {"content": text}}]})

    return answer


def said(text: str, lines: list[int], issues: list[str]) -> str:
    one = {"text": text, "lines": lines, "issues": issues}
    return json.dumps({"cause": one, "fix": [one], "commands": ["rm -rf /"], "cannot_tell": ""})


def slow(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    time.sleep(1)


def broken_off(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    if body.get("stream"):
        return events(handler, [delta(content='{"cause": {"te')], end=False)
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices"')
    handler.close_connection = True
    return None


FAULTS: dict[str, Answer] = {
    "refuses": lambda handler, body: say(handler, {"error": "no such model"}, 404),
    "fails inside": lambda handler, body: say(handler, {"error": "out of memory"}, 500),
    "is slow": slow,
    "breaks off": broken_off,
    "says no JSON": reply("I think that it is broken."),
    "says JSON of another shape": reply('{"cause": "broken"}'),
    "cites what was not given": reply(said("NumPy 1.24 removed the alias.", [99], ["notes/other"])),
    "cites what does not say it": reply(said("The moon was full that night.", [4], ["numpy-aliases"])),
    "invents a version and a command": reply(said("Run `pip install numpy==9.9.9`.", [4], ["numpy-aliases"])),
    "is too small for any prompt": lambda handler, body: say(handler, TOO_LONG, 400),
}


@pytest.mark.parametrize("heard", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("fault", FAULTS)
def test_the_answer_is_the_one_without_a_model_and_says_why(
    house: House, fault: str, heard: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_rag.reasoning.openai_chat.FIRST_PAUSE_SECONDS", 0.01)
    alone = house.assistant.diagnose(MemorySource("x.log", LOG))
    assert (alone.verdict, alone.commands) == (Verdict.KNOWN, ISSUE.commands)
    with serving(FAULTS[fault]) as (url, _):
        chat = OpenAIChat(url, "m", timeout_seconds=0.4 if fault == "is slow" else 20, window_tokens=4_096)
        drafts: list[str] = []
        assistant = replace(house.assistant, chat=chat, hear=drafts.append if heard else None)
        answered = assistant.diagnose(MemorySource("x.log", LOG))
    assert replace(answered, notes=()) == replace(alone, notes=())
    assert len(answered.notes) > len(alone.notes), "that something was left out is said"
    assert bool(drafts) is heard


def test_no_server_at_all_is_no_error_either(house: House) -> None:
    chat = OpenAIChat("http://127.0.0.1:9/v1", "m", timeout_seconds=2)
    answered = replace(house.assistant, chat=chat).diagnose(MemorySource("x.log", LOG))
    assert answered.fix is not None and answered.fix.text == ISSUE.fix
    assert any("Answered without the language model" in note for note in answered.notes)


def test_a_hard_case_is_worded_by_the_model_that_is_set_for_these(tmp_path: Path) -> None:
    """The models' names in what a real server is asked, by the settings alone."""
    text = said("NumPy 1.24 removed the alias.", [4], ["numpy-aliases"])
    with serving(reply(text), {"/v1/models": {"data": [{"id": "small"}, {"id": "large"}]}}) as (url, bodies):
        settings = Settings(home=tmp_path / "home", starter=False, chat_base_url=url, chat_model="small")
        with open_house(replace(settings, chat_hard_model="large")) as opened:
            opened.ledger.issues.put(ISSUE)
            easy = opened.assistant.diagnose(MemorySource("x.log", LOG))
            hard = opened.assistant.diagnose(MemorySource("y.log", LOG.replace(b"numpy' has", b"newt' has")))
        with open_house(settings) as opened:
            opened.assistant.diagnose(MemorySource("y.log", LOG.replace(b"numpy' has", b"newt' has")))
    assert (easy.verdict, hard.verdict) == (Verdict.KNOWN, Verdict.UNKNOWN)
    asked = [body["model"] for body in bodies if "messages" in body]
    assert asked == ["small", "large", "small"]
