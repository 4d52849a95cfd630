"""The client that blocks and the one that does not: both carry the same exchanges."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack
from urllib.parse import urlsplit

from mcp_rag import __version__
from mcp_rag.client import questions
from mcp_rag.client.bodies import GivenLog, Limits
from mcp_rag.client.exchanges import Ask, Exchange, Lost, Pause, Reply
from mcp_rag.client.questions import Budget, Wanted
from mcp_rag.client.values import Recorded, SearchResult, SeenIncident, SeenJob, ShownSpan
from mcp_rag.errors import SettingsError
from mcp_rag.logs.redaction import Redactor
from mcp_rag.records import Diagnosis

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

TIMEOUT_SECONDS = 300.0
"""How long one answer is waited for: a log of gigabytes takes minutes. Chosen by eye."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class _Asking:
    """What both clients are made with."""

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        redact: bool = True,
        timeout_seconds: float = TIMEOUT_SECONDS,
        limits: Limits | None = None,
    ) -> None:
        """
        Args:
            url: the server's address, such as ``http://127.0.0.1:8765``.
            token: one of the server's tokens; not sent over an open line to another machine.
            redact: whether secrets in logs and texts are masked before they are sent.
            timeout_seconds: how long one answer is waited for.
            limits: ceilings of what is read, and a masking of your own in place of ``redact``.

        Raises:
            SettingsError: ``url`` is no address, or the token would go over an open line.
        """
        self.url = _address(url, token)
        self._limits = limits or Limits(Redactor() if redact else None)
        self._options: dict[str, Any] = {
            "base_url": self.url,
            "timeout": timeout_seconds,
            "headers": _headers(token),
            "follow_redirects": False,
        }


class Client(_Asking):
    """Asks and waits for the answer. A context manager; may be used from several threads."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __init__(self, url: str, token: str = "", **options: Any) -> None:
        import httpx

        super().__init__(url, token, **options)
        self._http = httpx.Client(**self._options)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def diagnose(self, log: GivenLog, name: str | None = None, **wanted: Unpack[Wanted]) -> Diagnosis:
        """Cause and fix of the failure in a log: a path, bytes, or a source; ``name`` is what the answer calls it.

        Args:
            wanted: ``good``, logs of runs that passed; ``versions``, package → version where the log arose; a budget of
                ``lines`` or ``tokens``; ``chat=False`` for an answer without the language model; a ``job``, with whose
                last good log it is compared, and for which a clean one is remembered as that; ``exited``, the exit code of
                the run that wrote it.

        Raises:
            InputError: the log cannot be read, is no text, or is too large for the server.
        """
        return self._carry(questions.diagnose(log, name, wanted, self._limits, self.url))

    def extract(self, log: GivenLog, name: str | None = None, **wanted: Unpack[Budget]) -> tuple[ShownSpan, ...]:
        """The failing spans of a log, best first, within a budget of ``lines`` or ``tokens``; with ``good``, logs of runs
        that passed, those that are new; with ``exited``, the exit code of its run."""
        return self._carry(questions.extract(log, name, wanted, self._limits, self.url))

    def search(self, text: str, limit: int = 10) -> SearchResult:
        """The known issues for an error's text."""
        return self._carry(questions.search(text, limit, self._limits, self.url))

    def confirm(self, incident: str, issue: str | None = None, fix: str | None = None) -> Recorded:
        """Say that the fix helped; ``fix`` in your own words becomes a known issue."""
        return self._carry(questions.outcome("confirmed", incident, issue, fix, self._limits, self.url))

    def reject(self, incident: str, issue: str | None = None) -> Recorded:
        """Say that the fix did not help."""
        return self._carry(questions.outcome("rejected", incident, issue, None, self._limits, self.url))

    def incidents(self, limit: int = 20, near: str | None = None) -> tuple[SeenIncident, ...]:
        """The failures that were seen, latest first; with ``near`` those nearest to it in words and meaning."""
        return self._carry(questions.incidents(limit, near, self._limits, self.url))

    def jobs(self) -> tuple[SeenJob, ...]:
        """The jobs whose last good run is remembered, by name."""
        return self._carry(questions.jobs(self.url))

    def forget_job(self, job: str) -> None:
        """Forget a job's last good run.

        Raises:
            NotFound: none was seen.
        """
        return self._carry(questions.forget_job(job, self.url))

    def issue(self, key: str) -> Mapping[str, Any]:
        """A known issue in full, by ID or SOURCE/ID, as the server's JSON."""
        return self._carry(questions.issue(key, self.url))

    def change_issue(self, key: str, written: Mapping[str, Any]) -> Mapping[str, Any]:
        """Put another text in the place of a known issue that a person wrote or confirmed; ``written`` and the answer are
        those of `PUT /v1/issues/{key}`.

        Raises:
            InputError: it comes from a document, or cannot be used.
        """
        return self._carry(questions.change_issue(key, written, self.url))

    def remove_issue(self, key: str) -> None:
        """Take a known issue out that a person wrote or confirmed."""
        return self._carry(questions.remove_issue(key, self.url))

    def _carry(self, exchange: Exchange[T]) -> T:
        import httpx

        back: Reply | Lost | None = None
        try:
            while True:
                step = exchange.send(back)
                back = None
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                    continue
                try:
                    back = _reply(self._http.send(_request(self._http, step)))
                except httpx.HTTPError as fault:
                    back = _lost(fault)
        except StopIteration as done:
            answer: T = done.value
            return answer


class AsyncClient(_Asking):
    """The same as coroutines; an asynchronous context manager."""

    def __init__(self, url: str, token: str = "", **options: Any) -> None:
        import httpx

        super().__init__(url, token, **options)
        self._http = httpx.AsyncClient(**self._options)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def diagnose(self, log: GivenLog, name: str | None = None, **wanted: Unpack[Wanted]) -> Diagnosis:
        """As ``Client.diagnose``; the log is read and masked in a thread."""
        return await self._carry(questions.diagnose(log, name, wanted, self._limits, self.url))

    async def extract(self, log: GivenLog, name: str | None = None, **wanted: Unpack[Budget]) -> tuple[ShownSpan, ...]:
        """As ``Client.extract``."""
        return await self._carry(questions.extract(log, name, wanted, self._limits, self.url))

    async def search(self, text: str, limit: int = 10) -> SearchResult:
        """As ``Client.search``."""
        return await self._carry(questions.search(text, limit, self._limits, self.url))

    async def confirm(self, incident: str, issue: str | None = None, fix: str | None = None) -> Recorded:
        """As ``Client.confirm``."""
        return await self._carry(questions.outcome("confirmed", incident, issue, fix, self._limits, self.url))

    async def reject(self, incident: str, issue: str | None = None) -> Recorded:
        """As ``Client.reject``."""
        return await self._carry(questions.outcome("rejected", incident, issue, None, self._limits, self.url))

    async def incidents(self, limit: int = 20, near: str | None = None) -> tuple[SeenIncident, ...]:
        """As ``Client.incidents``."""
        return await self._carry(questions.incidents(limit, near, self._limits, self.url))

    async def jobs(self) -> tuple[SeenJob, ...]:
        """As ``Client.jobs``."""
        return await self._carry(questions.jobs(self.url))

    async def forget_job(self, job: str) -> None:
        """As ``Client.forget_job``."""
        return await self._carry(questions.forget_job(job, self.url))

    async def issue(self, key: str) -> Mapping[str, Any]:
        """As ``Client.issue``."""
        return await self._carry(questions.issue(key, self.url))

    async def change_issue(self, key: str, written: Mapping[str, Any]) -> Mapping[str, Any]:
        """As ``Client.change_issue``."""
        return await self._carry(questions.change_issue(key, written, self.url))

    async def remove_issue(self, key: str) -> None:
        """As ``Client.remove_issue``."""
        return await self._carry(questions.remove_issue(key, self.url))

    async def _carry(self, exchange: Exchange[T]) -> T:
        import anyio
        import anyio.to_thread
        import httpx

        back: Reply | Lost | None = None
        while True:
            # A step may read and mask a log first, which takes its time.
            step = await anyio.to_thread.run_sync(_next_step, exchange, back)
            back = None
            if isinstance(step, _Done):
                answer: T = step.value
                return answer
            if isinstance(step, Pause):
                await anyio.sleep(step.seconds)
                continue
            try:
                back = _reply(await self._http.send(_request(self._http, step)))
            except httpx.HTTPError as fault:
                back = _lost(fault)


class _Done:
    """An exchange's end: StopIteration can't leave a thread as itself."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _next_step(exchange: Exchange[Any], back: Reply | Lost | None) -> Ask | Pause | _Done:
    try:
        return exchange.send(back)
    except StopIteration as done:
        return _Done(done.value)


def _address(url: str, token: str) -> str:
    step = "Set it to the address that `mcp-rag serve` tells, such as http://127.0.0.1:8765"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as fault:
        raise SettingsError(f"url is no address: {url!r}", str(fault), step) from fault
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(
            f"url is no address: {url!r}", "it does not begin with http:// or https:// and a host", step
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SettingsError("url holds more than an address", "a user, a query or a fragment", step)
    if token and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        why = "anybody on the way could read the token"
        raise SettingsError(f"Will not send a token to {parts.netloc} over http", why, "Give its https:// address")
    return url.rstrip("/")


def _headers(token: str) -> dict[str, str]:
    token = token.strip()
    if not token.isascii() or not token.isprintable():
        # It is not shown: what went wrong with it may be that it is somebody's secret and more.
        raise SettingsError(
            "The token cannot be sent", "it has characters that no token has", "Set MCP_RAG_TOKEN to the token alone"
        )
    bearing = {"authorization": f"Bearer {token}"} if token else {}
    return {"user-agent": f"mcp-rag/{__version__}", "accept": "application/json", **bearing}


def _request(http: httpx.Client | httpx.AsyncClient, ask: Ask) -> httpx.Request:
    kind = {"content-type": "application/octet-stream"} if ask.content is not None else {}
    params = dict(ask.params) or None
    form: dict[str, Any] = {}
    if ask.files:
        form = {"files": [(name, (name, content)) for name, content in ask.files], "data": dict(ask.fields)}
    return http.build_request(
        ask.method, ask.path, params=params, content=ask.content, json=ask.json, headers=kind, **form
    )


def _reply(response: httpx.Response) -> Reply:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        body = None
    return Reply(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)


def _lost(fault: httpx.HTTPError) -> Lost:
    import httpx

    unsent = isinstance(fault, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    return Lost(str(fault) or type(fault).__name__, sent=not unsent)
