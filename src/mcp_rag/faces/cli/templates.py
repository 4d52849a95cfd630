"""``mcp-rag templates``: the shapes of a log's lines."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import click

from mcp_rag.errors import InputError
from mcp_rag.faces.cli.options import json_option, logs_argument, settings_from
from mcp_rag.faces.cli.output import emit, tell
from mcp_rag.faces.exit_codes import exit_code_of


@click.command()
@logs_argument
@json_option
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Remember the templates in this file from call to call; without it each LOG begins anew.",
)
def templates(logs: tuple[str, ...], as_json: bool, state: Path | None) -> None:
    """Group the lines of each LOG by their shape, most frequent first; `-` reads standard input."""
    from mcp_rag.logs.reading import read_log
    from mcp_rag.logs.templates import TemplateMiner, load_miner, save_miner
    from mcp_rag.wiring import redactor_of, source_of

    settings = settings_from()
    redact = redactor_of(settings)
    kept = (load_miner(state) if state.exists() else TemplateMiner()) if state else None
    errors: list[InputError] = []
    for name in logs:
        try:
            log = read_log(source_of(name), max_bytes=settings.max_log_bytes, max_ratio=settings.max_compression_ratio)
        except InputError as bad:
            errors.append(bad)
            emit({"source": name, "error": str(bad)}) if as_json else tell(str(bad))
            continue
        miner = kept or TemplateMiner()
        lines: dict[int, list[int]] = defaultdict(list)
        found = {}
        told = [(number, text) for number, text in log.lines() if text and not text.isspace()]
        for (number, _), template in zip(told, miner.add_all(text for _, text in told), strict=True):
            found[id(template)] = template
            lines[id(template)].append(number)
        for key in sorted(found, key=lambda key: (-len(lines[key]), lines[key][0])):
            text = redact(found[key].text)
            if as_json:
                row = {"source": name, "id": found[key].id, "template": text}
                emit({**row, "count": len(lines[key]), "total": found[key].count, "lines": lines[key]})
            else:
                click.echo(f"{len(lines[key]):>8}  {text}")
    if kept is not None and state is not None:
        save_miner(kept, state)
    if len(errors) == len(logs):
        raise click.exceptions.Exit(exit_code_of(errors[-1]))
