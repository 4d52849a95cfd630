"""``mcp-rag doctor``: the known issues that would strike in an environment, before they do."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click

from mcp_rag.faces.cli.options import json_option, settings_from
from mcp_rag.faces.cli.output import emit, tell
from mcp_rag.faces.exit_codes import ExitCode


@click.command()
@json_option
@click.option("--env", metavar="FILE", help="A requirements or lock file to look at in place of an interpreter.")
@click.option("--python", metavar="PATH", help="The interpreter to look at.  [default: the active environment's]")
def doctor(as_json: bool, env: str | None, python: str | None) -> None:
    """Look at an environment and name the known issues that would strike in it, with the fix, before they do.

    Looked at are the installed packages and the version of Python (or what a requirements or lock file pins), NVIDIA's
    driver, the C library and environment variables. Only issues that state when they strike are judged: the shipped
    ones that do, and those of this repository. Nothing is changed. Exits 12 when one would strike, 0 when none does.
    """
    if env and python:
        raise click.UsageError("name a FILE with --env or an interpreter with --python, not both")
    from mcp_rag.doctor import driver_versions, foretell, versions_of_interpreter
    from mcp_rag.wiring import environment_versions, files_in_force

    looked_at = env or python or active_python()
    versions = environment_versions(env) if env else {**driver_versions(), **versions_of_interpreter(looked_at)}
    found = list(foretell(files_in_force(settings_from()), versions, {} if env else dict(os.environ)))
    for strike in found:
        issue = strike.issue
        if as_json:
            row = {"id": issue.id, "source": issue.source, "title": issue.title, "because": list(strike.reasons)}
            emit(
                {
                    **row,
                    "cause": issue.cause,
                    "fix": issue.fix,
                    "commands": list(issue.commands),
                    "urls": list(issue.urls),
                }
            )
            continue
        click.secho(issue.title, bold=True)
        click.echo(f"  because {', '.join(strike.reasons)}")
        for line in issue.fix.splitlines():
            click.echo(f"  {line}".rstrip())
        click.echo(f"  ({issue.key})\n")
    many = "no known issue would strike" if not found else f"{len(found)} known issues would strike"
    tell(f"{many} among the {len(versions)} versions of {looked_at}")
    if found:
        raise click.exceptions.Exit(ExitCode.FINDINGS)


def active_python() -> str:
    """The interpreter that `python` would start: the active virtual environment's, the first on the PATH, or ours."""
    virtual = os.environ.get("VIRTUAL_ENV")
    inside = Path(virtual) / ("Scripts" if os.name == "nt" else "bin") / "python" if virtual else None
    if inside is not None and inside.exists():
        return str(inside)
    return shutil.which("python") or shutil.which("python3") or sys.executable
