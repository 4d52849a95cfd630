"""A real Chromium on pages of a real server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from server_process import ServerProcess

CHROMIUM = "MCP_RAG_TEST_CHROMIUM"
MAX_REQUEST_BYTES = 400_000
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
KNOWN = ("numpy-alias-removed.md",)
"""Of the known issues that ship, those that the pages are tried on."""

SHOTS = Path(__file__).parent / "screenshots"
"""Where the pages' pictures are left, for people to look at; git ignores it."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser, started once a module: while it runs, so does an event loop, and other modules have loops of their own."""
    path = os.environ.get(CHROMIUM) or shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        pytest.skip(f"no chromium is installed, and {CHROMIUM} names none")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def web_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """An open server that knows a single known issue, so that its index is filled at once."""
    place = tmp_path_factory.mktemp("web")
    known = place / ".mcp-rag" / "known"
    known.mkdir(parents=True)
    for name in KNOWN:
        shipped = resources.files("mcp_rag.knowledge") / "starter" / name
        (known / name).write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
    limit = ("--max-request-bytes", MAX_REQUEST_BYTES)
    with ServerProcess(place / "home", *limit, MCP_RAG_STARTER="off") as running:
        yield running
        assert running.stop() == 0


@pytest.fixture
def open_page(chromium: Any, web_server: ServerProcess) -> Iterator[Callable[..., Any]]:
    """Opens a page of the server in a browser without memory; what the browser complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def opened(path: str = "/", *, url: str = web_server.url, quiet: bool = False, **options: Any) -> Any:
        options.setdefault("locale", "en-US")
        options.setdefault("reduced_motion", "reduce")
        context = chromium.new_context(base_url=url, **options)
        contexts.append(context)
        context.set_default_timeout(60_000)
        page = context.new_page()
        if not quiet:
            page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda fault: complaints.append(str(fault)))
        page.on("dialog", lambda dialog: (complaints.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def shot() -> Callable[[Any, str], None]:
    """Leaves a picture of a page."""

    def taken(page: Any, name: str) -> None:
        SHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}.png")

    return taken
