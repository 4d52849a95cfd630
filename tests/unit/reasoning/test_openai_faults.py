"""Servers that differ, refuse, stream and break off, over real HTTP."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler

import pytest

from chat_server import delta, events, say, serving
from mcp_rag.errors import ChatError, ChatMalformed, ChatUnreachable, ContextOverflow, ToolsUnsupported
from mcp_rag.reasoning.chat import Message, Reply, Tool, ToolCall, Window, estimated_tokens
from mcp_rag.reasoning.composing import compose
from mcp_rag.reasoning.openai_chat import OpenAIChat
from mcp_rag.reasoning.prompting import write_prompt
from mcp_rag.reasoning.talking import TURNS_KEPT, Turn, write_talk
from mcp_rag.reasoning.wording import word
from mcp_rag.records import Diagnosis, Evidence, Excerpt, Incident, KnownIssue, Span

ASK = [Message("user", "why?")]
TOOL = Tool("read_lines", "Lines.", {"type": "object"})
GOOD = {"choices": [{"message": {"content": "because"}}]}
TOO_LONG = {"error": {"code": "context_length_exceeded", "message": "maximum context length is 512 tokens"}}


def answer_of(message: dict[str, object], finish: str = "stop") -> dict[str, object]:
    return {"choices": [{"message": message, "finish_reason": finish}]}


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": "<think>hm</think>because"}, "because"),
        ({"content": "hm, so</think>because"}, "because"),
        ({"content": "because", "reasoning_content": "hm"}, "because"),
        ({"content": [{"type": "text", "text": "be"}, {"type": "text", "text": "cause"}]}, "because"),
    ],
    ids=["tags", "closing tag alone", "field", "parts"],
)
def test_what_is_thought_aloud_is_left_out(message: dict[str, object], text: str) -> None:
    with serving(lambda handler, body: say(handler, answer_of(message))) as (url, _):
        assert OpenAIChat(url, "m").complete(ASK).text == text


@pytest.mark.parametrize(
    "message", [{"content": "<think>hm"}, {"content": None, "reasoning_content": "hm"}, {"content": ""}]
)
def test_a_model_that_never_stops_thinking_is_malformed(message: dict[str, object]) -> None:
    answer = answer_of(message, "length")
    with (
        serving(lambda handler, body: say(handler, answer)) as (url, _),
        pytest.raises(ChatMalformed, match="before it answered"),
    ):
        OpenAIChat(url, "m").complete(ASK)


def test_an_answer_that_was_cut_off_says_so() -> None:
    with serving(lambda handler, body: say(handler, answer_of({"content": "bec"}, "length"))) as (url, _):
        assert OpenAIChat(url, "m").complete(ASK).cut_off


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        ("max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        ("temperature", "Unsupported value: 'temperature' does not support 0 with this model."),
        ("stream_options", "stream_options is not permitted"),
    ],
)
def test_what_a_server_refuses_is_left_out_and_remembered(refused: str, said: str) -> None:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
        if refused in body:
            say(handler, {"error": {"message": said}}, 400)
        elif body.get("stream"):
            events(handler, [delta(content="because")])
        else:
            say(handler, GOOD)

    with serving(answer) as (url, bodies):
        chat = OpenAIChat(url, "m")
        for _ in range(2):
            assert next(iter(list(chat.stream(ASK)))) == "because"
    assert [refused in body for body in bodies] == [True, False, False]


def test_a_server_that_takes_json_alone_gets_that() -> None:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
        form = body.get("response_format")
        wrong = isinstance(form, dict) and form["type"] == "json_schema"
        say(handler, {"error": "json_schema?"} if wrong else GOOD, 400 if wrong else 200)

    with serving(answer) as (url, bodies):
        OpenAIChat(url, "m").complete(ASK, {"type": "object"})
    assert bodies[-1]["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (TOO_LONG, 400),
        (
            {
                "error": {
                    "type": "exceed_context_size_error",
                    "message": "the request exceeds the available context size",
                }
            },
            400,
        ),
        ({"error": "This model's maximum context length is 512 tokens."}, 500),
        ({"object": "error", "message": "The prompt is too long"}, 413),
    ],
)
def test_a_prompt_that_is_too_long_is_an_error_of_its_own(said: object, status: int) -> None:
    with serving(lambda handler, body: say(handler, said, status)) as (url, bodies):
        with pytest.raises(ContextOverflow):
            OpenAIChat(url, "m").complete(ASK, {"type": "object"})
        with pytest.raises(ContextOverflow):
            list(OpenAIChat(url, "m").stream(ASK))
    assert len(bodies) == 2, "a second try cannot help"


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set', 400),
        ("tools param requires --jinja flag", 500),
        ("registry.ollama.ai/library/x does not support tools", 400),
    ],
)
def test_a_server_that_takes_no_tools_says_so(said: str, status: int) -> None:
    with (
        serving(lambda handler, body: say(handler, {"error": said}, status)) as (url, _),
        pytest.raises(ToolsUnsupported),
    ):
        list(OpenAIChat(url, "m").stream(ASK, [TOOL]))


def test_a_stream_gives_pieces_thinking_left_out_and_the_whole_with_its_tokens() -> None:
    rows = [
        delta(role="assistant", content=""),
        delta(reasoning_content="hm"),
        delta(content="<th"),
        delta(content="ink>hm</thi"),
        delta(content="nk>be"),
        delta(content="cause 1 < 2"),
        delta("stop"),
        {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}, "model": "small"},
    ]
    with serving(lambda handler, body: events(handler, rows)) as (url, bodies):
        *pieces, reply = OpenAIChat(url, "m").stream(ASK)
    assert "".join(map(str, pieces)) == "because 1 < 2"
    assert reply == Reply("because 1 < 2", "small", 7, 3)
    assert bodies[0]["stream_options"] == {"include_usage": True}


def test_tool_calls_come_together_from_their_pieces() -> None:
    def part(**of: object) -> dict[str, object]:
        return delta(tool_calls=[{"index": 0, **of}])

    rows = [
        part(id="c1", function={"name": "read_lines", "arguments": ""}),
        part(function={"arguments": '{"first": 1'}),
        part(function={"arguments": ', "last": 2}'}),
        delta("tool_calls"),
    ]
    with serving(lambda handler, body: events(handler, rows)) as (url, bodies):
        (reply,) = OpenAIChat(url, "m").stream(ASK, [TOOL])
    assert isinstance(reply, Reply)
    assert reply.calls == (ToolCall("c1", "read_lines", '{"first": 1, "last": 2}'),)
    assert bodies[0]["tools"] == [
        {
            "type": "function",
            "function": {"name": "read_lines", "description": "Lines.", "parameters": {"type": "object"}},
        }
    ]


def test_a_server_that_does_not_stream_is_taken_whole() -> None:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
        content = json.dumps(GOOD).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    with serving(answer) as (url, _):
        assert [str(getattr(piece, "text", piece)) for piece in OpenAIChat(url, "m").stream(ASK)] == ["because"] * 2


@pytest.mark.parametrize(
    ("rows", "end", "error"),
    [
        ([delta(content="bec")], False, ChatUnreachable),
        ([delta(content="bec"), {"error": {"message": "out of memory"}}], True, ChatMalformed),
        ([delta(content="bec"), {"error": {"message": "maximum context length reached"}}], True, ContextOverflow),
        ([delta(content="bec"), "{broken"], True, ChatMalformed),
        ([delta(content="bec"), "[]"], True, ChatMalformed),
        ([], True, ChatMalformed),
    ],
    ids=["cut off", "error", "overflow", "broken", "list", "empty"],
)
def test_a_stream_that_goes_wrong_is_a_clear_error(rows: list[object], end: bool, error: type[ChatError]) -> None:
    with serving(lambda handler, body: events(handler, rows, end)) as (url, _), pytest.raises(error):
        list(OpenAIChat(url, "m").stream(ASK))


def test_a_stream_that_stops_midway_ends_at_the_deadline() -> None:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
        events(handler, [delta(content="bec")], end=False)
        time.sleep(0.6)

    with serving(answer) as (url, _), pytest.raises(ChatUnreachable):
        list(OpenAIChat(url, "m", timeout_seconds=0.3).stream(ASK))


@pytest.mark.parametrize("wait", ["0", "0.01", "Thu, 01 Jan 2026 00:00:00 GMT", "nonsense"])
def test_a_busy_server_is_asked_again_when_it_says(wait: str) -> None:
    statuses = [429, 200]

    def answer(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
        status = statuses.pop(0)
        content = json.dumps(GOOD).encode()
        handler.send_response(status)
        handler.send_header("Retry-After", wait)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    with serving(answer) as (url, bodies):
        assert OpenAIChat(url, "m").complete(ASK).text == "because"
    assert len(bodies) == 2


def test_a_server_that_asks_for_longer_than_there_is_is_not_waited_for() -> None:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
        handler.send_response(503)
        handler.send_header("Retry-After", "3600")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with serving(answer) as (url, bodies), pytest.raises(ChatUnreachable, match="503"):
        OpenAIChat(url, "m", timeout_seconds=5).complete(ASK)
    assert len(bodies) == 1


@pytest.mark.parametrize(
    ("pages", "tokens"),
    [
        ({"/v1/models": {"data": [{"id": "m", "max_model_len": 2048}]}}, 2048),
        ({"/props": {"default_generation_settings": {"n_ctx": 1024}, "n_ctx": 4096}}, 1024),
        ({"/api/ps": {"models": [{"name": "m", "context_length": 8192}]}}, 8192),
        ({"/api/v0/models/m": {"loaded_context_length": 3000, "max_context_length": 9000}}, 3000),
        ({"/v1/models": {"data": [{"id": "m", "context_length": 5000}]}}, 5000),
        ({}, 32_768),
    ],
    ids=["vLLM", "llama.cpp", "Ollama", "LM Studio", "a gateway", "another"],
)
def test_the_window_is_asked_of_the_server(pages: dict[str, object], tokens: int) -> None:
    with serving(lambda handler, body: say(handler, {}, 404), pages) as (url, _):
        chat = OpenAIChat(url, "m")
        assert chat.window().tokens == tokens
        assert chat.window().bounded is (tokens not in (5_000, 32_768)), "clouds refuse bounds, or compile each schema"
        assert chat.window().count("abc" * 10) == estimated_tokens("abc" * 10) == 11
        assert OpenAIChat(url, "m", window_tokens=777).window().tokens == 777


@pytest.mark.parametrize(
    ("parameters", "tokens"), [("num_ctx 16384\nstop x", 16_384), ("", 4_096)], ids=["its file", "the default"]
)
def test_ollama_says_what_a_model_that_is_not_loaded_will_get(parameters: str, tokens: int) -> None:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
        shown = {"model_info": {"qwen2.context_length": 32_768}, "parameters": parameters}
        say(handler, shown if handler.path == "/api/show" else {}, 200 if handler.path == "/api/show" else 404)

    with serving(answer, {}) as (url, _):
        assert OpenAIChat(url, "m").window().tokens == tokens


@pytest.mark.parametrize("by", ["content", "prompt"])
def test_tokens_are_counted_by_the_server_where_it_counts(by: str) -> None:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
        if handler.path != "/tokenize" or by not in body:
            return say(handler, {}, 404)
        words = str(body[by]).split()
        say(handler, {"tokens": list(range(len(words)))} if by == "content" else {"count": len(words)})

    with serving(answer) as (url, _):
        assert OpenAIChat(url, "m").window().count("one two three") == 3


def test_no_server_has_the_window_that_every_server_has() -> None:
    assert OpenAIChat("http://127.0.0.1:9/v1", "", timeout_seconds=2).window() == Window()


def long_diagnosis() -> Diagnosis:
    lines = tuple(Excerpt(n, f"line {n} " + "word " * 60) for n in range(1, 61))
    incident = Incident("f" * 16, Span(1, 60, 1.0, "block", key=30), "it broke", "it broke", excerpt=lines)
    issue = KnownIssue("i", "notes", "It breaks", cause="The word is wrong.", fix="Write another word. " * 300)
    return compose("x", incident, [incident.span], [Evidence(issue, 1.0, 0.9, True, lines=(30,))])


@pytest.mark.parametrize("tokens", [1_200, 2_048, 4_096])
def test_a_prompt_fits_its_window_with_the_key_line_and_the_cause(tokens: int) -> None:
    system, user = write_prompt(long_diagnosis(), Window(tokens))
    spent = estimated_tokens(system.content) + estimated_tokens(user.content)
    assert spent <= tokens - min(800, tokens // 3)
    data = json.loads(user.content)
    assert 30 in [line["line"] for line in data["incident"]["lines"]]
    assert data["known_issues"][0]["cause"] == "The word is wrong."


def test_each_question_begins_with_all_that_was_said_before_so_that_a_server_can_keep_it() -> None:
    window, history = Window(), list[Turn]()
    before: list[Message] = []
    for number in range(TURNS_KEPT + 1):
        asked = write_talk(long_diagnosis(), f"What of {number}?", history, window)
        assert asked[: len(before)] == before
        before = asked
        history.append(Turn(f"What of {number}?", f"It is {number}. [line 30]"))
    later = write_talk(long_diagnosis(), "And now?", history, window)
    assert len(later) == len(before), "the oldest question goes, the data and the rest stay"
    data, _, question = later[1].content.rpartition("\n\n")
    assert (before[1].content.rpartition("\n\n")[0], question) == (data, "What of 1?")


def test_an_answer_is_asked_no_longer_than_its_window_leaves() -> None:
    pages = {"/v1/models": {"data": [{"id": "m", "max_model_len": 1_500}]}}
    with serving(lambda handler, body: say(handler, GOOD), pages) as (url, bodies):
        chat = OpenAIChat(url, "m")
        chat.window()
        chat.complete(ASK)
        assert bodies[-1]["max_tokens"] == 500
        OpenAIChat(url, "m").complete(ASK)
    assert bodies[-1]["max_tokens"] == 800


def test_an_overflow_is_answered_by_a_shorter_prompt() -> None:
    said = {
        "cause": {"text": "The word of line 30 is wrong, and it broke.", "lines": [30], "issues": ["i"]},
        "fix": [],
        "commands": [],
        "cannot_tell": "",
    }
    lengths: list[int] = []

    def answer(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
        if "messages" not in body:
            return say(handler, {}, 404)
        lengths.append(len(json.dumps(body["messages"])))
        say(
            handler,
            TOO_LONG if lengths[-1] > 9_000 else answer_of({"content": json.dumps(said)}),
            400 if lengths[-1] > 9_000 else 200,
        )

    with serving(answer, {"/v1/models": {"data": [{"id": "m", "max_model_len": 6_000}]}}) as (url, _):
        worded = word(long_diagnosis(), OpenAIChat(url, "m"))
    assert worded.worded_by == "m"
    asked = [length for length in lengths if length > 500]
    assert asked[0] > asked[-1]


def test_an_answer_that_breaks_off_is_closed_where_it_broke() -> None:
    broken = '{"cause": {"text": "The word is wrong.", "lines": [30], "issues": ["i"]}, "fix": [{"text": "Write ano'
    with serving(lambda handler, body: say(handler, answer_of({"content": broken}, "length"))) as (url, _):
        worded = word(long_diagnosis(), OpenAIChat(url, "m"))
    assert worded.cause is not None and worded.cause.text == "The word is wrong."
