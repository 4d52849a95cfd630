"""The program's own application with the conformance suite's diagnostic parts beside its tools."""

from __future__ import annotations

import functools
from contextlib import closing
from pathlib import Path

from fixtures import add_fixtures
from mcp.server import MCPServer

from mcp_rag.faces.mcp.server import make_server
from mcp_rag.faces.rest.app import make_app
from mcp_rag.faces.rest.late_tools import LateTools
from mcp_rag.faces.rest.running import serve_until_stopped
from mcp_rag.faces.serving.access import access_for
from mcp_rag.faces.serving.asking import asked_now
from mcp_rag.faces.serving.auditing import Audit
from mcp_rag.faces.serving.desk import Desk
from mcp_rag.faces.serving.houses import Houses
from mcp_rag.faces.serving.listening import address_of, listen
from mcp_rag.faces.serving.metrics import Metrics
from mcp_rag.faces.serving.rates import Rates
from mcp_rag.faces.serving.tasking import Runners
from mcp_rag.settings import load_settings
from mcp_rag.wiring import open_house

MOST = 1_000_000


def tools() -> MCPServer[None]:
    server = make_server(asked_now, [Path.cwd()])
    add_fixtures(server)
    return server


if __name__ == "__main__":
    settings = load_settings()
    with (
        listen("127.0.0.1", 0) as listening,
        open_house(settings, use_chat=False) as house,
        Houses(house, use_chat=False) as houses,
        closing(Audit(settings.home)) as audit,
        Runners(house.ledger.tasks, houses) as runners,
    ):
        desk = Desk(access_for("127.0.0.1", (), house.ledger.tokens), Rates(settings.serve_rate), audit, Metrics())
        address = address_of(listening)
        begun = functools.partial(print, f"listening on {address}", flush=True)
        app = make_app(houses, LateTools(tools, MOST), desk, MOST, runners, started=begun)
        serve_until_stopped(app, listening, runners.stop)
