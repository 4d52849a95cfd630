"""``mcp-rag mcp``: the assistant as tools of an agent, over standard input and output."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from mcp_rag.faces.cli.options import home_option, settings_from
from mcp_rag.faces.cli.output import tell
from mcp_rag.faces.cli.serve import MAX_REQUEST_BYTES


@click.command()
@click.option(
    "--allow-root",
    "roots",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder whose logs may be named by path; may be given several times.  [default: the working directory]",
)
@click.option("--no-chat", is_flag=True, help="Do not ask the language model, even if one is set.")
@home_option
def mcp(roots: tuple[Path, ...], no_chat: bool, home: Path | None) -> None:
    """Speak the Model Context Protocol on standard input and output, for an agent that starts this command.

    Its tools diagnose logs, search known issues and record what helped. Over HTTP, `mcp-rag serve` has the same.
    """
    from mcp_rag.faces.serving.extra import require_extra

    settings = settings_from(home=home)
    require_extra("mcp")
    from mcp_rag.faces.mcp.server import make_server
    from mcp_rag.faces.serving.asking import Asked
    from mcp_rag.faces.serving.callers import LOCAL
    from mcp_rag.faces.serving.fetching import fetcher_from
    from mcp_rag.faces.serving.narration import narrate_on_stderr
    from mcp_rag.faces.serving.shared_house import SharedHouse
    from mcp_rag.wiring import open_house

    # A thread waits in a read of standard input that nothing else ends. What was recorded is on disk by then.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fetch = fetcher_from(settings, MAX_REQUEST_BYTES)
    with open_house(settings, tell, use_chat=not no_chat) as opened:
        narrate_on_stderr(requests=False)
        asked = Asked(LOCAL, SharedHouse(opened))
        make_server(lambda: asked, roots or (Path.cwd(),), fetch).run("stdio")
