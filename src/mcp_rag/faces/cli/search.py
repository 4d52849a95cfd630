"""``mcp-rag search``: known issues for an error's text, one query or a file of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from mcp_rag.errors import InputError
from mcp_rag.faces.cli.options import asked_settings, home_option, json_option
from mcp_rag.faces.cli.output import emit
from mcp_rag.faces.serialisation import results_to_json

BATCH = 64
"""Queries embedded and searched at once. Chosen by eye."""


@click.command()
@click.argument("text", nargs=-1)
@click.option(
    "--queries",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help='Many queries: a JSONL file of {"id", "text"} rows.',
)
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Results for each query.")
@json_option
@home_option
def search(text: tuple[str, ...], queries: Path | None, limit: int, as_json: bool, home: Path | None) -> None:
    """Rank the known issues for an error's TEXT, and say whether the best one answers it."""
    if bool(text) == bool(queries):
        raise click.UsageError("give either TEXT or --queries FILE")
    from mcp_rag.faces.cli.answering import open_answering
    from mcp_rag.faces.cli.rendering import render_results

    rows = list(_rows(queries)) if queries else [("1", " ".join(text))]
    with open_answering(asked_settings(home)) as answering:
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            answers = answering.search([words for _, words in batch], limit)
            for (query_id, _), results in zip(batch, answers, strict=True):
                emit(results_to_json(query_id, results)) if as_json else render_results(results)


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _row(path, number, line)


def _row(path: Path, number: int, line: str) -> tuple[str, str]:
    try:
        row = json.loads(line)
        return str(row["id"]), str(row["text"])
    except (json.JSONDecodeError, KeyError, TypeError) as fault:
        raise InputError(
            f"Line {number} of {path} is no query", repr(fault), 'Each line is an object with "id" and "text"'
        ) from fault
