"""``mcp-rag add``: an incident becomes a known issue, as a file that a repository keeps."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_rag.errors import InputError
from mcp_rag.faces.cli.beside import rival_to_json, show_beside
from mcp_rag.faces.cli.editing import edited_text
from mcp_rag.faces.cli.options import home_option, home_settings, json_option
from mcp_rag.faces.cli.output import emit, tell
from mcp_rag.faces.exit_codes import ExitCode
from mcp_rag.faces.serialisation import evidence_to_json
from mcp_rag.records import Evidence, KnownIssue

if TYPE_CHECKING:
    from mcp_rag.linting import Fault, Rival

NEIGHBOURS = 3
NEAR = 0.2
"""Confidence from which on an entry is shown beside the new one. Chosen by eye."""

_ID = re.compile(r"[a-z0-9][a-z0-9._-]*\Z")


@click.command()
@click.argument("incident", default="last", metavar="[INCIDENT]")
@click.option("--id", "issue_id", metavar="ID", help="Its id and file name.  [default: from the message]")
@click.option("--title", metavar="TEXT", help="What it is called.  [default: the message]")
@click.option("--cause", metavar="TEXT", help="Why it happens.")
@click.option("--fix", metavar="TEXT", help="What to do.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write it.  [default: .mcp-rag/known of this repository]",
)
@click.option("--edit/--no-edit", default=None, help="Open the editor first.  [default: in a terminal]")
@json_option
@home_option
def add(
    incident: str,
    issue_id: str | None,
    title: str | None,
    cause: str | None,
    fix: str | None,
    folder: Path | None,
    edit: bool | None,
    as_json: bool,
    home: Path | None,
) -> None:
    """Draft a known issue of INCIDENT (an id, or `last`), edit it, check it, and write it as a file to commit.

    Entries that are like it are shown beside it, and those that answer the same error: with a like fix, or with one that
    says otherwise for versions that overlap. Exits 12 when `mcp-rag knowledge lint` would find
    something wrong with it; the file is written all the same.
    """
    from mcp_rag import librarian
    from mcp_rag.knowledge.issue_file import render_issue_file
    from mcp_rag.linting import rivals
    from mcp_rag.wiring import files_in_force, open_house, redactor_of

    settings = home_settings(home)
    redact = redactor_of(settings)
    with open_house(settings, tell, use_chat=False) as house:
        drafted = librarian.draft(house.ledger.incidents.get(incident))
        drafted = replace(
            drafted, id=issue_id or drafted.id, title=title or drafted.title, cause=cause or "", fix=fix or ""
        )
        file = _free_place(folder or _known_folder(), drafted.id)
        text = render_issue_file(drafted)
        if edit if edit is not None else sys.stdin.isatty():
            text = edited_text(text, "--no-edit")
        issue = _checked(redact(text), file)
        near = [found for found in house.search([issue.title], NEIGHBOURS)[0] if found.confidence >= NEAR]
        others = [each for each in files_in_force(settings) if each[1] != file.name]
        answering = rivals(issue, others, house.embedder.embed)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(redact(text), encoding="utf-8")
    near = [found for found in near if found.issue.id not in {rival.issue.id for rival in answering}]
    _report(file, issue, near, answering, _faults_of(file, others), as_json)


def _known_folder() -> Path:
    """The folder of this repository's known issues: the one in force, or that of the repository around us."""
    from mcp_rag.librarian import PROJECT_FOLDER
    from mcp_rag.settings import find_upward

    here = Path.cwd()
    repository = find_upward(".git", here)
    return find_upward(PROJECT_FOLDER, here) or (repository.parent if repository else here) / PROJECT_FOLDER


def _free_place(folder: Path, issue_id: str) -> Path:
    if not _ID.match(issue_id):
        raise InputError(f"{issue_id!r} is no id", "it names a file: small letters, digits, . _ -", "Give another --id")
    file = folder / f"{issue_id}.md"
    if file.exists():
        raise InputError(f"{file} is there already", "an entry is never written over", "Edit it, or give another --id")
    return file


def _checked(text: str, file: Path) -> KnownIssue:
    """The issue that ``text`` holds; what cannot be used is kept beside its place."""
    from mcp_rag.knowledge.issue_file import parse_issue_file

    try:
        return parse_issue_file(text, "", file.name)
    except InputError as wrong:
        kept = file.with_suffix(".md.draft")
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(text, encoding="utf-8")
        raise InputError(wrong.what, wrong.why, f"Your text is kept in {kept}") from wrong


def _faults_of(file: Path, others: list[tuple[str, str, str]]) -> list[Fault]:
    from mcp_rag.linting import lint

    faults = lint([*others, ("", file.name, file.read_text(encoding="utf-8"))])
    return [fault for fault in faults if fault.name == file.name or file.name in fault.message.split()]


def _report(
    file: Path, issue: KnownIssue, near: list[Evidence], answering: list[Rival], faults: list[Fault], as_json: bool
) -> None:
    if as_json:
        row = {"file": str(file), "id": issue.id, "near": [evidence_to_json(found) for found in near]}
        row |= {"answering": [rival_to_json(rival) for rival in answering]}
        emit({**row, "faults": [{"rule": f.rule, "file": f.name, "message": f.message} for f in faults]})
    else:
        click.echo(f"{file}: {issue.title}")
        for found in near:
            click.echo(f"  like it: [{found.issue.id}] {found.issue.title} ({found.confidence:.0%})")
        for rival in answering:
            show_beside(issue, rival)
        for fault in faults:
            click.echo(f"  {fault.name}: {fault.rule}: {fault.message}")
    if faults:
        raise click.exceptions.Exit(ExitCode.FINDINGS)
