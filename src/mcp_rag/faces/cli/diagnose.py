"""``mcp-rag diagnose``: cause and fix of the failure in each log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from mcp_rag.errors import InputError, McpRagError, NotFound, RemoteError
from mcp_rag.faces.cli import close_command
from mcp_rag.faces.cli.options import home_option, json_option, logs_argument, settings_from
from mcp_rag.faces.cli.output import emit, progress_bar, tell
from mcp_rag.faces.exit_codes import ExitCode, exit_code_of
from mcp_rag.faces.serialisation import diagnosis_to_json
from mcp_rag.records import Diagnosis, Verdict
from mcp_rag.settings import Settings


class JobName(click.ParamType[str]):
    """A job's name, as its user knows it; never an empty one, which a CI variable that is not set gives."""

    name = "job"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not value.strip():
            self.fail("a job's name can't be empty; is the variable that should give it set?", param, ctx)
        return value.strip()


_CODES = {Verdict.KNOWN: ExitCode.KNOWN, Verdict.UNKNOWN: ExitCode.UNKNOWN, Verdict.CLEAN: ExitCode.OK}


@click.command()
@logs_argument
@json_option
@home_option
@click.option("--lines", type=click.IntRange(1), help="Budget of log lines to look at.  [default: 50]")
@click.option("--tokens", type=click.IntRange(1), help="Budget in tokens, at four characters each, in place of lines.")
@click.option(
    "--good", multiple=True, metavar="LOG", help="Log of a run that passed: what is new against it goes first."
)
@click.option("--no-good", is_flag=True, help="Do not fetch the last green run of a URL's job to compare with.")
@click.option(
    "--job",
    type=JobName(),
    metavar="NAME",
    help="Compare with the last good log of this job; a clean one is remembered as that. `mcp-rag jobs` lists them.",
)
@click.option(
    "--env",
    metavar="FILE|here",
    help="Where the log arose: a requirements or lock file, or `here` for this Python's packages.",
)
@click.option("--exit-code", "verdict_as_code", is_flag=True, help="Exit 10 when known, 11 when unknown, 0 when clean.")
@click.option("--no-chat", is_flag=True, help="Do not ask the language model, even if one is set.")
@click.option("--max-log-bytes", type=click.IntRange(1), help="Ceiling of a log's size once decompressed.")
@click.option("--max-compression-ratio", type=click.IntRange(1), help="Ceiling of its compression.  [default: 100]")
def diagnose(
    logs: tuple[str, ...],
    as_json: bool,
    home: Path | None,
    lines: int | None,
    tokens: int | None,
    good: tuple[str, ...],
    no_good: bool,
    job: str | None,
    env: str | None,
    verdict_as_code: bool,
    no_chat: bool,
    max_log_bytes: int | None,
    max_compression_ratio: int | None,
) -> None:
    """Find what failed in each LOG, why, and what to do; `-` reads standard input.

    The answer cites log lines and known issues, or says that nothing known matches. The URL of a GitHub Actions run or
    job, or of a GitLab pipeline or job, stands for the logs of its failed jobs, compared with the same job's last green
    run; GITHUB_TOKEN or GITLAB_TOKEN is sent to its own server alone.
    """
    settings = settings_from(
        home=home, lines=lines, tokens=tokens, max_log_bytes=max_log_bytes, max_compression_ratio=max_compression_ratio
    )
    against = Passed(good, job, fetched=not no_good)
    worst = diagnose_all(logs, settings, against, as_json=as_json, environment=env, use_chat=not no_chat)
    if isinstance(worst, McpRagError):
        raise click.exceptions.Exit(exit_code_of(worst))
    if verdict_as_code and worst is not None:
        raise click.exceptions.Exit(_CODES[worst])


@dataclass(frozen=True, slots=True)
class Passed:
    """What logs are compared with: logs of runs that passed, the last good run of a job, and whether the green runs of
    a URL's jobs are fetched."""

    good: tuple[str, ...] = ()
    job: str | None = None
    fetched: bool = True


def diagnose_all(
    logs: tuple[str, ...],
    settings: Settings,
    against: Passed,
    *,
    as_json: bool,
    environment: str | None,
    use_chat: bool,
) -> Verdict | McpRagError | None:
    """Diagnose and print each log; the worst verdict, or the error when no log at all could be read."""
    from mcp_rag.faces.cli.given_logs import GivenLogs
    from mcp_rag.faces.cli.rendering import render_diagnosis
    from mcp_rag.wiring import open_house

    done: list[Diagnosis] = []
    error: McpRagError | None = None
    with (
        open_house(settings, tell, environment=environment, use_chat=use_chat) as house,
        GivenLogs(settings, against.good, compare=against.fetched) as given,
    ):
        for name in logs:
            try:
                named = given.of(name)
                for one in named:
                    with progress_bar(f"looking through {one.source.name}") as progress:
                        diagnosis = house.assistant.diagnose(one.source, one.passed, against.job, progress)
                    done.append(diagnosis)
                    many = len(logs) > 1 or len(named) > 1
                    emit(diagnosis_to_json(diagnosis)) if as_json else render_diagnosis(diagnosis, many=many)
            except (InputError, NotFound, RemoteError) as bad:
                error = bad
                emit({"source": name, "error": str(bad)}) if as_json else tell(_with_hint(bad, name))
        house.assistant.remember(done)
    if not done:
        return error
    return max((d.verdict for d in done), key=lambda verdict: _CODES[verdict])


def _with_hint(error: McpRagError, name: str) -> str:
    meant = None if Path(name).exists() else close_command(name)
    return f"{error} Did you mean the command `mcp-rag {meant}`?" if meant else str(error)
