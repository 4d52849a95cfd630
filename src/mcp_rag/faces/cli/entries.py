"""The known issues that a command reads and changes: those of a home, or of the server that `MCP_RAG_URL` names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from mcp_rag.faces.cli.answering import client_of
from mcp_rag.faces.cli.output import tell
from mcp_rag.records import KnownIssue
from mcp_rag.settings import Settings

if TYPE_CHECKING:
    from mcp_rag.client import Client
    from mcp_rag.wiring import House


class Entries(Protocol):
    """What `mcp-rag knowledge` asks of single known issues; each method raises NotFound where there is none."""

    def get(self, name: str) -> KnownIssue:
        """The one of that id or SOURCE/ID."""
        ...

    def change(self, name: str, issue: KnownIssue, *, despite_faults: bool) -> Mapping[str, Any]:
        """Put ``issue`` in the place of one that a person wrote or confirmed; what was found in it, and whether it is
        kept.

        Raises:
            InputError: it comes from a document.
        """
        ...

    def remove(self, name: str) -> None:
        """Take one out."""
        ...


@contextmanager
def open_entries(settings: Settings) -> Iterator[Entries]:
    """Those of the server that the settings name, or else of the home."""
    if settings.url:
        with client_of(settings) as client:
            yield _Served(client)
        return
    from mcp_rag.wiring import open_house

    with open_house(settings, tell, use_chat=False) as house:
        yield _Own(house)


class _Own:
    def __init__(self, house: House) -> None:
        self._house = house

    def get(self, name: str) -> KnownIssue:
        from mcp_rag import librarian

        return librarian.one_issue(self._house.ledger, name)

    def change(self, name: str, issue: KnownIssue, *, despite_faults: bool) -> Mapping[str, Any]:
        from mcp_rag.faces.serving.adding import Draft, change_issue

        done = change_issue(self._house, name, Draft(**_written(issue)), despite_faults=despite_faults)
        self._house.index.follow()
        return done

    def remove(self, name: str) -> None:
        self._house.ledger.issues.remove([self.get(name).key])
        self._house.index.follow()


class _Served:
    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, name: str) -> KnownIssue:
        from mcp_rag.ledger.serialisation import issue_from_json

        return issue_from_json(self._client.issue(name))

    def change(self, name: str, issue: KnownIssue, *, despite_faults: bool) -> Mapping[str, Any]:
        return self._client.change_issue(name, {**_written(issue), "despite_faults": despite_faults})

    def remove(self, name: str) -> None:
        self._client.remove_issue(name)


def _written(issue: KnownIssue) -> dict[str, Any]:
    """What a person tells of an issue."""
    return {
        "title": issue.title,
        "cause": issue.cause,
        "fix": issue.fix,
        "symptoms": list(issue.symptoms),
        "commands": list(issue.commands),
        "applies_to": dict(issue.applies_to),
        "urls": list(issue.urls),
        "language": issue.language,
        "package": issue.package,
    }
