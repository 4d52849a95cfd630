"""``mcp-rag confirm`` and ``mcp-rag reject``: what a person says of a diagnosis."""

from __future__ import annotations

from pathlib import Path

import click

from mcp_rag.faces.cli.options import asked_settings, home_option, json_option
from mcp_rag.faces.cli.output import emit
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
    from mcp_rag.faces.cli.answering import open_answering

    with open_answering(asked_settings(home)) as answering:
        said = answering.record_outcome(incident, kind, issue, fix)
    if as_json:
        emit({"incident": said.incident, "outcome": kind.value, "issue": said.issue})
    else:
        click.echo(f"{kind.value.capitalize()}: {said.title or 'no known issue'} [{said.issue}] for {said.incident}")
