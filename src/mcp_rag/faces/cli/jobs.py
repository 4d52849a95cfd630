"""``mcp-rag jobs``: the jobs whose last good run is remembered."""

from __future__ import annotations

from pathlib import Path

import click

from mcp_rag.errors import NotFound
from mcp_rag.faces.cli.options import home_option, json_option, settings_from
from mcp_rag.faces.cli.output import emit


@click.command()
@json_option
@home_option
@click.option("--forget", "forgotten", metavar="NAME", help="Forget this job's last good run.")
def jobs(as_json: bool, home: Path | None, forgotten: str | None) -> None:
    """List the jobs whose last good log `mcp-rag diagnose --job NAME` remembers; of a log only digests are kept."""
    from mcp_rag.logs.good_runs import GoodRuns

    runs = GoodRuns(settings_from(home=home).jobs_folder)
    if forgotten is not None:
        if not runs.forget(forgotten):
            raise NotFound(f"There is no job {forgotten!r}", "no good run of it was seen", "`mcp-rag jobs` lists them")
        emit({"forgotten": forgotten}) if as_json else click.echo(f"{forgotten} is forgotten")
        return
    for run in runs.all():
        at = run.at.isoformat(timespec="seconds")
        if as_json:
            emit({"job": run.job, "source": run.source, "at": at, "shapes": len(run.shapes)})
        else:
            click.echo(f"{run.job}: last good run {run.source}, {at}, {len(run.shapes)} shapes of lines")
