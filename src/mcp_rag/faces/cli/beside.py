"""What is known already of the errors that new known issues answer, shown beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from mcp_rag.records import KnownIssue

if TYPE_CHECKING:
    from mcp_rag.linting import Rival
    from mcp_rag.wiring import House

COMPARED = 2_000
"""New entries that are held against what is known: each costs some milliseconds. Chosen by eye."""

HELD = 20_000
"""Known issues up to which all are read for it. Chosen by eye."""

SHOWN = 10
"""Of a document's, on the terminal; `--json` tells all. Chosen by eye."""


def known_beside(house: House, after: int) -> list[tuple[KnownIssue, Rival]]:
    """The issues written after the ledger's revision ``after``, at most ``COMPARED``, with those of other sources that
    answer the same error."""
    from mcp_rag.linting import rivals_among

    new = list(islice(_written(house, after), COMPARED))
    if not new:
        return []
    ours = {issue.key for issue in new}
    shut_out = house.knowledge.without_sources
    held = {i.key: i for i in _held(house) if i.key not in ours and i.source not in shut_out}
    found = rivals_among(new, held, house.embedder.embed)
    return [(issue, rival) for issue, rival in found if issue.source != rival.issue.source]


def _held(house: House) -> Iterable[KnownIssue]:
    """All that is known; of very many those that state a symptom."""
    issues = house.ledger.issues
    if issues.count() <= HELD:
        return issues.all()
    return issues.many(key for key, _ in issues.patterns()).values()


def _written(house: House, after: int) -> Iterator[KnownIssue]:
    while changes := house.ledger.issues.changes(after):
        yield from (change.issue for change in changes if change.issue is not None)
        after = changes[-1].revision


def tell_beside(found: list[tuple[KnownIssue, Rival]]) -> None:
    """Write to standard output what ``known_beside`` found."""
    for issue, rival in found[:SHOWN]:
        click.echo(f"{issue.key}: {issue.title}")
        show_beside(issue, rival)
    if len(found) > SHOWN:
        click.echo(f"  … and {len(found) - SHOWN} more that answer what is answered already (--json tells all)")


def beside_to_json(found: list[tuple[KnownIssue, Rival]]) -> list[dict[str, Any]]:
    return [{"new": issue.key, **rival_to_json(rival)} for issue, rival in found]


def rival_to_json(rival: Rival) -> dict[str, str]:
    issue = rival.issue
    said = {"id": issue.id, "source": issue.source, "title": issue.title, "cause": issue.cause, "fix": issue.fix}
    return {"relation": _relation(rival), "symptom": rival.symptom, **said}


def _relation(rival: Rival) -> str:
    return "duplicate" if rival.same_fix else "contradiction"


def show_beside(issue: KnownIssue, rival: Rival) -> None:
    """What the other says of the same error, under what the new one says."""
    said = "says the same of" if rival.same_fix else "says otherwise of"
    click.echo(f"  [{rival.issue.id}] {said} {rival.symptom!r}: {rival.issue.title}")
    if not rival.same_fix:
        for whose, fix in (("its fix", rival.issue.fix), ("the new one", issue.fix or issue.text)):
            click.echo(f"    {whose}: {_short(fix) or '-'}")


def _short(text: str) -> str:
    words = " ".join(text.split())
    return f"{words[:300]} …" if len(words) > 300 else words
