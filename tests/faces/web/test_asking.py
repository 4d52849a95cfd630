"""A question about an incident on its page: answered by a language model, checked, shown as text; counted."""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from server_process import ServerProcess

LOG = (
    'Traceback (most recent call last):\n  File "/srv/newt.py", line 3, in go\n    go()\nnewt.Slip: the newt fell in\n'
)
ANSWER = "The newt fell in [line 4]. <script>alert(1)</script> Run rm -rf / now."


heard: list[str] = []
"""What the model was asked, request by request."""


class Model(BaseHTTPRequestHandler):
    """A chat model's server that always says the same."""

    def do_POST(self) -> None:
        heard.append(self.rfile.read(int(self.headers["content-length"])).decode())
        message = {"role": "assistant", "content": ANSWER}
        usage = {"prompt_tokens": 11, "completion_tokens": 7}
        self.say({"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage, "model": "parrot"})

    def do_GET(self) -> None:
        self.say({"data": [{"id": "parrot"}]})

    def say(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with a language model."""
    model = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    thread = threading.Thread(target=model.serve_forever, args=(0.01,))
    thread.start()
    settings = {
        "MCP_RAG_STARTER": "off",
        "MCP_RAG_CHAT_BASE_URL": f"http://127.0.0.1:{model.server_port}/v1",
        "MCP_RAG_CHAT_MODEL": "parrot",
    }
    try:
        with ServerProcess(tmp_path_factory.mktemp("asked") / "home", **settings) as running:
            yield running
    finally:
        model.shutdown()
        thread.join()
        model.server_close()


def counted(url: str) -> float:
    found = re.search(r'^mcp_rag_chat_tokens_total\{kind="prompt"\} (\S+)', httpx.get(f"{url}/metrics").text, re.M)
    return float(found[1]) if found else 0.0


def test_a_question_is_answered_checked_and_counted(
    open_page: Callable[..., Any], shot: Callable[..., None], asked: ServerProcess
) -> None:
    incident = httpx.post(f"{asked.url}/v1/diagnose", content=LOG, timeout=300).json()["incident"]
    before = counted(asked.url)
    for scheme, width in (("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)):
        page = open_page(
            f"/incidents/{incident}", url=asked.url, color_scheme=scheme, viewport={"width": width, "height": 900}
        )
        page.fill("#question", "What <b>fell</b>?")
        page.click("#ask button")
        page.wait_for_selector(".asked")
        said = page.locator(".asked").inner_text()
        assert "What <b>fell</b>?" in said
        assert "The newt fell in" in said
        assert "line 4" in said
        assert "rm -rf" not in said, "a command that nothing gave is withheld"
        assert "left out" in said
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.locator("#ask").scroll_into_view_if_needed()
        shot(page, f"asked-{width}-{scheme}")
    assert counted(asked.url) == before + 4 * 11


def test_a_question_needs_a_form_of_ours_and_words(asked: ServerProcess) -> None:
    with httpx.Client(base_url=asked.url, timeout=60) as client:
        incident = client.post("/v1/diagnose", content=LOG).json()["incident"]
        assert client.post(f"/ask/{incident}", data={"question": "x"}).status_code == 403
        forgery = re.search(r'name="forgery" value="([^"]+)"', client.get(f"/incidents/{incident}").text)
        assert forgery
        sent = {"forgery": forgery[1], "question": " "}
        assert client.post(f"/ask/{incident}", data=sent).status_code == 422
        assert client.post("/ask/00000000ffff", data=sent | {"question": "x"}).status_code == 404


def test_the_next_question_carries_the_earlier_ones(asked: ServerProcess) -> None:
    with httpx.Client(base_url=asked.url, timeout=60) as client:
        incident = client.post("/v1/diagnose", content=LOG).json()["incident"]
        page = client.get(f"/incidents/{incident}").text
        for number in range(8):
            fields = {
                name: [html.unescape(value) for value in re.findall(f'name="{name}" value="([^"]*)"', page)]
                for name in ("forgery", "asked", "answered")
            }
            answer = client.post(f"/ask/{incident}", data=fields | {"question": f"Is it <newt> number {number}?"})
            assert answer.status_code == 200, answer.text
            page = answer.text
        assert "Is it &lt;newt&gt; number 2?" in page
        assert "<newt>" not in page
    sent = "\n".join(message["content"] for message in json.loads(heard[-1])["messages"])
    assert sent.index("number 6?") < sent.index("number 7?")
    assert "number 0?" not in sent, "only the latest go along"


def test_without_a_model_there_is_nothing_to_ask(web_server: ServerProcess) -> None:
    incident = httpx.post(f"{web_server.url}/v1/diagnose", content=LOG, timeout=300).json()["incident"]
    assert 'id="question"' not in httpx.get(f"{web_server.url}/incidents/{incident}").text
