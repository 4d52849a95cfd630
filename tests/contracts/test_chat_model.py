"""One suite for all chat models: the scripted twin, a server over HTTP, one that starts late, guarded and overheard ones,
and a real small model inside the process where one is named."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from chat_server import delta, events, say, serving
from mcp_rag.errors import ChatError, ChatMalformed, ChatUnreachable, ContextOverflow, ToolsUnsupported
from mcp_rag.evaluation.voices import Overheard
from mcp_rag.inference.embedded import EmbeddedServer
from mcp_rag.reasoning.chat import ChatModel, Message, Reply, Tool, ToolCall
from mcp_rag.reasoning.guarded_chat import GuardedChat
from mcp_rag.reasoning.openai_chat import OpenAIChat
from mcp_rag.reasoning.scripted_chat import Script, ScriptedChat
from mcp_rag.wiring.chats import LateChat

GGUF = os.environ.get("MCP_RAG_TEST_GGUF", "")

ASK = [Message("system", "Answer briefly."), Message("user", "Is the sky blue?")]
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string", "maxLength": 40}},
    "required": ["answer"],
    "additionalProperties": False,
}
TOOL = Tool(
    "read_lines",
    "Lines of the log.",
    {"type": "object", "properties": {"first": {"type": "integer"}}, "required": ["first"]},
)
CALL = ToolCall("call-1", "read_lines", '{"first": 3}')
ANSWER = '{"answer": "yes, it is"}'
ENDLESS = 5
"""So often a script goes on to say the same."""

Make = Callable[[str], ChatModel]
"""A model that behaves as is said: *answers*, *calls* a tool, or fails in one of the ways of ``FAILURES``."""

FAILURES: Mapping[str, type[ChatError]] = {
    "overflows": ContextOverflow,
    "babbles": ChatMalformed,
    "is down": ChatUnreachable,
}

SCRIPTS: Mapping[str, Script] = {
    "answers": ANSWER,
    "calls": CALL,
    "toolless": ANSWER,
    "overflows": ContextOverflow("too long"),
    "babbles": ChatMalformed("no answer"),
    "is down": ChatUnreachable("down"),
}


def answer(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
    """A server whose model behaves as it is called."""
    if handler.path != "/v1/chat/completions":
        return say(handler, {}, 404)
    behaviour, streams = body["model"], body.get("stream")
    if behaviour == "overflows":
        say(handler, {"error": {"code": "context_length_exceeded", "message": "too long"}}, 400)
    elif behaviour == "is down":
        say(handler, {"error": "going down"}, 503)
    elif behaviour == "toolless" and "tools" in body:
        say(handler, {"error": "this model does not support tools"}, 400)
    elif behaviour == "babbles":
        events(handler, ["{broken"]) if streams else say(handler, b"<html>")
    elif behaviour == "calls" and "tools" in body:
        function = {"name": CALL.name, "arguments": CALL.arguments}
        events(handler, [delta("tool_calls", tool_calls=[{"index": 0, "id": CALL.id, "function": function}])])
    elif streams:
        events(handler, [delta(content=ANSWER[:9]), delta("stop", content=ANSWER[9:])])
    else:
        say(handler, {"choices": [{"message": {"content": ANSWER}}], "usage": {"prompt_tokens": 9}})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(answer) as (place, _):
        yield place


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcp_rag.reasoning.openai_chat.FIRST_PAUSE_SECONDS", 0.01)


def over_http(url: str) -> Make:
    return lambda behaviour: OpenAIChat(url, behaviour, timeout_seconds=30)


def scripted(behaviour: str) -> ChatModel:
    return ScriptedChat(*[SCRIPTS[behaviour]] * ENDLESS, tools=behaviour != "toolless")


MAKERS: Mapping[str, Callable[[str], Make]] = {
    "scripted": lambda url: scripted,
    "HTTP": over_http,
    "late": lambda url: lambda behaviour: LateChat("late", lambda: over_http(url)(behaviour)),
    "guarded": lambda url: lambda behaviour: GuardedChat(over_http(url)(behaviour), 2, 5.0),
    "guarded twin": lambda url: lambda behaviour: GuardedChat(scripted(behaviour), 2, 5.0),
    "overheard": lambda url: lambda behaviour: Overheard(over_http(url)(behaviour)),
}


@pytest.fixture(params=MAKERS)
def make(request: pytest.FixtureRequest, url: str) -> Make:
    return MAKERS[request.param](url)


@pytest.fixture(scope="module")
def embedded() -> ChatModel:
    """A real model in this process, guarded as the program has it."""
    if not GGUF:
        pytest.skip("MCP_RAG_TEST_GGUF names no small model")
    pytest.importorskip("xllamacpp", reason="optional: llama.cpp is not installed")
    server = EmbeddedServer(Path(GGUF), 1_024)
    return GuardedChat(LateChat("small", lambda: OpenAIChat(server.base_url, "small", "", 300)), 2, 300.0)


@pytest.fixture(params=[*MAKERS, "embedded"])
def chat(request: pytest.FixtureRequest, url: str) -> ChatModel:
    """One that answers."""
    if request.param == "embedded":
        model: ChatModel = request.getfixturevalue("embedded")
        return model
    return MAKERS[request.param](url)("answers")


def test_it_has_a_name_and_answers_by_it(chat: ChatModel) -> None:
    assert chat.name
    reply = chat.complete(ASK, SCHEMA)
    assert set(json.loads(reply.text)) == {"answer"}
    assert reply.model
    assert reply.prompt_tokens >= 0 <= reply.completion_tokens
    assert not reply.calls


def test_a_stream_is_its_pieces_and_then_the_whole(chat: ChatModel) -> None:
    *pieces, whole = chat.stream(ASK)
    assert isinstance(whole, Reply)
    assert pieces and all(isinstance(piece, str) and piece for piece in pieces)
    assert "".join(map(str, pieces)).strip() == whole.text


def test_an_abandoned_stream_leaves_the_model_usable(chat: ChatModel) -> None:
    for _ in range(3):  # more than there are places at a guarded one
        stream = chat.stream(ASK)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
    assert chat.complete(ASK, SCHEMA).text


def test_two_threads_may_ask_at_once(chat: ChatModel) -> None:
    with ThreadPoolExecutor(2) as pool:
        texts = list(pool.map(lambda _: chat.complete(ASK, SCHEMA).text, range(2)))
    assert all(json.loads(text)["answer"] for text in texts)


def test_its_window_counts_more_for_more(chat: ChatModel) -> None:
    window = chat.window()
    assert window.tokens >= 512
    few, many = window.count("a word"), window.count("a word " * 50)
    assert 0 < few < many <= 50 * len("a word ")


def test_tools_may_be_given_to_all(chat: ChatModel) -> None:
    """Whatever it says to them: a call, an answer, or that it takes none."""
    try:
        *_, last = chat.stream(ASK, [TOOL])
    except ToolsUnsupported:
        return
    assert isinstance(last, Reply)
    assert last.text or last.calls


def test_a_call_of_a_tool_comes_in_the_reply(make: Make) -> None:
    *_, last = make("calls").stream(ASK, [TOOL])
    assert isinstance(last, Reply)
    assert last.calls == (CALL,)


def test_who_takes_no_tools_says_so_and_answers_without(make: Make) -> None:
    chat = make("toolless")
    with pytest.raises(ToolsUnsupported):
        list(chat.stream(ASK, [TOOL]))
    *_, last = chat.stream(ASK)
    assert isinstance(last, Reply)
    assert last.text == ANSWER


@pytest.mark.parametrize("behaviour", FAILURES)
def test_each_failure_is_the_same_error_whichever_way_it_is_asked(make: Make, behaviour: str) -> None:
    chat = make(behaviour)
    for ask in (lambda: chat.complete(ASK), lambda: chat.complete(ASK, SCHEMA), lambda: list(chat.stream(ASK))):
        with pytest.raises(FAILURES[behaviour]):
            ask()
    assert chat.window().tokens > 0, "it never raises"


def test_a_real_model_refuses_what_is_too_long_for_it(embedded: ChatModel) -> None:
    long = [Message("user", "word " * (embedded.window().tokens + 100))]
    with pytest.raises(ContextOverflow):
        embedded.complete(long)
    with pytest.raises(ContextOverflow):
        list(embedded.stream(long))
