"""``mcp-rag watch``: the failures of a log that is still being written."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_rag.faces.cli.options import home_option, home_settings, json_option
from mcp_rag.faces.cli.output import emit, tell
from mcp_rag.faces.exit_codes import ExitCode
from mcp_rag.faces.serialisation import diagnosis_to_json
from mcp_rag.records import Diagnosis

if TYPE_CHECKING:
    from mcp_rag.logs.following import Followed
    from mcp_rag.watching import Watch

LONGEST_WAIT_SECONDS = 10.0
"""New lines of a log that never pauses are looked at after this long. Chosen by eye."""


@click.command()
@click.argument("log", metavar="FILE")
@json_option
@home_option
@click.option("--from-start", is_flag=True, help="What stands in FILE already counts too.  [default: new lines alone]")
@click.option(
    "--pause",
    type=click.FloatRange(0.1),
    default=1.0,
    show_default=True,
    help="Seconds without a new line after which the lines before are looked at.",
)
@click.option("--until-quiet", type=click.FloatRange(0.1), help="End after so many seconds without a new line.")
@click.option("--env", metavar="FILE|here", help="Where the log arises: a requirements or lock file, or `here`.")
@click.option("--no-chat", is_flag=True, help="Do not ask the language model, even if one is set.")
def watch(
    log: str,
    as_json: bool,
    home: Path | None,
    from_start: bool,
    pause: float,
    until_quiet: float | None,
    env: str | None,
    no_chat: bool,
) -> None:
    """Follow FILE and tell of each new failure once, as it appears; `-` follows standard input to its end.

    FILE may be rotated or truncated meanwhile. Ctrl-C ends it, with a word on what was seen.
    """
    from mcp_rag.watching import Watch
    from mcp_rag.wiring import open_house

    settings = home_settings(home)
    with (
        _followed(log, from_start) as followed,
        open_house(settings, tell, environment=env, use_chat=not no_chat) as house,
    ):
        watching = Watch(house.assistant, log)
        interrupted = False
        try:
            for found in _follow(followed, watching, pause, until_quiet):
                _show(found, watching, as_json)
        except KeyboardInterrupt:
            interrupted = True
            _show(watching.settle(), watching, as_json)
        _sum_up(watching, as_json)
    if interrupted:
        raise click.exceptions.Exit(ExitCode.INTERRUPTED)


@contextmanager
def _followed(name: str, from_start: bool) -> Iterator[Followed]:
    from mcp_rag.logs.following import FollowedFile, FollowedStream

    if name == "-":
        yield FollowedStream(name, sys.stdin.buffer)
        return
    file = FollowedFile(name, from_start=from_start)
    try:
        yield file
    finally:
        file.close()


def _follow(followed: Followed, watching: Watch, pause: float, until_quiet: float | None) -> Iterator[list[Diagnosis]]:
    """The diagnoses as they come, until the log ends or has been quiet for long enough."""
    last = began = time.monotonic()
    while not followed.finished:
        part = followed.poll()
        now = time.monotonic()
        if part is not None:
            began = now if not watching.waiting else began
            last = now
            yield watching.take(part)
        if watching.waiting and (now - last >= pause or now - began >= LONGEST_WAIT_SECONDS):
            yield watching.settle()
            began = now
        if until_quiet is not None and now - last >= until_quiet:
            break
    rest = followed.rest()
    if rest is not None:
        yield watching.take(rest)
    yield watching.settle()


def _show(found: Iterable[Diagnosis], watching: Watch, as_json: bool) -> None:
    from mcp_rag.faces.cli.rendering import render_diagnosis

    for note in watching.notes:
        emit({"event": "note", "note": note}) if as_json else tell(note)
    watching.notes.clear()
    for diagnosis in found:
        if as_json:
            emit({"event": "incident", **diagnosis_to_json(diagnosis)})
        else:
            render_diagnosis(diagnosis)
            sys.stdout.flush()


def _sum_up(watching: Watch, as_json: bool) -> None:
    seen = {"lines": watching.lines, "incidents": watching.incidents, "repeats": watching.repeats}
    if as_json:
        emit({"event": "end", **seen})
    else:
        tell(f"{watching.lines:,} lines; new failures: {watching.incidents}, seen again: {watching.repeats}")
