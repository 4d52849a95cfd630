"""``mcp-rag tokens``: who may ask the server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_rag.faces.cli.durations import Duration
from mcp_rag.faces.cli.options import home_option, json_option, settings_from
from mcp_rag.faces.cli.output import emit, tell

if TYPE_CHECKING:
    from mcp_rag.ledger import Ledger


@click.group()
def tokens() -> None:
    """Make, list and revoke the tokens that `mcp-rag serve` asks for. Only their digests are kept."""


@tokens.command()
@click.option("--name", required=True, help="Whose or what for; it stands in the audit log.")
@click.option("--team", default="default", show_default=True, help="Whose knowledge and incidents it opens.")
@click.option("--scope", "scopes", default="read,write", show_default=True, help="Some of read,write,admin.")
@click.option("--expires", type=Duration(), help="Such as 12h, 90d or 4w.  [default: never]")
@json_option
@home_option
def create(name: str, team: str, scopes: str, expires: timedelta | None, as_json: bool, home: Path | None) -> None:
    """Make a token and print it, this once.

    A running server knows it at once, unless it listens on loopback and was started when there were no tokens: then
    it stays open until it is started again.
    """
    from mcp_rag.faces.serving.access import checked_name, digest_of, new_token, token_to_json
    from mcp_rag.faces.serving.callers import scopes_named, team_named

    name, wanted = checked_name(name), scopes_named(scopes)
    until = datetime.now(UTC) + expires if expires else None
    token = new_token()
    with _ledger(home) as ledger:
        stored = ledger.tokens.add(digest_of(token), name, team_named(team), sorted(wanted), until)
    if as_json:
        emit({"token": token, **token_to_json(stored)})
    else:
        click.echo(token)
        tell(f"{stored.name}: team {stored.team}, {','.join(stored.scopes)}; it is not shown again")


@tokens.command("list")
@json_option
@home_option
def list_(as_json: bool, home: Path | None) -> None:
    """List the tokens; none is shown itself."""
    from mcp_rag.faces.serving.access import token_to_json

    with _ledger(home) as ledger:
        found = ledger.tokens.list()
    for token in found:
        if as_json:
            emit(token_to_json(token))
        else:
            shown = token_to_json(token)
            until = f", expires {shown['expires_at']}" if token.expires_at else ""
            scopes = ",".join(token.scopes)
            click.echo(f"{token.id}  {token.name}  team {token.team}  {scopes}  {shown['standing']}{until}")


@tokens.command()
@click.argument("name")
@click.option("--team", help="Whose it is, where several teams have one of that name.")
@json_option
@home_option
def revoke(name: str, team: str | None, as_json: bool, home: Path | None) -> None:
    """Revoke the token of a NAME or an id, for good; a running server refuses it within seconds."""
    from mcp_rag.faces.serving.access import token_to_json

    with _ledger(home) as ledger:
        stored = ledger.tokens.revoke(name, team)
    emit(token_to_json(stored)) if as_json else tell(f"{stored.name} ({stored.id}) is revoked")


def _ledger(home: Path | None) -> Ledger:
    from mcp_rag.wiring import open_ledger

    return open_ledger(settings_from(home=home))
