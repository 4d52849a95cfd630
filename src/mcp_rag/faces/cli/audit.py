"""``mcp-rag audit``: who did what on the server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from mcp_rag.faces.cli.durations import Duration
from mcp_rag.faces.cli.options import home_option, json_option, settings_from
from mcp_rag.faces.cli.output import emit


@click.command()
@click.option("--since", type=Duration(), help="Only the last 12h, 7d or 4w.")
@click.option("--caller", help="Only what this caller did.")
@click.option("--team", help="Only what was done for this team.")
@json_option
@home_option
def audit(since: timedelta | None, caller: str | None, team: str | None, as_json: bool, home: Path | None) -> None:
    """List the requests that `mcp-rag serve` answered or refused in this home, oldest first.

    Each line names the caller, its team, what it asked for and what came of it; of logs it holds nothing. Requests to
    an open server on loopback are told of too; health checks, metrics and the page's files are not.
    """
    from mcp_rag.faces.serving.auditing import read_audit

    start = datetime.now(UTC) - since if since else None
    for row in read_audit(settings_from(home=home).home, start):
        if (caller is not None and row.get("caller") != caller) or (team is not None and row.get("team") != team):
            continue
        if as_json:
            emit(row)
        else:
            known = ("at", "caller", "team", "address", "method", "path", "status")
            more = "".join(f"  {name}={value}" for name, value in row.items() if name not in known)
            who = f"{row.get('caller')}@{row.get('team')} {row.get('address')}"
            click.echo(f"{row['at']}  {who}  {row.get('method')} {row.get('path')!r} {row.get('status')}{more}")
