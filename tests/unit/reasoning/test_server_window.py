"""How long a prompt may be, asked of a server that does not answer."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from chat_server import say, serving
from mcp_rag.reasoning import server_window
from mcp_rag.reasoning.chat import Window
from mcp_rag.reasoning.openai_chat import OpenAIChat


@contextmanager
def silence() -> Iterator[tuple[str, Callable[[], int]]]:
    """A server that takes connections and says nothing; and how many it got since that was last asked."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)

        def taken() -> int:
            count = 0
            with suppress(BlockingIOError):
                while True:
                    listener.accept()[0].close()
                    count += 1
            return count

        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", taken


def test_a_server_that_does_not_answer_is_asked_no_second_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_window, "SECONDS_TO_ASK", 0.05)
    with silence() as (url, taken):
        assert OpenAIChat(url, "m").window() == Window()
        assert taken() == 1


def test_what_is_assumed_of_a_silent_server_is_forgotten_when_it_speaks() -> None:
    pages = {"/v1/models": {"data": [{"id": "m", "max_model_len": 2048}]}}
    with serving(lambda handler, body: say(handler, {}, 404), pages) as (url, _):
        chat = OpenAIChat("http://127.0.0.1:9/v1", "m")
        assert chat.window() == Window()
        chat._base_url = url
        assert chat.window().tokens == 2048


def test_tokens_are_estimated_while_the_server_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_window, "SECONDS_TO_ASK", 0.05)
    with silence() as (url, taken):
        count = server_window._counter(url.removesuffix("/v1"), "m", {}, lambda text: {"content": text})
        assert [count("abc" * 10), count("abc" * 10)] == [11, 11]
        assert taken() == 1
