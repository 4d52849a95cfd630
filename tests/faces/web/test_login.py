"""Signing in where the server asks for a token: the session, what a form of elsewhere can't do, signing out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from server_process import ServerProcess

TOKEN = "one's token"


def test_a_token_opens_a_session(open_page: Callable[..., Any], shot: Callable[..., None], tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(hashlib.sha256(TOKEN.encode()).hexdigest() + "\n")
    settings = {"MCP_RAG_SERVE_TOKENS_FILE": str(tokens), "MCP_RAG_STARTER": "off"}
    with ServerProcess(tmp_path / "home", **settings) as guarded:
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
            assert TOKEN not in cookie
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
