"""``mcp-rag group``: many logs, put together by what failed in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_rag.errors import InputError, NotFound
from mcp_rag.faces.cli.options import home_option, home_settings, json_option, logs_argument
from mcp_rag.faces.cli.output import emit, progress_bar, tell
from mcp_rag.faces.exit_codes import ExitCode
from mcp_rag.faces.serialisation import group_to_json
from mcp_rag.records import GroupingKind

if TYPE_CHECKING:
    from mcp_rag.ledger import Ledger
    from mcp_rag.triage import Looked


@click.command()
@logs_argument
@json_option
@home_option
@click.option("--merge", "merges", nargs=2, multiple=True, metavar="GROUP GROUP", help="These two are one failure.")
@click.option("--split", "splits", nargs=2, multiple=True, metavar="GROUP GROUP", help="These two are not.")
@click.option("--max-log-bytes", type=click.IntRange(1), help="Ceiling of a log's size once decompressed.")
def group(
    logs: tuple[str, ...],
    as_json: bool,
    home: Path | None,
    merges: tuple[tuple[str, str], ...],
    splits: tuple[tuple[str, str], ...],
    max_log_bytes: int | None,
) -> None:
    """Put logs with the same failure together; a LOG may be a folder.

    What is the same across runs, machines, line numbers and versions bears one fingerprint. Where unlike fingerprints
    were joined, the reason stands below the group. GROUP is the beginning of a fingerprint, of those shown or of an
    incident; a decision is remembered and holds from then on.
    """
    from mcp_rag.logs.grouping import Member
    from mcp_rag.logs.grouping import group as group_members
    from mcp_rag.triage import logs_under, look_at
    from mcp_rag.wiring import open_house

    settings = home_settings(home, max_log_bytes=max_log_bytes)
    names = list(dict.fromkeys(path for name in logs for path in logs_under(name)))
    with progress_bar("looking at logs") as progress:
        looked = look_at(names, settings, progress)
    members = [Member(look.source, look.incident) for look in looked if look.incident]
    with open_house(settings, tell, use_chat=False) as house:
        shown = {member.incident.fingerprint for member in members}
        said = [
            (kind, a, b)
            for kind, pairs in ((GroupingKind.MERGE, merges), (GroupingKind.SPLIT, splits))
            for a, b in pairs
        ]
        decided = [(kind, _named(a, shown, house.ledger), _named(b, shown, house.ledger)) for kind, a, b in said]
        for kind, first, second in decided:
            if first == second:
                raise InputError(
                    f"{first} cannot be {kind.value}d with itself"
                    if kind is GroupingKind.MERGE
                    else f"{first} cannot be split",
                    "both names are of one fingerprint: nothing in these logs tells the failures apart",
                    "Name two fingerprints; --json lists those of each group",
                )
        for kind, first, second in decided:
            house.ledger.groupings.decide(kind, first, second)
        groups = group_members(members, house.ledger.groupings.decisions())
    if as_json:
        for each in groups:
            emit(group_to_json(each))
        for look in looked:
            if look.incident is None:
                emit({"source": look.source, **({"error": look.error} if look.error else {"clean": True})})
    else:
        from mcp_rag.faces.cli.rendering import render_groups

        render_groups(groups)
        _tell_the_rest(looked)
    if all(look.error for look in looked):
        raise click.exceptions.Exit(ExitCode.INPUT)


def _named(name: str, shown: Iterable[str], ledger: Ledger) -> str:
    """The fingerprint that ``name`` begins, of those shown or else of a recorded incident."""
    fitting = [fingerprint for fingerprint in shown if fingerprint.startswith(name.lower())] if name else []
    if len(fitting) > 1:
        raise NotFound(f"Several groups begin with {name!r}", ", ".join(sorted(fitting)[:5]), "Give more of it")
    return fitting[0] if fitting else ledger.incidents.get(name).incident.fingerprint


def _tell_the_rest(looked: Sequence[Looked]) -> None:
    for look in looked:
        if look.error:
            tell(look.error)
    clean = sum(1 for look in looked if not look.error and look.incident is None)
    if clean:
        tell(f"nothing failed in {clean} log{'s' if clean > 1 else ''}")
