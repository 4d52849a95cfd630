"""``mcp-rag incidents``: failures that were seen."""

from __future__ import annotations

from pathlib import Path

import click

from mcp_rag.faces.cli.options import asked_settings, home_option, json_option
from mcp_rag.faces.cli.output import emit
from mcp_rag.faces.serialisation import seen_incident_to_json


@click.command()
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many, newest first.")
@click.option("--search", metavar="TEXT", help="Those nearest to TEXT in words and meaning, in place of the newest.")
@json_option
@home_option
def incidents(limit: int, search: str | None, as_json: bool, home: Path | None) -> None:
    """List the failures that were seen, newest first: how often, when last, what the diagnosis was, what fixed it."""
    from mcp_rag.faces.cli.answering import open_answering

    if search is not None and not search.strip():
        raise click.UsageError("--search needs a TEXT to look for")
    with open_answering(asked_settings(home), use_chat=False) as answering:
        seen = answering.incidents(limit, search)
    for one in seen:
        if as_json:
            emit(seen_incident_to_json(one))
        else:
            when = f"{one.history.last_seen:%Y-%m-%d %H:%M}"
            click.echo(f"{one.id}  {one.history.count:>4}×  {when}  {one.verdict.value:<8} {one.message[:90]}")
            if search is not None and one.history.fixed_by:
                click.echo(f"          fixed by: {' '.join(one.history.fixed_by.split())[:120]}")
    if not seen and not as_json:
        click.echo("No failure was seen yet.")
