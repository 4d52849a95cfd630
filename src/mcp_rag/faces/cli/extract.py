"""``mcp-rag extract``: the failing lines of each log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mcp_rag.errors import InputError, NotFound, RemoteError
from mcp_rag.faces.cli.options import exited_option, json_option, logs_argument, settings_from
from mcp_rag.faces.cli.output import emit, progress_bar, tell
from mcp_rag.faces.exit_codes import exit_code_of
from mcp_rag.faces.serialisation import spans_to_json

if TYPE_CHECKING:
    from mcp_rag.logs.log import Log
    from mcp_rag.logs.source import LogSource
    from mcp_rag.records import Span
    from mcp_rag.settings import Settings


@click.command()
@logs_argument
@json_option
@click.option("--lines", type=click.IntRange(1), help="Budget of lines to show.  [default: 50; with --good: none]")
@click.option("--tokens", type=click.IntRange(1), help="Budget in tokens, at four characters each, in place of lines.")
@click.option("--good", multiple=True, metavar="LOG", help="Log of a run that passed: show what is new against it.")
@exited_option
@click.option("--max-log-bytes", type=click.IntRange(1), help="Ceiling of a log's size once decompressed.")
@click.option("--max-compression-ratio", type=click.IntRange(1), help="Ceiling of its compression.  [default: 100]")
def extract(
    logs: tuple[str, ...],
    as_json: bool,
    lines: int | None,
    tokens: int | None,
    good: tuple[str, ...],
    exited: int | None,
    max_log_bytes: int | None,
    max_compression_ratio: int | None,
) -> None:
    """Show the failing spans of each LOG, best first, until the budget of lines is used; `-` reads standard input.

    The URL of a GitHub Actions run or job, or of a GitLab pipeline or job, stands for the logs of its failed jobs;
    GITHUB_TOKEN or GITLAB_TOKEN is sent to its own server alone.
    """
    from mcp_rag.faces.cli.given_logs import GivenLogs
    from mcp_rag.intake import source_of
    from mcp_rag.logs.reading import read_log

    settings = settings_from(lines=lines, max_log_bytes=max_log_bytes, max_compression_ratio=max_compression_ratio)

    def read(source: LogSource, exited: int | None = None) -> Log:
        most, ratio = settings.max_log_bytes, settings.max_compression_ratio
        return read_log(source, max_bytes=most, max_ratio=ratio, exited=exited)

    passed = [read(source_of(name)) for name in good]
    shown, error = 0, None
    with GivenLogs(settings, compare=False) as given:
        for name in logs:
            try:
                for one in given.of(name):
                    log = read(one.source, exited)
                    spans = _spans(settings, log, passed, lines, tokens)
                    emit(spans_to_json(log.source, spans)) if as_json else _render(settings, log, spans, bool(passed))
                    shown += 1
            except (InputError, NotFound, RemoteError) as bad:
                error = bad
                emit({"source": name, "error": str(bad)}) if as_json else tell(str(bad))
    if error is not None and not shown:
        raise click.exceptions.Exit(exit_code_of(error))


def _spans(settings: Settings, log: Log, passed: Sequence[Log], lines: int | None, tokens: int | None) -> list[Span]:
    """What the log shows of its failure. Each way loads what it needs alone: start-up is a third of what a log of 200 MB
    takes."""
    if settings.url:
        from mcp_rag.faces.cli.answering import spans_of_server

        return spans_of_server(settings, log, passed, lines, tokens)
    with progress_bar(f"looking through {log.source}") as progress:
        if passed:
            from mcp_rag.logs.comparing import find_new

            spans = find_new(log, passed, tokens or lines)
        else:
            from mcp_rag.logs.failures import find_failures

            spans = find_failures(log, tokens or lines or settings.lines, progress)
    if tokens is None:
        return spans
    from mcp_rag.logs.budget import within_tokens

    return within_tokens(spans, log.texts, tokens)


def _render(settings: Settings, log: Log, spans: list[Span], compared: bool) -> None:
    from mcp_rag.faces.cli.rendering import render_spans
    from mcp_rag.intake import redactor_of

    render_spans(log, spans, redactor_of(settings), compared=compared)
