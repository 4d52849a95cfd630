"""``mcp-rag knowledge``: look after the knowledge base."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from mcp_rag.errors import InputError, SettingsError
from mcp_rag.faces.cli.beside import beside_to_json, known_beside, tell_beside
from mcp_rag.faces.cli.editing import edited_text
from mcp_rag.faces.cli.options import asked_settings, home_option, home_settings, json_option, settings_from
from mcp_rag.faces.cli.output import emit, progress_bar, tell
from mcp_rag.faces.exit_codes import ExitCode
from mcp_rag.records import KnownIssue
from mcp_rag.settings import Settings

if TYPE_CHECKING:
    from mcp_rag.wiring import House


@click.group()
def knowledge() -> None:
    """Look after the knowledge base: what it holds, moving it, and its vector index."""


@knowledge.command()
@json_option
@home_option
def stats(as_json: bool, home: Path | None) -> None:
    """What the ledger and the index hold."""
    from mcp_rag.wiring import open_house

    with open_house(home_settings(home), tell) as house:
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
    from mcp_rag.faces.cli.entries import open_entries
    from mcp_rag.knowledge.issue_file import render_issue_file
    from mcp_rag.ledger.serialisation import issue_to_json

    with open_entries(asked_settings(home)) as entries:
        found = entries.get(issue)
    emit(issue_to_json(found)) if as_json else click.echo(render_issue_file(found))


@knowledge.command()
@click.argument("issue")
@click.option(
    "--file", type=click.File("r", encoding="utf-8"), help="Take the text from FILE, `-` for standard input; no editor."
)
@click.option("--despite-faults", is_flag=True, help="Keep it although something was found.")
@json_option
@home_option
def edit(issue: str, file: IO[str] | None, despite_faults: bool, as_json: bool, home: Path | None) -> None:
    """Change a known issue that a person wrote or confirmed: the file that `show` prints, in your editor.

    It is checked and held against what is known. With a fault, or an entry that answers the same error already, nothing
    is changed, both are told, and the exit code is 12.
    """
    from mcp_rag.faces.cli.entries import open_entries

    with open_entries(asked_settings(home)) as entries:
        found = entries.get(issue)
        changed = _rewritten(found, file)
        done = entries.change(issue, changed, despite_faults=despite_faults)
    if as_json:
        emit(dict(done))
    else:
        click.echo(f"{done['issue']} is {'changed' if done['stored'] else 'left as it was'}")
        for fault in done["faults"]:
            click.echo(f"  {fault['rule']}: {fault['message']}")
        for near in done["near"]:
            click.echo(f"  like it: [{near['id']}] {near['title']} ({near['confidence']:.0%})")
    if not done["stored"]:
        raise click.exceptions.Exit(ExitCode.FINDINGS)


def _rewritten(issue: KnownIssue, file: IO[str] | None) -> KnownIssue:
    from mcp_rag.knowledge.issue_file import parse_issue_file, render_issue_file

    text = file.read() if file else edited_text(render_issue_file(issue))
    changed = parse_issue_file(text, issue.source, file.name if file else f"{issue.id}.md")
    if changed.id != issue.id:
        raise InputError("An id is not changed", f"it was {issue.id!r}", "Add the other entry, and remove this one")
    if changed.text.strip() != issue.text.strip():
        why = "what stands outside Cause and Fix is not changed here"
        raise InputError("The text was not taken", why, "Put it under `## Cause` or `## Fix`")
    return changed


@knowledge.command()
@click.argument("issues", nargs=-1)
@click.option("--source", help="Everything that came from this source.")
@json_option
@home_option
def remove(issues: tuple[str, ...], source: str | None, as_json: bool, home: Path | None) -> None:
    """Remove known issues by id or SOURCE/ID, or all of one --source."""
    if bool(issues) == bool(source):
        raise click.UsageError("name known issues, or a --source")
    settings = asked_settings(home)
    gone = _removed_source(settings, source) if source else _removed(settings, issues)
    emit({"removed": gone}) if as_json else click.echo(f"{gone} known issues removed")


def _removed(settings: Settings, issues: tuple[str, ...]) -> int:
    from mcp_rag.faces.cli.entries import open_entries

    with open_entries(settings) as entries:
        keys = list(dict.fromkeys(entries.get(name).key for name in issues))
        for key in keys:
            entries.remove(key)
    return len(keys)


def _removed_source(settings: Settings, source: str) -> int:
    from mcp_rag.wiring import open_house

    if settings.url:
        why = f"the server {settings.url} is set to answer, and it removes single entries"
        raise SettingsError("--source needs a home of your own", why, "Name the entries, or unset MCP_RAG_URL")
    with open_house(settings, tell) as house:
        before = house.ledger.issues.count()
        house.ledger.issues.remove_source(source)
        house.index.follow()
        return before - house.ledger.issues.count()


@knowledge.command()
@json_option
@home_option
def rebuild(as_json: bool, home: Path | None) -> None:
    """Throw the index away and make it anew from the ledger, a server's teams' too: with another model, engine or
    server as well."""
    from mcp_rag.wiring import DEFAULT_TEAM, open_house, open_team_house, teams_of

    with open_house(home_settings(home), tell) as house:
        _rebuild(house, DEFAULT_TEAM, as_json)
        for team in teams_of(house):
            with open_team_house(house, team, tell) as theirs:
                _rebuild(theirs, team, as_json)


def _rebuild(house: House, team: str, as_json: bool) -> None:
    with progress_bar("Indexing") as progress:
        status = house.rebuild(progress)
    if as_json:
        emit({"team": team, "indexed": status.entries, "model": status.model, "engine": status.engine})
    else:
        click.echo(f"{status.entries} entries in {status.collection}, embedded with {status.model} on {status.engine}")


@knowledge.command()
@click.argument("file", type=click.File("w", encoding="utf-8", atomic=True), default="-")
@home_option
def export(file: IO[str], home: Path | None) -> None:
    """Write known issues, incidents and outcomes as JSON lines to FILE, by default standard output."""
    from mcp_rag.wiring import open_house

    with open_house(home_settings(home), tell) as house:
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

    with open_house(home_settings(home), tell) as house, progress_bar("Indexing") as progress:
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
