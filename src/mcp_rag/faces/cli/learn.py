"""``mcp-rag learn``: documents, and what installed tools explain, → knowledge."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_rag.errors import InputError
from mcp_rag.faces.cli.beside import beside_to_json, known_beside, tell_beside
from mcp_rag.faces.cli.options import home_option, home_settings, json_option
from mcp_rag.faces.cli.output import emit, progress_bar, tell

if TYPE_CHECKING:
    from mcp_rag.librarian import Learned
    from mcp_rag.wiring import House

_TOOL, _ALL_TOOLS = "tool:", "tools"


@click.command()
@click.argument("documents", nargs=-1, required=True, metavar="DOCUMENT...")
@json_option
@home_option
def learn(documents: tuple[str, ...], as_json: bool, home: Path | None) -> None:
    """Take each DOCUMENT into the knowledge base: folders, Markdown, JSONL, CSV, plain text, HTML; GitHub issues as JSON
    (`gh issue list --json number,title,body,comments,url`); a Stack Exchange dump's Posts.xml, its accepted answers. All but the
    dump may be packed (.gz, .bz2, .xz).

    `tool:NAME` takes what an installed tool explains about its own errors: rustc, gcc, javac, ruff, pylint, mypy,
    postgresql, sqlite, errno, exit-codes, systemd, http, node, npm, openssl, curl. `tools` takes all that are there (a folder of
    that name is written `./tools`). `mcp-rag knowledge remove --source tool:NAME` forgets one again.

    The same document twice changes nothing; a changed one, or a tool's other version, replaces its old entries; an
    interrupted call can be run again. What cannot be used is left out and counted by reason. New entries that answer an
    error which a known one answers are told, with its fix where that says otherwise.
    """
    from mcp_rag import librarian
    from mcp_rag.wiring import open_house

    tools = [name for name in documents if name == _ALL_TOOLS or name.startswith(_TOOL)]
    paths = [_existing(name) for name in documents if name not in tools]
    with open_house(home_settings(home), tell) as house:
        before = house.ledger.issues.revision()
        learned = librarian.learn(house.ledger, paths)
        beside = known_beside(house, before)
        for name in tools:
            _learn_tools(house, name, learned, as_json)
        with progress_bar("Indexing") as progress:
            house.index.follow(progress)
        total = house.ledger.issues.count()
    if as_json:
        emit(
            {**asdict(learned), "skipped": dict(learned.skipped), "entries": total, "answering": beside_to_json(beside)}
        )
        return
    click.echo(
        f"{learned.documents} documents: {learned.added} entries added, {learned.changed} changed, "
        f"{learned.removed} removed, {learned.unchanged} unchanged; {total} in all"
    )
    for reason, count in learned.skipped.most_common():
        click.echo(f"  left out: {count} × {reason}")
    tell_beside(beside)


def _existing(name: str) -> Path:
    path = Path(name)
    if not path.exists():
        raise click.BadParameter(f"Path {name!r} does not exist. (A tool is written tool:NAME.)", param_hint="DOCUMENT")
    return path


def _learn_tools(house: House, name: str, learned: Learned, as_json: bool) -> None:
    """Learn one tool's index, or all that are there. One that is absent is an error only when it was named."""
    from mcp_rag import librarian
    from mcp_rag.knowledge.tool_indexes import READERS

    named = name != _ALL_TOOLS
    for tool in [name.removeprefix(_TOOL)] if named else list(READERS):
        try:
            version, done = librarian.learn_tool(house.ledger, tool)
        except InputError as absent:
            if named:
                raise
            emit({"tool": tool, "error": str(absent)}) if as_json else tell(str(absent))
            continue
        entries = done.added + done.changed + done.unchanged
        if as_json:
            emit({"tool": tool, "version": version, "entries": entries})
        else:
            tell(f"{tool} {version}: {entries} entries")
        learned.documents += 1
        learned.added += done.added
        learned.changed += done.changed
        learned.unchanged += done.unchanged
        learned.removed += done.removed
