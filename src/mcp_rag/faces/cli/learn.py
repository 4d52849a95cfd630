"""``mcp-rag learn``: documents → knowledge."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from mcp_rag.faces.cli.options import home_option, json_option, settings_from
from mcp_rag.faces.cli.output import emit, progress_bar, tell


@click.command()
@click.argument("documents", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@json_option
@home_option
def learn(documents: tuple[Path, ...], as_json: bool, home: Path | None) -> None:
    """Take each DOCUMENT into the knowledge base: folders, Markdown, JSONL, CSV, plain text, HTML.

    The same document twice changes nothing; a changed one replaces its old entries; an interrupted call can be run
    again. What cannot be used is left out and counted by reason.
    """
    from mcp_rag import librarian
    from mcp_rag.wiring import open_house

    with open_house(settings_from(home=home), tell) as house:
        learned = librarian.learn(house.ledger, documents)
        with progress_bar("Indexing") as progress:
            house.index.follow(progress)
        total = house.ledger.issues.count()
    if as_json:
        emit({**asdict(learned), "skipped": dict(learned.skipped), "entries": total})
        return
    click.echo(
        f"{learned.documents} documents: {learned.added} entries added, {learned.changed} changed, "
        f"{learned.removed} removed, {learned.unchanged} unchanged; {total} in all"
    )
    for reason, count in learned.skipped.most_common():
        click.echo(f"  left out: {count} × {reason}")
