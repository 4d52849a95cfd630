"""What the page shows while an answer is made: how far the log is read, the model's draft as such, then what was checked."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from threading import Event as Flag
from typing import Any

import httpx
import pytest
from server_process import ServerProcess
from test_access_for_all import found_by_axe

from chat_server import delta, events, say

LOG = (
    'Traceback (most recent call last):\n  File "/srv/newt.py", line 3, in go\n    go()\nnewt.Slip: the newt fell in\n'
)
LARGE_LINES = 280_000
"""So many lines of 230 bytes are more than is held in memory, and how far they are read is told."""

READING = {
    "cause": {"text": "The newt fell in <b>Bold\u202e</b>", "lines": [4], "issues": []},
    "fix": [{"text": "Run rm -rf /", "lines": [4], "issues": []}],
    "commands": ["rm -rf /"],
    "cannot_tell": "",
}
ANSWER = "The newt fell in [line 4]. Run `rm -rf /` now [line 4]."


class Model:
    """A model's server that streams, waits before the end until it is let go on, and may break off there."""

    def __init__(self) -> None:
        self.go_on = Flag()
        self.go_on.set()

    def answer(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if handler.path != "/v1/chat/completions":
            return say(handler, {}, 404)
        text = json.dumps(READING) if "response_format" in body else ANSWER
        cut = text.index("Run ") + 4
        events(handler, [delta(content=text[:cut])], end=False)
        self.go_on.wait(60)
        handler.wfile.write(f"data: {json.dumps(delta('stop', content=text[cut:]))}\n\ndata: [DONE]\n\n".encode())
        return None


@pytest.fixture(scope="module")
def server(model: tuple[Model, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with a language model that streams."""
    home = tmp_path_factory.mktemp("making") / "home"
    settings = {"MCP_RAG_STARTER": "off", "MCP_RAG_CHAT_BASE_URL": model[1], "MCP_RAG_CHAT_MODEL": "m"}
    with ServerProcess(home, MCP_RAG_MAX_COMPRESSION_RATIO="10000", **settings) as running:
        # The index is opened here, and not while a browser waits.
        httpx.post(f"{running.url}/v1/diagnose", content=LOG, timeout=300).raise_for_status()
        yield running


@pytest.fixture
def held(model: tuple[Model, str]) -> Iterator[Flag]:
    """The model stops in the middle of each answer until this is set."""
    model[0].go_on.clear()
    yield model[0].go_on
    model[0].go_on.set()


def posted(client: httpx.Client, path: str, page: str, **sent: Any) -> list[dict[str, Any]]:
    """The events that a form of ``page`` is answered with."""
    forgery = re.search(r'name="forgery" value="([^"]+)"', client.get(page).text)
    assert forgery
    data = {"forgery": forgery[1]} | sent.pop("data", {})
    answer = client.post(path, data=data, headers={"accept": "text/event-stream"}, **sent)
    assert answer.headers["content-type"].startswith("text/event-stream"), answer.text
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


def test_the_draft_is_marked_and_gives_way_to_the_checked_answer(
    open_page: Callable[..., Any], shot: Callable[..., None], server: ServerProcess, held: Flag
) -> None:
    page = open_page(url=server.url)
    page.fill("#text", LOG)
    page.click("#send")
    page.wait_for_selector(".draft-text:has-text('The newt fell in')")
    assert page.locator(".draft .tag").inner_text() == "Draft, not checked yet"
    assert "language model" in page.locator(".making-step").inner_text()
    draft = page.locator(".draft-text").inner_text()
    assert "<b>Bold⟨202E⟩</b>" in draft, "shown as text, and what cannot be seen by its number"
    assert '"cause"' not in draft
    assert page.url == f"{server.url}/"
    assert found_by_axe(page) == []
    shot(page, "making-wide-light-en")
    held.set()
    page.wait_for_url("**/diagnoses/*")
    said = page.locator("main").inner_text()
    assert "The newt fell in" in said
    assert "rm -rf" not in said, "what nothing bears went with the draft"
    page.go_back()
    assert page.locator("#making").is_hidden()
    assert page.locator("#send").is_enabled()


def test_an_example_is_told_too_and_in_chinese(
    open_page: Callable[..., Any], shot: Callable[..., None], server: ServerProcess, held: Flag
) -> None:
    phone = {"width": 390, "height": 844}
    page = open_page(url=server.url, locale="zh-CN", color_scheme="dark", viewport=phone)
    page.click("button[value='flaky-test.log']")
    page.wait_for_selector(".draft-text:has-text('The newt fell in')")
    assert page.locator(".draft .tag").inner_text() == "草稿，尚未核对"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#making").scroll_into_view_if_needed()
    shot(page, "making-phone-dark-zh")
    held.set()
    page.wait_for_url("**/diagnoses/*")


def test_questions_one_after_another_without_a_new_page(
    open_page: Callable[..., Any], shot: Callable[..., None], server: ServerProcess, held: Flag
) -> None:
    held.set()
    incident = httpx.post(f"{server.url}/v1/diagnose", content=LOG, timeout=120).json()["incident"]
    page = open_page(f"/incidents/{incident}", url=server.url)
    page.evaluate("window.same = true")
    for number in (1, 2):
        held.clear()
        page.fill("#question", f"What <i>fell</i> {number}?")
        page.click("#ask form button")
        page.wait_for_selector(".draft-text:has-text('Run')")
        assert page.locator(".making-said").inner_text() == "The newt fell in.", "checked sentences leave the draft"
        shot(page, f"making-question-{number}")
        held.set()
        page.wait_for_selector(f".asked[role=status] .question:has-text('{number}?')")
        said = page.locator("#ask").inner_text()
        assert "What <i>fell</i> 1?" in said
        assert "line 4" in said
        assert "left out" in said
        assert "rm -rf" not in said
        assert page.evaluate("document.activeElement.matches('.asked[role=status]')")
        assert page.locator("#question").input_value() == ""
    assert page.locator(".asked").count() == 2
    assert page.evaluate("window.same"), "the page was not loaded anew"
    assert found_by_axe(page) == []


def test_a_large_log_tells_how_far_it_is_read(server: ServerProcess, model: tuple[Model, str]) -> None:
    with httpx.Client(base_url=server.url, timeout=120) as client:
        steps = "".join(f"step {n} of the build went well {'.' * 200}\n" for n in range(LARGE_LINES))
        large = gzip.compress((steps + LOG).encode(), 1)
        rows = posted(client, "/diagnoses", "/", files={"file": ("large.log.gz", large)})
        assert rows[0]["event"] == "progress"
        assert rows[0]["total"] == LARGE_LINES + 4
        assert rows[-1]["event"] == "page"
        assert client.get(rows[-1]["address"]).status_code == 200
        assert "The newt fell in" in "".join(row.get("text", "") for row in rows)


def test_a_log_that_cannot_be_read_is_told_of_where_it_was_sent(
    open_page: Callable[..., Any], server: ServerProcess
) -> None:
    page = open_page(url=server.url)
    wrong = {"name": "broken.gz", "mimeType": "application/gzip", "buffer": b"\x1f\x8b no gzip"}
    page.set_input_files("#file", wrong)
    page.click("#send")
    page.wait_for_selector(".making-step.wrong")
    assert "gzip" in page.locator(".making-step").inner_text()
    assert page.locator("#picked").inner_text() == "broken.gz"
    assert page.locator("#send").is_enabled()
    page.set_input_files("#file", [])
    page.fill("#text", LOG)
    page.click("#send")
    page.wait_for_url("**/diagnoses/*")


def test_what_breaks_off_is_told_and_what_never_begins_is_left_to_the_form(
    open_page: Callable[..., Any], server: ServerProcess
) -> None:
    page = open_page(url=server.url, quiet=True)
    begun = 'event: token\ndata: {"event": "token", "text": "The newt"}\n\n'
    page.route("**/diagnoses", lambda route: route.fulfill(content_type="text/event-stream", body=begun))
    page.fill("#text", LOG)
    page.click("#send")
    page.wait_for_selector(".making-step.wrong")
    assert "broke off" in page.locator(".making-step").inner_text()
    assert page.locator(".draft").is_hidden()
    page.unroute("**/diagnoses")
    scripts = "fetch"
    page.route(
        "**/diagnoses", lambda route: route.abort() if route.request.resource_type == scripts else route.continue_()
    )
    page.click("#send")
    page.wait_for_url("**/diagnoses/*")
    page.goto("/incidents")
    page.click(".incident-row a, main a[href^='/incidents/']:not([href$='groups'])")
    page.route("**/ask/*", lambda route: route.abort() if route.request.resource_type == scripts else route.continue_())
    page.fill("#question", "What fell?")
    page.click("#ask form button")
    page.wait_for_selector(".asked[role=status]")
    assert "/ask/" in page.url


def test_without_scripts_the_answer_is_a_page(open_page: Callable[..., Any], server: ServerProcess) -> None:
    page = open_page(url=server.url, java_script_enabled=False)
    assert page.locator("#making").is_hidden()
    page.fill("#text", LOG)
    page.click("#send")
    page.wait_for_url("**/diagnoses/*")
    assert "The newt fell in" in page.locator("main").inner_text()
    page.click("main a[href^='/incidents/']")
    page.fill("#question", "What fell?")
    page.click("#ask form button")
    page.wait_for_selector(".asked")
    assert "rm -rf" not in page.locator("#ask").inner_text()
