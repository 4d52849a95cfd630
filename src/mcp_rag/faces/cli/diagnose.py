"""``mcp-rag diagnose``: cause and fix of the failure in each log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from mcp_rag.errors import InputError, McpRagError, NotFound, RemoteError
from mcp_rag.faces.cli import close_command
from mcp_rag.faces.cli.options import asked_settings, exited_option, home_option, json_option, logs_argument
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
@exited_option
@click.option(
    "--env",
    metavar="FILE|here",
    help="Where the log arose: a requirements or lock file, or `here` for this Python's packages.",
)
@click.option("--share", is_flag=True, help="Print Markdown that a ticket takes, secrets masked, in place of text.")
@click.option(
    "--summary",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Append that Markdown to FILE, too: `$GITHUB_STEP_SUMMARY`, or what becomes a comment.",
)
@click.option(
    "--annotations",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Append `::error file=…` commands to FILE, which GitHub Actions shows beside the code.",
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
    exited: int | None,
    env: str | None,
    share: bool,
    summary: Path | None,
    annotations: Path | None,
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
    if share and as_json:
        raise click.UsageError("give either --share or --json")
    settings = asked_settings(
        home, lines=lines, tokens=tokens, max_log_bytes=max_log_bytes, max_compression_ratio=max_compression_ratio
    )
    known = KnownOfRun(good, job, fetched=not no_good, exited=exited)
    shown = Shown(settings, as_json=as_json, share=share, summary=summary, annotations=annotations)
    worst = diagnose_all(logs, settings, known, shown, environment=env, use_chat=not no_chat)
    if isinstance(worst, McpRagError):
        raise click.exceptions.Exit(exit_code_of(worst))
    if verdict_as_code and worst is not None:
        raise click.exceptions.Exit(_CODES[worst])


@dataclass(frozen=True, slots=True)
class KnownOfRun:
    """What is known of the run beside its log: logs of runs that passed and the last good run of a job, to compare it with;
    whether the green runs of a URL's jobs are fetched; and the code that it exited with."""

    good: tuple[str, ...] = ()
    job: str | None = None
    fetched: bool = True
    exited: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """Where an answer goes: standard output as text, JSON or Markdown, and files that a CI server reads."""

    settings: Settings
    as_json: bool = False
    share: bool = False
    summary: Path | None = None
    annotations: Path | None = None

    def show(self, diagnosis: Diagnosis, *, many: bool) -> None:
        """Raises InputError when a file cannot be written."""
        from mcp_rag.faces.cli.rendering import render_diagnosis
        from mcp_rag.faces.sharing import to_annotation, to_markdown
        from mcp_rag.intake import sharing_redactor_of

        redact = sharing_redactor_of(self.settings)
        if self.as_json:
            emit(diagnosis_to_json(diagnosis))
        elif self.share:
            click.echo(to_markdown(diagnosis, redact))
        else:
            render_diagnosis(diagnosis, many=many)
        if self.summary:
            _append(self.summary, to_markdown(diagnosis, redact, level=2) + "\n")
        if self.annotations:
            _append(self.annotations, to_annotation(diagnosis, redact, Path.cwd()))


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as fault:
        raise InputError(
            f"{path} cannot be written", str(fault), "Name a file in a folder that you may write"
        ) from fault


def diagnose_all(
    logs: tuple[str, ...],
    settings: Settings,
    known: KnownOfRun,
    shown: Shown,
    *,
    environment: str | None,
    use_chat: bool,
) -> Verdict | McpRagError | None:
    """Diagnose and print each log; the worst verdict, or the error when no log at all could be read."""
    from mcp_rag.faces.cli.answering import open_answering
    from mcp_rag.faces.cli.given_logs import GivenLogs

    done: list[Diagnosis] = []
    error: McpRagError | None = None
    with (
        open_answering(settings, environment=environment, use_chat=use_chat) as answering,
        GivenLogs(settings, known.good, compare=known.fetched) as given,
    ):
        try:
            for name in logs:
                try:
                    named = given.of(name)
                    for one in named:
                        with progress_bar(f"looking through {one.source.name}") as progress:
                            diagnosis = answering.diagnose(one.source, one.passed, known.job, progress, known.exited)
                        done.append(diagnosis)
                        shown.show(diagnosis, many=len(logs) > 1 or len(named) > 1)
                except (InputError, NotFound, RemoteError) as bad:
                    error = bad
                    emit({"source": name, "error": str(bad)}) if shown.as_json else tell(_with_hint(bad, name))
        finally:  # what was told is remembered, too, when its reader went away or the rest is not waited for
            answering.remember(done)
    if not done:
        return error
    return max((d.verdict for d in done), key=lambda verdict: _CODES[verdict])


def _with_hint(error: McpRagError, name: str) -> str:
    meant = None if Path(name).exists() else close_command(name)
    return f"{error} Did you mean the command `mcp-rag {meant}`?" if meant else str(error)
