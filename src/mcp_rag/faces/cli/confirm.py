"""``mcp-rag confirm`` and ``mcp-rag reject``: what a person says of a diagnosis."""

from __future__ import annotations

from pathlib import Path

import click

from mcp_rag.faces.cli.options import home_option, json_option, settings_from
from mcp_rag.faces.cli.output import emit, tell
from mcp_rag.records import OutcomeKind

_incident = click.argument("incident", default="last", metavar="[INCIDENT]")
_issue = click.option("--issue", metavar="ID", help="The known issue meant; by default the one the diagnosis named.")


@click.command()
@_incident
@_issue
@click.option("--fix", metavar="TEXT", help="What fixed it, in your words: becomes a known issue at once.")
@json_option
@home_option
def confirm(incident: str, issue: str | None, fix: str | None, as_json: bool, home: Path | None) -> None:
    """Say that the fix helped: INCIDENT is an incident's id, or `last`."""
    _record(incident, OutcomeKind.CONFIRMED, issue, fix, as_json, home)


@click.command()
@_incident
@_issue
@json_option
@home_option
def reject(incident: str, issue: str | None, as_json: bool, home: Path | None) -> None:
    """Say that the fix did not help: INCIDENT is an incident's id, or `last`."""
    _record(incident, OutcomeKind.REJECTED, issue, None, as_json, home)


def _record(
    incident: str, kind: OutcomeKind, issue: str | None, fix: str | None, as_json: bool, home: Path | None
) -> None:
    from mcp_rag import librarian
    from mcp_rag.wiring import open_house, redactor_of

    settings = settings_from(home=home)
    with open_house(settings, tell) as house:
        safe = redactor_of(settings)(fix) if fix else None
        stored, about = librarian.record_outcome(house.ledger, incident, kind, issue, safe, "the command line")
    key = about.key if about else None
    if as_json:
        emit({"incident": stored.id, "outcome": kind.value, "issue": key})
    else:
        click.echo(f"{kind.value.capitalize()}: {about.title if about else 'no known issue'} [{key}] for {stored.id}")
