"""``mcp-rag knowledge``: look after the knowledge base."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import click

from mcp_rag.faces.cli.beside import beside_to_json, known_beside, tell_beside
from mcp_rag.faces.cli.options import home_option, json_option, settings_from
from mcp_rag.faces.cli.output import emit, progress_bar, tell
from mcp_rag.faces.exit_codes import ExitCode


@click.group()
def knowledge() -> None:
    """Look after the knowledge base: what it holds, moving it, and its vector index."""


@knowledge.command()
@json_option
@home_option
def stats(as_json: bool, home: Path | None) -> None:
    """What the ledger and the index hold."""
    from mcp_rag.wiring import open_house

    with open_house(settings_from(home=home), tell) as house:
        status = house.index.status()
        figures: dict[str, object] = {
            "entries": house.ledger.issues.count(),
            "sources": dict(house.ledger.issues.sources()),
            "collection": status.collection,
            "indexed": status.entries,
            "engine": status.engine,
            "model": status.model,
            "dimension": status.dimension,
            "missing_channels": list(status.missing_channels),
            "ledger": house.settings.ledger_url or str(house.settings.home / "ledger.db"),
        }
    if as_json:
        emit(figures)
        return
    for name, value in figures.items():
        if isinstance(value, dict):
            click.echo(f"{name}:")
            for source, count in value.items():
                click.echo(f"  {count:>8}  {source}")
        else:
            click.echo(f"{name}: {value}")


@knowledge.command()
@click.argument("issue")
@json_option
@home_option
def show(issue: str, as_json: bool, home: Path | None) -> None:
    """Print one known issue, by its id or SOURCE/ID, as a file that can be edited and learned."""
    from mcp_rag import librarian
    from mcp_rag.knowledge.issue_file import render_issue_file
    from mcp_rag.ledger.serialisation import issue_to_json
    from mcp_rag.wiring import open_house

    with open_house(settings_from(home=home), tell) as house:
        found = librarian.one_issue(house.ledger, issue)
    emit(issue_to_json(found)) if as_json else click.echo(render_issue_file(found))


@knowledge.command()
@click.argument("issues", nargs=-1)
@click.option("--source", help="Everything that came from this source.")
@json_option
@home_option
def remove(issues: tuple[str, ...], source: str | None, as_json: bool, home: Path | None) -> None:
    """Remove known issues by id or SOURCE/ID, or all of one --source."""
    if bool(issues) == bool(source):
        raise click.UsageError("name known issues, or a --source")
    from mcp_rag import librarian
    from mcp_rag.wiring import open_house

    with open_house(settings_from(home=home), tell) as house:
        before = house.ledger.issues.count()
        if source:
            house.ledger.issues.remove_source(source)
        else:
            house.ledger.issues.remove([librarian.one_issue(house.ledger, name).key for name in issues])
        gone = before - house.ledger.issues.count()
        house.index.follow()
    emit({"removed": gone}) if as_json else click.echo(f"{gone} known issues removed")


@knowledge.command()
@json_option
@home_option
def rebuild(as_json: bool, home: Path | None) -> None:
    """Throw the index away and make it anew from the ledger: with another model, engine or server too."""
    from mcp_rag.wiring import open_house

    with open_house(settings_from(home=home), tell) as house, progress_bar("Indexing") as progress:
        status = house.rebuild(progress)
    if as_json:
        emit({"indexed": status.entries, "model": status.model, "engine": status.engine})
    else:
        click.echo(f"{status.entries} entries in {status.collection}, embedded with {status.model} on {status.engine}")


@knowledge.command()
@click.argument("file", type=click.File("w", encoding="utf-8", atomic=True), default="-")
@home_option
def export(file: IO[str], home: Path | None) -> None:
    """Write known issues, incidents and outcomes as JSON lines to FILE, by default standard output."""
    from mcp_rag.wiring import open_house

    with open_house(settings_from(home=home), tell) as house:
        house.ledger.export(file)


@knowledge.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@json_option
@home_option
def import_(file: IO[str], as_json: bool, home: Path | None) -> None:
    """Take in what `export` wrote; `-` reads standard input. Twice the same changes nothing.

    New entries that answer an error which a known one answers are told, with its fix where that says otherwise.
    """
    from mcp_rag.wiring import open_house

    with open_house(settings_from(home=home), tell) as house, progress_bar("Indexing") as progress:
        before = house.ledger.issues.revision()
        house.ledger.import_(file)
        house.index.follow(progress)
        total = house.ledger.issues.count()
        beside = known_beside(house, before)
    if as_json:
        emit({"entries": total, "answering": beside_to_json(beside)})
        return
    click.echo(f"{total} known issues in all")
    tell_beside(beside)


@knowledge.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--passing",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of logs in which nothing failed: no issue may fire on one.",
)
@json_option
def lint(paths: tuple[Path, ...], passing: Path | None, as_json: bool) -> None:
    """Check known issues' files: PATHS, or those that ship and this repository's.

    Looked for are wrong shape, what is no link, missing parts, doubles, an issue that its own symptoms do not find or
    that another one's pattern answers, or answers with as much right and another fix (a contradiction), and patterns
    that fire on a passing log. Exits 12 when something is wrong.
    """
    from mcp_rag import linting
    from mcp_rag.doctor import known_files
    from mcp_rag.logs.reading import read_log
    from mcp_rag.records import Excerpt
    from mcp_rag.wiring import files_in_force, source_of

    files = (
        [f for path in paths for f in known_files(path, str(path))] if paths else list(files_in_force(settings_from()))
    )
    logs = sorted(path for path in passing.rglob("*") if path.is_file()) if passing else []
    texts = (
        (str(log), [Excerpt(n, t) for n, t in read_log(source_of(str(log)), max_bytes=10**9, max_ratio=100).lines()])
        for log in logs
    )
    faults = list(linting.lint(files, texts))
    for fault in faults:
        if as_json:
            emit({"file": fault.name, "rule": fault.rule, "message": fault.message})
        else:
            click.echo(f"{fault.name}: {fault.rule}: {fault.message}")
    tell(f"{len(files)} known issues looked at, {len(faults)} faults")
    if faults:
        raise click.exceptions.Exit(ExitCode.FINDINGS)
