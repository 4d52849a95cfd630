"""``mcp-rag tokens``: who may ask the server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcp_rag.faces.cli.durations import Duration
from mcp_rag.faces.cli.options import home_option, json_option, settings_from
from mcp_rag.faces.cli.output import emit, tell

if TYPE_CHECKING:
    from mcp_rag.ledger import Ledger, StoredToken


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
    from mcp_rag.errors import InputError
    from mcp_rag.faces.serving.access import digest_of, new_token
    from mcp_rag.faces.serving.callers import scopes_named, team_named

    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise InputError("That is no name for a token", "it is empty, longer than 100 characters or not printable")
    wanted, until = scopes_named(scopes), datetime.now(UTC) + expires if expires else None
    token = new_token()
    with _ledger(home) as ledger:
        stored = ledger.tokens.add(digest_of(token), name.strip(), team_named(team), sorted(wanted), until)
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
@json_option
@home_option
def revoke(name: str, as_json: bool, home: Path | None) -> None:
    """Revoke the token of a NAME or an id, for good; a running server refuses it within seconds."""
    with _ledger(home) as ledger:
        stored = ledger.tokens.revoke(name)
    emit(token_to_json(stored)) if as_json else tell(f"{stored.name} ({stored.id}) is revoked")


def token_to_json(token: StoredToken) -> dict[str, Any]:
    """What may be told of a token."""
    from mcp_rag.faces.serving.access import is_live

    standing = "revoked" if token.revoked_at else "live" if is_live(token) else "expired"
    return {
        "id": token.id,
        "name": token.name,
        "team": token.team,
        "scopes": list(token.scopes),
        "standing": standing,
        "created_at": token.created_at.isoformat(timespec="seconds"),
        "expires_at": token.expires_at.isoformat(timespec="seconds") if token.expires_at else None,
    }


def _ledger(home: Path | None) -> Ledger:
    from mcp_rag.wiring import open_ledger

    return open_ledger(settings_from(home=home))
