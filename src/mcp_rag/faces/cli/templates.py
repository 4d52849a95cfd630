"""``mcp-rag templates``: the shapes of a log's lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcp_rag.errors import InputError
from mcp_rag.faces.cli.options import json_option, logs_argument, settings_from
from mcp_rag.faces.cli.output import emit, tell
from mcp_rag.faces.exit_codes import exit_code_of

if TYPE_CHECKING:
    from mcp_rag.logs.log import Log
    from mcp_rag.logs.templates import TemplateMiner
    from mcp_rag.settings import Settings

Rows = list[dict[str, Any]]
"""What is told of a log, a template each."""

Outcome = tuple[str, Rows, InputError | None]
"""A log's name, its templates, or why it could not be read."""


@click.command()
@logs_argument
@json_option
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Remember the templates in this file from call to call, and of each LOG how far it was read: "
    "only its new lines are counted. Without it each LOG begins anew.",
)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Mine so many logs at a time.")
def templates(logs: tuple[str, ...], as_json: bool, state: Path | None, jobs: int) -> None:
    """Group the lines of each LOG by their shape, most frequent first; `-` reads standard input."""
    if state and jobs > 1:
        raise click.UsageError("--jobs mines each LOG by itself, and --state all of them together: leave one out.")
    from mcp_rag.intake import redactor_of

    settings = settings_from()
    redact = redactor_of(settings)
    failed: list[InputError] = []
    for name, rows, bad in _into_state(logs, settings, state) if state else _apart(logs, settings, jobs):
        if bad:
            failed.append(bad)
            emit({"source": name, "error": str(bad)}) if as_json else tell(str(bad))
        for row in rows:
            row["template"] = redact(row["template"])
            emit(row) if as_json else click.echo(f"{row['count']:>8}  {row['template']}")
    if len(failed) == len(logs):
        raise click.exceptions.Exit(exit_code_of(failed[-1]))


def _apart(logs: Sequence[str], settings: Settings, jobs: int) -> Iterator[Outcome]:
    """Each log by itself, in the order given whatever ends first: the answers do not depend on ``jobs``."""
    mine = partial(_mined_alone, max_bytes=settings.max_log_bytes, max_ratio=settings.max_compression_ratio)
    if jobs == 1 or len(logs) == 1 or "-" in logs:  # another process has not our standard input
        yield from map(mine, logs)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(min(jobs, len(logs)), get_context("spawn")) as processes:
        yield from processes.map(mine, logs)


def _mined_alone(name: str, max_bytes: int, max_ratio: float) -> Outcome:
    from mcp_rag.logs.templates import TemplateMiner

    try:
        return name, _mined(_read(name, max_bytes, max_ratio), TemplateMiner()), None
    except InputError as bad:
        return name, [], bad


def _into_state(logs: Sequence[str], settings: Settings, state: Path) -> Iterator[Outcome]:
    """All logs into the templates that are remembered, each from where it was left."""
    from mcp_rag.logs.templates.miner import TemplateMiner
    from mcp_rag.logs.templates.state import lines_done, load_state, mark_of, save_miner

    miner, marks = load_state(state) if state.exists() else (TemplateMiner(), {})
    for name in logs:
        try:
            log = _read(name, settings.max_log_bytes, settings.max_compression_ratio)
        except InputError as bad:
            yield name, [], bad
            continue
        place = str(Path(name).absolute())
        done = lines_done(log, marks.get(place)) if name != "-" else 0
        yield name, _mined(log, miner, done + 1), None
        if name != "-":
            marks[place] = mark_of(log)
    save_miner(miner, state, marks)


def _read(name: str, max_bytes: int, max_ratio: float) -> Log:
    from mcp_rag.intake import source_of
    from mcp_rag.logs.reading import read_log

    return read_log(source_of(name), max_bytes=max_bytes, max_ratio=max_ratio)


def _mined(log: Log, miner: TemplateMiner, first: int = 1) -> Rows:
    """The templates of a log's lines from ``first`` on."""
    lines: dict[int, list[int]] = defaultdict(list)
    told = [(number, text) for number, text in log.lines(first) if text and not text.isspace()]
    mined = list(miner.add_all(text for _, text in told))
    found = {id(template): template for template in miner.templates}
    for (number, _), template in zip(told, mined, strict=True):
        lines[id(template.whole)].append(number)
    return [
        {
            "source": log.source,
            "id": found[key].id,
            "template": found[key].text,
            "count": len(lines[key]),
            "total": found[key].count,
            "lines": lines[key],
        }
        for key in sorted(lines, key=lambda key: (-len(lines[key]), lines[key][0]))
    ]
