"""Against a real HTTP server that behaves as servers do on bad days."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler

import pytest

from chat_server import say, serving
from mcp_rag.errors import ChatMalformed, ChatUnreachable
from mcp_rag.reasoning.chat import Message
from mcp_rag.reasoning.openai_chat import OpenAIChat

ASK = [Message("user", "why?")]
GOOD = {"model": "small", "choices": [{"message": {"content": "because"}}], "usage": {"prompt_tokens": 7}}


def test_an_answer_comes_with_its_tokens_and_the_served_model_is_found() -> None:
    with serving(lambda handler, body: say(handler, GOOD)) as (url, bodies):
        reply = OpenAIChat(url, "").complete(ASK, {"type": "object"})
    assert (reply.text, reply.model, reply.prompt_tokens) == ("because", "small", 7)
    assert bodies[0]["model"] == "served-model"
    assert bodies[0]["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "diagnosis", "schema": {"type": "object"}, "strict": True},
    }


def test_a_server_without_structured_output_is_asked_again_without() -> None:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
        say(handler, {"error": "unknown field"}, 400) if "response_format" in body else say(handler, GOOD)

    with serving(answer) as (url, bodies):
        assert OpenAIChat(url, "m").complete(ASK, {"type": "object"}).text == "because"
    assert ["response_format" in body for body in bodies] == [True, True, False]


def test_a_busy_server_is_asked_again() -> None:
    statuses = [503, 429, 200]

    def answer(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
        say(handler, GOOD, statuses.pop(0))

    with serving(answer) as (url, bodies):
        assert OpenAIChat(url, "m").complete(ASK).text == "because"
    assert len(bodies) == 3


def test_no_server_is_unreachable() -> None:
    with pytest.raises(ChatUnreachable, match="does not answer"):
        OpenAIChat("http://127.0.0.1:9/v1", "m", timeout_seconds=5).complete(ASK)


def test_a_silent_server_ends_at_the_deadline() -> None:
    released = threading.Event()

    def answer(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
        released.wait(30)

    with serving(answer) as (url, _):
        try:
            with pytest.raises(ChatUnreachable, match=r"within 0\.3 s"):
                OpenAIChat(url, "m", timeout_seconds=0.3).complete(ASK)
        finally:
            released.set()


def test_a_dripping_server_ends_at_the_deadline() -> None:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(200):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.02)

    with serving(answer) as (url, _), pytest.raises(ChatUnreachable):
        OpenAIChat(url, "m", timeout_seconds=0.3).complete(ASK)


def test_an_endless_answer_is_cut_off() -> None:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"x" * 100_000)

    with serving(answer) as (url, _), pytest.raises(ChatMalformed, match="does not end"):
        OpenAIChat(url, "m").complete(ASK)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"<html>", 200),
        ({}, 200),
        ({"choices": []}, 200),
        ({"choices": [{"message": {"content": None}}]}, 200),
        ({"error": "your quota is spent"}, 403),
    ],
    ids=["html", "empty", "no choice", "no text", "refused"],
)
def test_an_unusable_answer_is_malformed(answer: object, status: int) -> None:
    with serving(lambda handler, body: say(handler, answer, status)) as (url, _), pytest.raises(ChatMalformed):
        OpenAIChat(url, "m").complete(ASK)


def test_an_answer_cut_off_midway_is_unreachable() -> None:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"choices"')
        handler.close_connection = True

    with serving(answer) as (url, _), pytest.raises(ChatUnreachable):
        OpenAIChat(url, "m").complete(ASK)
