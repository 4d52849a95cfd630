"""Signing in where the server asks for a token: the session, what a form of elsewhere can't do, signing out."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from server_process import ServerProcess, mcp_rag

TOKEN = "one's token"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that asks for a token, behind a proxy on this machine."""
    place = tmp_path_factory.mktemp("guarded")
    (place / "tokens").write_text(hashlib.sha256(TOKEN.encode()).hexdigest() + "\n")
    settings = {"MCP_RAG_SERVE_TOKENS_FILE": str(place / "tokens"), "MCP_RAG_SERVE_PROXIES": "127.0.0.1"}
    with ServerProcess(place / "home", MCP_RAG_STARTER="off", **settings) as running:
        yield running


def told_by(cookie: str) -> set[str]:
    """What whoever holds a session's cookie can read in it."""
    session = cookie.partition("=")[2].partition(";")[0]
    read = base64.urlsafe_b64decode(session.partition(".")[0] + "==").decode()
    return {session, read, read.strip('"')}


def test_a_token_opens_a_session(
    open_page: Callable[..., Any], shot: Callable[..., None], guarded: ServerProcess
) -> None:
    with httpx.Client(base_url=guarded.url, timeout=60) as client:
        assert client.get("/incidents").status_code == 401, "a program is told, not led to a page"
        led = client.get("/incidents?q=a", headers={"accept": "text/html"})
        assert (led.status_code, led.headers["location"]) == (303, "/login?next=/incidents%3Fq%3Da")
        form = client.get("/login?next=//elsewhere.example").text
        assert 'name="next" value="/"' in form
        forgery = re.search(r'name="forgery" value="([^"]+)"', form)
        assert forgery
        sent = {"token": TOKEN, "forgery": forgery[1], "next": "//elsewhere.example"}
        assert client.post("/login", data={"token": TOKEN}).status_code == 403
        entered = client.post("/login", data=sent)
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Max-Age=43200" in cookie
        assert not told_by(cookie) & {TOKEN, hashlib.sha256(TOKEN.encode()).hexdigest()}
        assert "Secure" not in cookie
        assert client.get("/incidents").status_code == 200
        origin = {"origin": guarded.url}
        posted = client.post("/diagnoses", data={"text": "x"}, headers=origin)
        assert posted.status_code == 403, "a session alone sends no form"
        elsewhere = {"origin": "https://elsewhere.example"}
        forged = client.post("/diagnoses", data={"text": "x", "forgery": forgery[1]}, headers=elsewhere)
        assert forged.status_code == 403
        client.cookies.set("mcp_rag_session", TOKEN)
    assert httpx.get(f"{guarded.url}/incidents", cookies={"mcp_rag_session": TOKEN}).status_code == 401
    page = open_page("/issues", url=guarded.url, quiet=True)
    assert "/login?next=" in page.url
    page.fill("#token", "another")
    page.click("button:has-text('Sign in')")
    assert "opens nothing" in page.locator("#login-wrong").inner_text()
    shot(page, "login-wide-light-en")
    page.fill("#token", TOKEN)
    page.click("button:has-text('Sign in')")
    page.wait_for_url("**/issues")
    page.click("text=Sign out")
    page.wait_for_url("**/login")
    page.goto("/incidents")
    assert "/login?next=" in page.url
    assert TOKEN not in "".join(guarded.told)


def test_a_refusal_is_a_page_where_somebody_looks_at_one(guarded: ServerProcess) -> None:
    looked = {"origin": guarded.url, "accept": "text/html"}
    with httpx.Client(base_url=guarded.url, timeout=60) as client:
        ended = client.post("/diagnoses", data={"text": "x"}, headers=looked)
        assert (ended.status_code, ended.headers["content-type"]) == (401, "text/html; charset=utf-8")
        assert ended.headers["www-authenticate"] == "Bearer"
        assert "form-action" in ended.headers["content-security-policy"], "a page's own policy"
        plain = client.get("/v1/incidents", headers={"accept": "text/html"})
        assert plain.headers["content-type"] == "application/json"
        sent = {"token": TOKEN, "next": "/"}
        form = client.get("/login").text
        assert "<code>mcp-rag tokens create</code>" in form
        forgery = re.search(r'name="forgery" value="([^"]+)"', form)
        assert forgery
        behind = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9"}
        entered = client.post("/login", data=sent | {"forgery": forgery[1]}, headers=behind)
        assert "Secure" in entered.headers["set-cookie"], "who speaks https to the proxy gets such a cookie"
        session = entered.headers["set-cookie"].partition(";")[0]
        elsewhere = {"origin": "https://elsewhere.example", "accept": "text/html", "cookie": session}
        forged = client.post("/diagnoses", data={"text": "x"}, headers=elsewhere)
        assert (forged.status_code, forged.headers["content-type"]) == (403, "text/html; charset=utf-8")
        assert "other sites" in forged.text


def test_who_may_only_read_is_shown_no_form_to_write(guarded: ServerProcess) -> None:
    made = mcp_rag(guarded.home, "tokens", "create", "--name", "reader", "--scope", "read")
    bearing = {"authorization": f"Bearer {made.stdout.decode().strip()}"}
    log = "Traceback (most recent call last):\nnewt.NewtLost: a newt swam\n"
    with httpx.Client(base_url=guarded.url, timeout=60, headers=bearing) as client:
        incident = client.post("/v1/diagnose", content=log).json()["incident"]
        page = client.get(f"/incidents/{incident}").text
        assert "may read alone" in page
        assert "own-fix" not in page
        assert client.post(f"/incidents/{incident}/outcome", data={"said": "confirmed"}).status_code == 403


def test_after_many_wrong_tokens_a_right_one_is_told_to_wait(guarded: ServerProcess) -> None:
    fresh = mcp_rag(guarded.home, "tokens", "create", "--name", "late", "--scope", "read").stdout.decode().strip()
    behind = {"x-forwarded-for": "203.0.113.77"}
    with httpx.Client(base_url=guarded.url, timeout=60, headers=behind) as client:
        forgery = re.search(r'name="forgery" value="([^"]+)"', client.get("/login").text)
        assert forgery
        statuses = [
            client.post("/login", data={"token": f"wrong {n}", "forgery": forgery[1]}).status_code for n in range(62)
        ]
        assert (statuses[0], statuses[-1]) == (403, 429)
        waiting = client.post("/login", data={"token": fresh, "forgery": forgery[1]})
        assert (waiting.status_code, waiting.headers["content-type"]) == (429, "text/html; charset=utf-8")
        assert int(waiting.headers["retry-after"]) > 0
        bearing = {"authorization": f"Bearer {fresh}"}
        assert client.get("/v1/incidents", headers=bearing).status_code == 429
        client.headers["x-forwarded-for"] = "203.0.113.78"
        assert client.post("/login", data={"token": fresh, "forgery": forgery[1]}).status_code == 303
        client.headers["x-forwarded-for"] = "203.0.113.77"
        assert client.get("/v1/incidents", headers=bearing).status_code == 200, "it was right, whoever else guesses"
        client.headers["x-forwarded-for"] = "203.0.113.78"
        for next_ in (
            "/\t/elsewhere.example",
            "/\\elsewhere.example",
            "https://elsewhere.example",
            "//elsewhere.example",
        ):
            sent = {"token": TOKEN, "forgery": forgery[1], "next": next_}
            assert client.post("/login", data=sent).headers["location"] == "/", next_
