"""Who answers a command: a home on this machine, or the running server that `MCP_RAG_URL` names.

Both give the same values, so that a command parses, asks and prints alike. With a server nothing of a home is opened:
neither ledger nor index nor model is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Protocol

from mcp_rag.errors import NotFound
from mcp_rag.faces.cli.output import tell, wording_shown
from mcp_rag.logs.log import Log
from mcp_rag.logs.scanning import Progress, unseen
from mcp_rag.logs.source import LogSource
from mcp_rag.records import Diagnosis, Evidence, OutcomeKind, Span
from mcp_rag.settings import Settings

if TYPE_CHECKING:
    from mcp_rag.assistant import Assistant
    from mcp_rag.client import Client
    from mcp_rag.client.values import SeenIncident, SeenJob
    from mcp_rag.ledger import Ledger
    from mcp_rag.wiring import House

MOST_AT_ONCE = 100
"""As many results as a server gives in one answer."""

_DEFAULT_LINES = {field.name: field.default for field in fields(Settings)}["lines"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """An outcome that was written down: the incident, and the known issue it is about."""

    incident: str
    issue: str | None
    title: str | None


class Answering(Protocol):
    """What the commands ask."""

    def diagnose(
        self,
        source: LogSource,
        passed: Sequence[LogSource] = (),
        job: str | None = None,
        progress: Progress = unseen,
        exited: int | None = None,
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

    ``environment`` and ``versions`` (package → version) tell where the logs arose.
    """
    if settings.url:
        if versions is None and environment is not None:
            from mcp_rag.wiring.around import environment_versions

            versions = environment_versions(environment)
        with client_of(settings) as client:
            yield _Server(client, settings, versions or {}, use_chat)
        return
    from mcp_rag.wiring import open_house

    with open_house(settings, tell, environment=environment, use_chat=use_chat) as house:
        yield _Home(house, house.assistant if versions is None else replace(house.assistant, versions=versions))


class Jobs(Protocol):
    """The jobs whose last good run is remembered."""

    def all(self) -> Sequence[SeenJob]:
        """Each by name."""
        ...

    def forget(self, job: str) -> None:
        """Forget a job's last good run; raises NotFound when none was seen."""
        ...


@contextmanager
def open_jobs(settings: Settings) -> Iterator[Jobs]:
    """The jobs of the server that the settings name, or else of the home."""
    if settings.url:
        with client_of(settings) as client:
            yield _ServerJobs(client)
        return
    from mcp_rag.wiring import open_ledger

    with open_ledger(settings) as ledger:
        yield _HomeJobs(ledger)


class _HomeJobs:
    def __init__(self, ledger: Ledger) -> None:
        self._runs = ledger.good_runs

    def all(self) -> Sequence[SeenJob]:
        from mcp_rag.client.values import SeenJob
        from mcp_rag.logs.good_runs import shapes_in

        return [SeenJob(run.job, run.source, run.at, shapes_in(run.size)) for run in self._runs.all()]

    def forget(self, job: str) -> None:
        if not self._runs.forget(job):
            raise NotFound(f"There is no job {job!r}", "no good run of it was seen", "`mcp-rag jobs` lists them")


class _ServerJobs:
    def __init__(self, client: Client) -> None:
        self._client = client

    def all(self) -> Sequence[SeenJob]:
        return self._client.jobs()

    def forget(self, job: str) -> None:
        self._client.forget_job(job)


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
        self,
        source: LogSource,
        passed: Sequence[LogSource] = (),
        job: str | None = None,
        progress: Progress = unseen,
        exited: int | None = None,
    ) -> Diagnosis:
        with wording_shown() as hear:
            return replace(self._assistant, hear=hear).diagnose(source, passed, job, progress, exited)

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
    def __init__(self, client: Client, settings: Settings, versions: Mapping[str, str], use_chat: bool) -> None:
        self._client, self._versions, self._use_chat = client, versions, use_chat
        # What was not said is the server's to choose.
        self._lines = settings.lines if settings.lines != _DEFAULT_LINES else None
        self._tokens = settings.tokens

    def diagnose(
        self,
        source: LogSource,
        passed: Sequence[LogSource] = (),
        job: str | None = None,
        progress: Progress = unseen,
        exited: int | None = None,
    ) -> Diagnosis:
        diagnosis = self._client.diagnose(
            source,
            good=passed,
            versions=self._versions,
            lines=self._lines,
            tokens=self._tokens,
            chat=self._use_chat,
            job=job,
            exited=exited,
        )
        return replace(diagnosis, source=source.name)

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
        return list(self._client.incidents(min(limit, MOST_AT_ONCE), search))


def _tell_of_limit(limit: int) -> None:
    if limit > MOST_AT_ONCE:
        tell(f"a server gives {MOST_AT_ONCE} at most")


def spans_of_server(
    settings: Settings, log: Log, passed: Sequence[Log], lines: int | None, tokens: int | None
) -> list[Span]:
    """The failing spans that the server finds in a log."""
    with client_of(settings) as client:
        return [shown.span for shown in client.extract(log, good=passed, lines=lines, tokens=tokens)]
