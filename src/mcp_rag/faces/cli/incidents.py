"""``mcp-rag incidents``: failures that were seen."""

from __future__ import annotations

from pathlib import Path

import click

from mcp_rag.faces.cli.options import home_option, json_option, settings_from
from mcp_rag.faces.cli.output import emit, tell
from mcp_rag.faces.serialisation import stored_incident_to_json


@click.command()
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many, newest first.")
@click.option("--search", metavar="TEXT", help="Those nearest to TEXT in words and meaning, in place of the newest.")
@json_option
@home_option
def incidents(limit: int, search: str | None, as_json: bool, home: Path | None) -> None:
    """List the failures that were seen, newest first: how often, when last, what the diagnosis was, what fixed it."""
    from mcp_rag.wiring import open_house

    if search is not None and not search.strip():
        raise click.UsageError("--search needs a TEXT to look for")
    with open_house(settings_from(home=home), tell, use_chat=False) as house:
        if search is None:
            stored = house.ledger.incidents.list(limit)
        else:
            stored = [found.stored for found in house.search_incidents(search, limit)]
    for one in stored:
        if as_json:
            emit(stored_incident_to_json(one))
        else:
            when = f"{one.history.last_seen:%Y-%m-%d %H:%M}"
            click.echo(f"{one.id}  {one.history.count:>4}×  {when}  {one.verdict.value:<8} {one.incident.message[:90]}")
            if search is not None and one.history.fixed_by:
                click.echo(f"          fixed by: {' '.join(one.history.fixed_by.split())[:120]}")
    if not stored and not as_json:
        click.echo("No failure was seen yet.")
