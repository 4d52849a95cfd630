"""What is said to a server and in which order, apart from how it is carried.

An exchange is a generator: it yields what to send or how long to wait, gets what came back, and returns the answer. So
retries, tasks and errors are written once, and carried by the client that blocks and by the one that does not.
"""

from __future__ import annotations

import email.utils
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urljoin, urlsplit

from mcp_rag.errors import (
    ChatError,
    InputError,
    KnowledgeError,
    LedgerError,
    McpRagError,
    MissingExtra,
    NotFound,
    OversizedLog,
    RemoteBusy,
    RemoteError,
    RemoteRefused,
    RemoteUnreachable,
)

T = TypeVar("T")

TRIES = 4
"""A question is asked at most so often. Chosen by eye."""

FIRST_PAUSE_SECONDS = 0.25
"""Doubled after each try. Chosen by eye."""

LONGEST_PAUSE_SECONDS = 60.0
"""A server that asks for a longer wait is busy. Chosen by eye."""

POLL_SECONDS = (0.2, 0.2, 0.5, 1.0, 2.0)
"""Between looks at a task, where the server names no time; the last goes on. Chosen by eye."""

_NOT_TAKEN = frozenset({429, 502, 503, 504})
"""The question was not worked on, or may be asked again."""

_BROKEN = frozenset({"failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; ``path`` is relative to the server's address."""

    method: str
    path: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    content: bytes | None = None
    json: Any = None
    files: Sequence[tuple[str, bytes]] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    """A form: its files by name, and its texts."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait before going on."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; ``body`` is None where it is no JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Lost:
    """Nothing came back. ``sent`` tells whether the server may have taken the question."""

    why: str
    sent: bool


Exchange = Generator[Ask | Pause, Reply | Lost | None, T]


def asked(ask: Ask, read: Callable[[Any], T], server: str, *, repeatable: bool = True) -> Exchange[T]:
    """Ask, be patient, follow a task, and read the answer.

    ``repeatable`` tells whether asking twice is asking once: an outcome is written down, so it is not.
    """
    reply = yield from _patiently(ask, server, repeatable=repeatable)
    if reply.status == 202:
        body = yield from _task(reply, server)
    else:
        body = reply.body
    try:
        return read(body)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as fault:
        raise RemoteError(
            f"{server} did not answer as it should", f"its answer lacks {fault!r}", "Is it mcp-rag of this version?"
        ) from fault


def _patiently(ask: Ask, server: str, *, repeatable: bool) -> Exchange[Reply]:
    for tried in range(1, TRIES + 1):
        back = yield ask
        pause = FIRST_PAUSE_SECONDS * 2 ** (tried - 1)
        if isinstance(back, Lost):
            if tried == TRIES or (back.sent and not repeatable):
                step = "Start it with `mcp-rag serve`, check MCP_RAG_URL, or unset it to answer here"
                raise RemoteUnreachable(f"{server} does not answer", back.why, step)
        elif isinstance(back, Reply):
            if back.status < 300:
                return back
            pause = _asked_pause(back.headers, pause)
            is_last = tried == TRIES or pause > LONGEST_PAUSE_SECONDS
            if is_last or back.status not in _NOT_TAKEN or not _is_passing(back):
                raise fault_of(back, server)
        yield Pause(pause)
    raise AssertionError("the last try returns or raises")


def _is_passing(reply: Reply) -> bool:
    """Whether trying again may help. A 503 that says what is wrong with ledger or index stays one."""
    return reply.status != 503 or not _words(reply)["what"] or "retry-after" in reply.headers


def _task(reply: Reply, server: str) -> Exchange[Any]:
    """The result of the work that a server took on with status 202, once it has finished."""
    path = _task_path(reply, server)
    looks = 0
    while True:
        yield Pause(_asked_pause(reply.headers, POLL_SECONDS[min(looks, len(POLL_SECONDS) - 1)]))
        looks += 1
        reply = yield from _patiently(Ask("GET", path), server, repeatable=True)
        body = reply.body if isinstance(reply.body, dict) else {}
        state = str(body.get("standing", "")).lower()
        if state in _BROKEN:
            raise _broken(body, state, server)
        if state == "done":
            return body.get("result", body)
        if not state or looks > 100_000:
            raise RemoteError(f"{server} did not answer as it should", "its task has no standing", "Ask its keeper")


def _task_path(reply: Reply, server: str) -> str:
    """Where the task is told of: its Location, which must be on the same server, or its id."""
    if location := reply.headers.get("location"):
        whole = urlsplit(urljoin(f"{server}/", location))
        if (whole.scheme, whole.netloc) == urlsplit(server)[:2]:
            return whole.path + (f"?{whole.query}" if whole.query else "")
    body = reply.body if isinstance(reply.body, dict) else {}
    if name := body.get("task") or body.get("id"):
        return f"/v1/tasks/{quote(str(name), safe='')}"
    raise RemoteError(f"{server} did not answer as it should", "it took the work on and named no task", "")


def _broken(body: Mapping[str, Any], state: str, server: str) -> McpRagError:
    told = body.get("error")
    if isinstance(told, dict):
        status = told.get("status", body.get("status_code", 422))
        return fault_of(Reply(status if isinstance(status, int) else 422, {}, {"error": told}), server)
    return RemoteError(f"{server} gave the work up", f"the task is {state}", "Ask again")


def _asked_pause(headers: Mapping[str, str], otherwise: float) -> float:
    after = headers.get("retry-after", "").strip()
    if after.isdecimal():
        return float(after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(after).timestamp() - datetime.now(UTC).timestamp())
    except ValueError:
        return otherwise


def _words(reply: Reply) -> dict[str, str]:
    error = reply.body.get("error") if isinstance(reply.body, dict) else None
    told = error if isinstance(error, dict) else {}
    return {name: str(told.get(name) or "") for name in ("what", "why", "next")}


def fault_of(reply: Reply, server: str) -> McpRagError:
    """The error that a reply stands for: the server's own words where it has some."""
    words = _words(reply)
    what, why, step = words["what"].rstrip("."), words["why"], words["next"]
    if reply.status in (401, 403):
        # The server tells programs how to send a token; here it is how to give us one.
        hint = step if reply.status == 403 and step else "Set MCP_RAG_TOKEN to a token of this server"
        return RemoteRefused(f"{server} refuses", what or f"status {reply.status}", hint)
    if reply.status == 429:
        return RemoteBusy(f"{server} is busy", what or "too many questions were asked", step or "Ask again later")
    kind: type[McpRagError] = {
        404: NotFound,
        413: OversizedLog,
        415: InputError,
        422: InputError,
        501: MissingExtra,
        502: ChatError,
        503: KnowledgeError,
    }.get(reply.status, RemoteError)
    if reply.headers.get("x-mcp-rag-error", "").startswith("Ledger") or "ledger" in what.lower():
        kind = LedgerError if reply.status == 503 else kind
    if not what:
        return RemoteError(f"{server} did not answer as it should", f"status {reply.status}", "Is it mcp-rag serve?")
    return kind(what, why, step)
