"""``mcp-rag jobs``: the jobs whose last good run is remembered."""

from __future__ import annotations

from pathlib import Path

import click

from mcp_rag.faces.cli.options import asked_settings, home_option, json_option
from mcp_rag.faces.cli.output import emit


@click.command()
@json_option
@home_option
@click.option("--forget", "forgotten", metavar="NAME", help="Forget this job's last good run.")
def jobs(as_json: bool, home: Path | None, forgotten: str | None) -> None:
    """List the jobs whose last good log `mcp-rag diagnose --job NAME` remembers; of a log only digests are kept."""
    from mcp_rag.faces.cli.answering import open_jobs

    with open_jobs(asked_settings(home)) as remembered:
        if forgotten is not None:
            remembered.forget(forgotten)
            emit({"forgotten": forgotten}) if as_json else click.echo(f"{forgotten} is forgotten")
            return
        for run in remembered.all():
            at = run.at.isoformat(timespec="seconds")
            if as_json:
                emit({"job": run.job, "source": run.source, "at": at, "shapes": run.shapes})
            else:
                click.echo(f"{run.job}: last good run {run.source}, {at}, {run.shapes} shapes of lines")
