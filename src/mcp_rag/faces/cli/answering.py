"""Who answers a command: a home on this machine, or the running server that `MCP_RAG_URL` names.

Both give the same values, so that a command parses, asks and prints alike. With a server nothing of a home is opened:
neither ledger nor index nor model is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from mcp_rag.faces.cli.output import tell
from mcp_rag.logs.log import Log
from mcp_rag.logs.scanning import Progress, unseen
from mcp_rag.logs.source import LogSource
from mcp_rag.records import Diagnosis, Evidence, OutcomeKind, Span
from mcp_rag.settings import Settings

if TYPE_CHECKING:
    from mcp_rag.assistant import Assistant
    from mcp_rag.client import Client
    from mcp_rag.client.values import SeenIncident
    from mcp_rag.wiring import House

MOST_AT_ONCE = 100
"""As many results as a server gives in one answer."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An outcome that was written down: the incident, and the known issue it is about."""

    incident: str
    issue: str | None
    title: str | None


class Answering(Protocol):
    """What the commands ask."""

    def diagnose(
        self, source: LogSource, passed: Sequence[LogSource] = (), job: str | None = None, progress: Progress = unseen
    ) -> Diagnosis:
        """Cause and fix of the failure in a log."""
        ...

    def remember(self, diagnoses: Sequence[Diagnosis]) -> None:
        """Record the sightings, where answering has not done so."""
        ...

    def search(self, texts: Sequence[str], limit: int) -> list[list[Evidence]]:
        """The known issues for each text."""
        ...

    def record_outcome(self, incident: str, kind: OutcomeKind, issue: str | None, fix: str | None) -> Recorded:
        """Write down whether a fix helped."""
        ...

    def incidents(self, limit: int, search: str | None = None) -> list[SeenIncident]:
        """The failures that were seen, latest first; with ``search`` those nearest to it."""
        ...


@contextmanager
def open_answering(
    settings: Settings,
    *,
    environment: str | None = None,
    versions: Mapping[str, str] | None = None,
    use_chat: bool = True,
) -> Iterator[Answering]:
    """The server that the settings name, or else the home.

    ``environment`` and ``versions`` (package → version) tell a home where the logs arose; a server goes by what the
    logs say of it.
    """
    if settings.url:
        with client_of(settings) as client:
            yield _Server(client)
        return
    from mcp_rag.wiring import open_house

    with open_house(settings, tell, environment=environment, use_chat=use_chat) as house:
        yield _Home(house, house.assistant if versions is None else replace(house.assistant, versions=versions))


def client_of(settings: Settings) -> Client:
    """A client of the server that the settings name.

    Raises:
        SettingsError: its address is none.
    """
    from mcp_rag.client import Client
    from mcp_rag.client.bodies import Limits
    from mcp_rag.logs.redaction import Redactor

    redactor = Redactor(ips=settings.redact_ips) if settings.redact else None
    limits = Limits(redactor, settings.max_log_bytes, settings.max_compression_ratio)
    return Client(settings.url, settings.token, limits=limits)


class _Home:
    def __init__(self, house: House, assistant: Assistant) -> None:
        self._house, self._assistant = house, assistant

    def diagnose(
        self, source: LogSource, passed: Sequence[LogSource] = (), job: str | None = None, progress: Progress = unseen
    ) -> Diagnosis:
        return self._assistant.diagnose(source, passed, job, progress)

    def remember(self, diagnoses: Sequence[Diagnosis]) -> None:
        self._assistant.remember(diagnoses)

    def search(self, texts: Sequence[str], limit: int) -> list[list[Evidence]]:
        return self._house.search(texts, limit)

    def record_outcome(self, incident: str, kind: OutcomeKind, issue: str | None, fix: str | None) -> Recorded:
        from mcp_rag import librarian
        from mcp_rag.intake import redactor_of

        safe = redactor_of(self._house.settings)(fix) if fix else None
        stored, about = librarian.record_outcome(self._house.ledger, incident, kind, issue, safe, "the command line")
        return Recorded(stored.id, about.key if about else None, about.title if about else None)

    def incidents(self, limit: int, search: str | None = None) -> list[SeenIncident]:
        from mcp_rag.client.values import SeenIncident

        if search is None:
            stored = list(self._house.ledger.incidents.list(limit))
        else:
            stored = [found.stored for found in self._house.search_incidents(search, limit)]
        return [SeenIncident(s.id, s.incident.message, s.verdict, s.issue_key, s.history) for s in stored]


class _Server:
    def __init__(self, client: Client) -> None:
        self._client = client

    def diagnose(
        self, source: LogSource, passed: Sequence[LogSource] = (), job: str | None = None, progress: Progress = unseen
    ) -> Diagnosis:
        return replace(self._client.diagnose(source), source=source.name)

    def remember(self, diagnoses: Sequence[Diagnosis]) -> None:
        """The server has recorded them when it answered."""

    def search(self, texts: Sequence[str], limit: int) -> list[list[Evidence]]:
        _tell_of_limit(limit)
        return [list(self._client.search(text, min(limit, MOST_AT_ONCE)).evidence) for text in texts]

    def record_outcome(self, incident: str, kind: OutcomeKind, issue: str | None, fix: str | None) -> Recorded:
        if kind is OutcomeKind.CONFIRMED:
            told = self._client.confirm(incident, issue, fix)
        else:
            told = self._client.reject(incident, issue)
        title = str(self._client.issue(told.issue).get("title", "")) if told.issue else None
        return Recorded(told.incident, told.issue, title)

    def incidents(self, limit: int, search: str | None = None) -> list[SeenIncident]:
        _tell_of_limit(limit)
        return list(self._client.incidents(min(limit, MOST_AT_ONCE)))


def _tell_of_limit(limit: int) -> None:
    if limit > MOST_AT_ONCE:
        tell(f"a server gives {MOST_AT_ONCE} at most")


def spans_of_server(settings: Settings, log: Log, lines: int | None) -> list[Span]:
    """The failing spans that the server finds in a log."""
    with client_of(settings) as client:
        return [shown.span for shown in client.extract(log, lines=lines)]
