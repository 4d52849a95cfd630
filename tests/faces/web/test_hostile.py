"""What logs, names, questions and entries say is shown as text, and never acted on."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from server_process import ServerProcess
from test_diagnosis_pages import diagnosed

ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "'><svg/onload=alert(3)>",
    "</textarea></title><script>alert(4)</script>",
    "{{ 7*7 }}${7*7}{% raw %}",
    "[x](javascript:alert(5)) ![y](data:text/html,<script>alert(6)</script>) <a href=javascript:alert(7)>z</a>",
    "javascript:alert(8)//%0Aalert(9)",
)


def test_a_hostile_log_is_text(open_page: Callable[..., Any], shot: Callable[..., None]) -> None:
    lines = [
        *ATTACKS,
        "\x1b[31mred\x1b[0m \x1b]8;;javascript:alert(10)\x07link\x1b]8;;\x07",
        "user \u202egnp.exe\u202c \u2066hidden\u2069 zero\u200bwidth",
        "nul \x00 bell",
        "x" * 100_000,
        "Traceback (most recent call last):",
        '  File "/srv/<script>alert(11)</script>.py", line 3, in go',
        "    pay()",
        f"acme.Hostile: {' '.join(ATTACKS)} \u202ereversed",
    ]
    page = open_page()
    diagnosed(page, "\n".join(lines))
    shown = page.locator("#lines").inner_text()
    for attack in ATTACKS[:5]:
        assert attack in shown, attack
    assert "⟨202E⟩" in shown
    assert "\u202e" not in page.content()
    assert "\x1b" not in page.content()
    assert "(+" in shown, "a line of 100,000 characters is cut, and says so"
    assert page.locator("#lines script, #lines img, #lines svg, .answer img, .answer script").count() == 0
    assert page.locator("a[href^='javascript' i], a[href^='data' i]").count() == 0
    page.fill("#own-fix", "\n".join(ATTACKS))
    page.click("text=Keep this fix")
    page.wait_for_selector("text=Kept. The next log")
    page.goto("/")
    diagnosed(page, "\n".join(lines))
    assert page.locator(".answer-meta .verdict").inner_text() == "Known failure"
    assert page.locator(".answer img, .answer .prose a, .answer script").count() == 0
    assert "<img src=x onerror=alert(2)>" in page.locator("#fix").inner_text()
    shot(page, "hostile-wide-light-en")
    for path in ("/", "/incidents", "/incidents/groups"):
        page.goto(path)
        assert page.locator("main img, main script").count() == 0


def test_addresses_and_questions_are_text(open_page: Callable[..., Any]) -> None:
    page = open_page()
    for attack in ATTACKS:
        for path in ("/incidents?q=", "/issues?q=", "/issues?source=", "/incidents?verdict=", "/?said="):
            page.goto(path + quote(attack, safe=""))
            assert page.locator("main img, main script").count() == 0
    page.goto("/issues")
    page.fill("#q", ATTACKS[1])
    page.wait_for_url("**q=*")
    assert page.locator("#results img").count() == 0


def test_an_entry_links_to_the_web_alone(open_page: Callable[..., Any]) -> None:
    page = open_page("/issues/new", quiet=True)
    page.fill("#f-title", 'Acme <img src=x onerror=alert(1)> "refuses"')
    page.fill("#f-symptoms", "acme: the {what} of <script> refuses")
    page.fill("#f-cause", ATTACKS[5])
    page.fill("#f-fix", "Ask it nicely.")
    page.fill("#f-commands", "echo '<script>alert(1)</script>'")
    page.fill("#f-urls", "javascript:alert(1)\nhttps://acme.example/why")
    page.click("button:has-text('Save')")
    page.wait_for_selector("#h-urls:has-text('is no link')")
    assert page.locator("#f-urls").get_attribute("aria-invalid") == "true"
    assert page.locator("#f-title").input_value() == 'Acme <img src=x onerror=alert(1)> "refuses"'
    page.fill("#f-urls", "https://acme.example/why")
    page.click("button:has-text('Save')")
    page.wait_for_selector("text=Saved")
    assert page.locator("main img, main script, .prose a").count() == 0
    assert page.locator(".links a").get_attribute("href") == "https://acme.example/why"


@pytest.mark.parametrize(
    "path", ["/", "/incidents", "/issues", "/incidents/groups", "/diagnoses/absent", "/static/page.js"]
)
def test_every_page_keeps_to_itself(web_server: ServerProcess, path: str) -> None:
    answer = httpx.get(web_server.url + path, timeout=60)
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    if "html" in answer.headers["content-type"]:
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "style=" not in answer.text
        assert "http://" not in answer.text
        assert "https://" not in answer.text.replace("https://acme.example", "")


@pytest.mark.parametrize(
    "path", ["/diagnoses", "/preferences", "/issues/new", "/incidents/groups", "/diagnoses/x/outcome"]
)
def test_a_form_of_elsewhere_changes_nothing(web_server: ServerProcess, path: str) -> None:
    with httpx.Client(base_url=web_server.url, timeout=60) as client:
        client.get("/")
        for sent in ({}, {"forgery": "wrong"}):
            answer = client.post(path, data={"text": "x", **sent})
            assert answer.status_code == 403, answer.text
            assert answer.headers["content-type"].startswith("text/html")
        assert client.post(path, json={"text": "x"}).status_code == 415


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/no/such/page", 404), ("POST", "/incidents", 405), ("GET", "/incidents?page=many", 422)],
)
def test_a_person_is_told_on_a_page_and_a_program_in_json(
    web_server: ServerProcess, method: str, path: str, status: int
) -> None:
    with httpx.Client(base_url=web_server.url, timeout=60) as client:
        page = client.request(method, path, headers={"accept": "text/html,*/*"})
        assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert f">{status}<" in page.text
        chinese = client.request(method, path, headers={"accept": "text/html", "accept-language": "zh-CN"})
        heading = re.search(r"<h1>(.*?)</h1>", chinese.text)
        assert heading
        assert re.search(r"[\u4e00-\u9fff]", heading[1]), heading[1]
        plain = client.request(method, path)
        assert plain.status_code == status
        if not path.startswith("/incidents?"):
            assert plain.json()["error"]["what"]


def test_a_form_too_large_is_told_on_a_page_however_it_is_sent(web_server: ServerProcess) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
    for body in (b"text=" + bytes(500_000), iter([b"text=", *[bytes(50_000)] * 10])):
        page = httpx.post(f"{web_server.url}/diagnoses", content=body, headers=kind, timeout=60)
        assert page.status_code == 413
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "too large" in page.text
