"""``mcp-rag config``: the settings in force, and where each comes from."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import click

from mcp_rag.faces.cli.options import home_option, json_option, settings_from
from mcp_rag.faces.cli.output import emit
from mcp_rag.settings import SECRET, Settings


@click.command()
@json_option
@home_option
def config(as_json: bool, home: Path | None) -> None:
    """Print each setting, its value and its origin: flags over MCP_RAG_* over mcp-rag.toml over your own file."""
    settings = settings_from(home=home)
    for field in fields(Settings):
        if field.name == "origins":
            continue
        value = getattr(settings, field.name)
        shown = "set" if field.name in SECRET and value else value
        origin = settings.origins.get(field.name, "default")
        if as_json:
            plain = str(shown) if isinstance(shown, Path) else shown
            emit({"setting": field.name, "value": plain, "origin": origin})
        else:
            click.echo(f"{field.name:<22} {shown!s:<44} {origin}")
