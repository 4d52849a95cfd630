"""``mcp-rag serve``: the assistant for other programs, over HTTP."""

from __future__ import annotations

import functools
import socket
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_rag.faces.cli.options import home_option, settings_from
from mcp_rag.faces.cli.output import tell
from mcp_rag.settings import Settings

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from mcp_rag.faces.serving.fetching import Fetch

MAX_REQUEST_BYTES = 64_000_000
"""A CI job's log is a few megabytes; a compressed one of this size unpacks to several gigabytes. Chosen by eye."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; elsewhere needs tokens.")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes a free one.")
@click.option(
    "--allow-root",
    "roots",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder whose logs MCP clients may name by path; may be given several times.  [default: none]",
)
@click.option(
    "--max-request-bytes",
    type=click.IntRange(1_000),
    default=MAX_REQUEST_BYTES,
    show_default=True,
    help="Ceiling of a request's size as sent.",
)
@click.option("--quiet", is_flag=True, help="No line for each request.")
@click.option("--no-chat", is_flag=True, help="Do not ask the language model, even if one is set.")
@home_option
def serve(
    host: str, port: int, roots: tuple[Path, ...], max_request_bytes: int, quiet: bool, no_chat: bool, home: Path | None
) -> None:
    """Answer people and programs until stopped: the web page at /, REST under /v1 (see /docs), MCP over HTTP at /mcp,
    and chat clients, for which the assistant is a model of an OpenAI-compatible server at /v1. Prometheus reads
    /metrics.

    On loopback, without tokens, it is open to this machine. Elsewhere it asks for a token: one that `mcp-rag tokens
    create` made, or whose SHA-256 is in the file that the setting serve_tokens_file names.
    """
    from mcp_rag.faces.serving.access import read_digests
    from mcp_rag.faces.serving.extra import require_extra
    from mcp_rag.faces.serving.listening import listen

    settings = settings_from(home=home)
    file = settings.serve_tokens_file
    digests = read_digests(Path(file).expanduser()) if file else ()
    _refuse_unguarded(host, digests, settings)
    with listen(host, port) as listening:
        require_extra(
            "fastapi",
            "uvicorn",
            "mcp",
            "limits",
            "prometheus_client",
            "fastapi_offline",
            "jinja2",
            "itsdangerous",
            "ssrfguard",
        )
        _serve(listening, host, digests, settings, roots, max_request_bytes, use_chat=not no_chat, quiet=quiet)
    tell("stopped")


def _refuse_unguarded(host: str, digests: Sequence[str], settings: Settings) -> None:
    """Refuse what would be refused with the home open, before one is made: that takes seconds."""
    from mcp_rag.faces.serving.access import is_loopback, refuse_unguarded
    from mcp_rag.ledger import Ledger

    if is_loopback(host) or digests:
        return
    kept = []
    if Ledger.is_made(settings.ledger_location):
        with Ledger.open(settings.ledger_location) as ledger:
            kept = ledger.tokens.list()
    refuse_unguarded(host, digests, kept)


def _serve(
    listening: socket.socket,
    host: str,
    digests: Sequence[str],
    settings: Settings,
    roots: Sequence[Path],
    max_request_bytes: int,
    *,
    use_chat: bool,
    quiet: bool,
) -> None:
    from mcp_rag.faces.mcp import BRIEF
    from mcp_rag.faces.mcp.paths import resolved_roots
    from mcp_rag.faces.rest.app import make_app
    from mcp_rag.faces.rest.late_tools import LateTools
    from mcp_rag.faces.rest.running import serve_until_stopped
    from mcp_rag.faces.serving.access import access_for, proxies_in
    from mcp_rag.faces.serving.auditing import Audit
    from mcp_rag.faces.serving.desk import Desk
    from mcp_rag.faces.serving.fetching import fetcher_from
    from mcp_rag.faces.serving.houses import Houses
    from mcp_rag.faces.serving.listening import address_of
    from mcp_rag.faces.serving.metrics import Metrics
    from mcp_rag.faces.serving.narration import narrate_on_stderr
    from mcp_rag.faces.serving.rates import Rates
    from mcp_rag.faces.serving.tasking import Runners
    from mcp_rag.wiring import open_house

    metrics, allowed = Metrics(), resolved_roots(roots)
    proxies = proxies_in(settings.serve_proxies)
    rates, fetch = Rates(settings.serve_rate), fetcher_from(settings, max_request_bytes)
    with (
        open_house(settings, tell, use_chat=use_chat) as root,
        Houses(root, tell, use_chat=use_chat, on_verdict=metrics.diagnosed, on_tokens=metrics.worded) as houses,
        closing(Audit(settings.home)) as audit,
        Runners(root.ledger.tasks, houses) as runners,
    ):
        desk = Desk(access_for(host, digests, root.ledger.tokens), rates, audit, metrics)
        metrics.watch(
            root.ledger.issues.count, root.index.opened_entries, lambda: len(houses), root.ledger.tasks.counts
        )
        narrate_on_stderr(requests=not quiet)
        address = address_of(listening)
        tools = LateTools(lambda: _tools(allowed, fetch), max_request_bytes, BRIEF)
        begun = functools.partial(tell, f"listening on {address}")
        app = make_app(houses, tools, desk, max_request_bytes, runners, fetch, begun)
        serve_until_stopped(app, listening, runners.stop, proxies)


def _tools(roots: Sequence[Path], fetch: Fetch | None) -> MCPServer[None]:
    from mcp_rag.faces.mcp.server import make_server
    from mcp_rag.faces.serving.asking import asked_now

    return make_server(asked_now, roots, fetch)
