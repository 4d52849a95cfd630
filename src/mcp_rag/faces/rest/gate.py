"""What every request passes before and after the application: host, origin, caller, scope, size, headers, one line of
log.

Plain ASGI, because a wrapper that buffers would break streams.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Callable
from urllib.parse import quote

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcp_rag.errors import McpRagError
from mcp_rag.faces.rest.faults import AsPage, fault, fault_of, is_looked_at
from mcp_rag.faces.serving.access import host_of, is_loopback, same_origin, token_in
from mcp_rag.faces.serving.asking import Asked, asked_in, begin
from mcp_rag.faces.serving.callers import LOCAL, Caller
from mcp_rag.faces.serving.desk import Desk
from mcp_rag.faces.serving.houses import Houses
from mcp_rag.faces.serving.metrics import ELSEWHERE
from mcp_rag.faces.serving.permissions import SAFE_METHODS, needed
from mcp_rag.faces.serving.sessions import Sessions
from mcp_rag.faces.serving.shared_house import SharedHouse
from mcp_rag.wiring import DEFAULT_TEAM

requests_log = logging.getLogger("mcp_rag.requests")

SESSION_COOKIE = "mcp_rag_session"
"""Where a browser keeps its session: the web page sets it, out of the reach of scripts."""

NOBODY = Caller("nobody", DEFAULT_TEAM, frozenset())
"""Who asks for what everybody may, without a token."""

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
"""An answer of the API is for the one who asked: not to be framed, embedded, sniffed or kept."""

_RAW_HEADERS = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


class Gate:
    """Lets a request through to ``app``, or answers it."""

    def __init__(
        self,
        app: ASGIApp,
        desk: Desk,
        houses: Houses,
        max_request_bytes: int,
        sessions: Sessions,
        as_page: AsPage,
    ) -> None:
        self._app, self._desk, self._houses, self._max_bytes = app, desk, houses, max_request_bytes
        self._as_page = as_page
        self._access, self._sessions = desk.access, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # RFC 9110 §5.5: white space around a value is no part of it; httptools leaves what stands behind.
        scope["headers"] = [(name, value.strip(b" \t")) for name, value in scope["headers"]]
        exchange = _Exchange(scope, receive, send, self._oversized_body, self._max_bytes, self._desk)
        try:
            refusal = await self._refusal(scope)
        except McpRagError as error:
            refusal = fault_of(error)
        await exchange.run(self._shown(scope, refusal) if refusal else self._app)

    def _shown(self, scope: Scope, refusal: Response) -> Response:
        """A refusal as it is, or as a page where a person looks."""
        if not isinstance(refusal, JSONResponse) or not is_looked_at(scope):
            return refusal
        if asked_in(scope) is None:
            begin(scope, Asked(NOBODY, self._houses.default))
        return self._as_page(scope, refusal)

    def _oversized_body(self, scope: Scope) -> Response:
        return self._shown(scope, too_large(self._max_bytes))

    async def _refusal(self, scope: Scope) -> Response | None:
        """The answer to who is not let through; of everybody else it is noted down who asks."""
        headers = Headers(scope=scope)
        need = needed(scope["method"], scope["path"])
        if self._access.is_open:
            begin(scope, Asked(LOCAL, self._houses.default))
            return _not_from_here(headers) or self._oversized(headers)
        caller, by_cookie = await self._caller(scope)
        if need is None:
            begin(scope, Asked(caller or NOBODY, self._houses.default))
            return self._oversized(headers)
        if caller is None:
            if wait := self._desk.rates.wait_for_address(address_of(scope)):
                return self._too_often(wait)
            if scope["method"] == "GET" and is_looked_at(scope):
                return RedirectResponse(f"/login?next={quote(_asked_for(scope))}", 303)
            next_step = "Send `Authorization: Bearer TOKEN`"
            return fault(401, "No valid token", "this server asks for one", next_step, **{"www-authenticate": "Bearer"})
        if by_cookie and scope["method"] not in SAFE_METHODS and not _from_our_page(headers):
            return fault(
                403, "Web pages of other sites may not ask", "the request does not come from this server's page"
            )
        begin(scope, Asked(caller, self._houses.default))
        if wait := self._desk.rates.wait_for_caller(caller.team, caller.name):
            return self._too_often(wait)
        caller.demand(need)
        begin(scope, Asked(caller, await self._house(caller.team)))
        return self._oversized(headers)

    def _too_often(self, wait_seconds: int) -> Response:
        why, step = "the rate that this server allows is used up", f"Try again in {wait_seconds} s"
        return fault(429, "Too many requests", why, step, **{"retry-after": str(wait_seconds)})

    async def _caller(self, scope: Scope) -> tuple[Caller | None, bool]:
        """Who asks, and whether a browser's cookie says so."""
        token = token_in(Headers(scope=scope).get("authorization"))
        if token is None:
            session = self._sessions.named_in(HTTPConnection(scope).cookies.get(SESSION_COOKIE))
            return await anyio.to_thread.run_sync(self._caller_in, session) if session else None, True
        known, caller = self._access.remembered(token)
        if not known and self._desk.may_try(token, address_of(scope)):
            caller = await anyio.to_thread.run_sync(self._access.caller, token)
        return caller, False

    def _caller_in(self, session: str) -> Caller | None:
        """Whose session it is. The ledger is asked each time: who signs out, or revokes a token, ends it at once."""
        opened = self._sessions.opened_by(session)
        return self._access.caller_of(*opened) if opened else None

    async def _house(self, team: str) -> SharedHouse:
        opened = self._houses.opened(team)
        return opened if opened is not None else await anyio.to_thread.run_sync(self._houses.of, team)

    def _oversized(self, headers: Headers) -> Response | None:
        declared = headers.get("content-length", "")
        return too_large(self._max_bytes) if declared.isdecimal() and int(declared) > self._max_bytes else None


def _not_from_here(headers: Headers) -> Response | None:
    """Refuse what a web page of elsewhere makes a browser on this machine send.

    A name that was made to point to loopback comes with that name as its host; a form or a script of another site
    with that site as its origin.
    """
    authority = headers.get("host", "")
    if not _is_this_machine(authority):
        return fault(421, "This server answers to localhost alone", "the Host header names another")
    origin = headers.get("origin")
    if origin is not None and not same_origin(origin, authority):
        return fault(403, "Web pages of other sites may not ask", "the Origin header names another site")
    return None


@functools.lru_cache(maxsize=64)
def _is_this_machine(authority: str) -> bool:
    return is_loopback(host_of(authority))


def address_of(scope: Scope) -> str:
    """The address that a request comes from; of a proxy, when one stands before the server."""
    client = scope.get("client")
    return str(client[0]) if client else "-"


def _asked_for(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return str(scope["path"]) + (f"?{query}" if query else "")


def _from_our_page(headers: Headers) -> bool:
    """Whether a browser says that the page which made it send this was loaded from here."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") == "same-origin"
    return same_origin(origin, headers.get("host", ""))


def too_large(max_bytes: int) -> Response:
    why = f"it has more than {max_bytes:,} bytes"
    step = "Compress it (gzip, zstd, xz …), send the part around the failure, or raise --max-request-bytes"
    return fault(413, "The request is too large", why, step, connection="close")


class _Exchange:
    """One request and its answer."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        oversized: Callable[[Scope], Response],
        max_bytes: int,
        desk: Desk,
    ) -> None:
        """``oversized`` answers a body of more than ``max_bytes``, which may not be told before."""
        self._desk, self._oversized = desk, oversized
        self._scope, self._receive, self._send, self._max_bytes = scope, receive, send, max_bytes
        self._received_bytes = 0
        self._refused = False
        self._status = 0

    async def run(self, app: ASGIApp) -> None:
        started = time.perf_counter()
        try:
            await app(self._scope, self._counted, self._dressed)
        except Exception:
            # The application was cut off in the middle of a body that is too large: that was answered already.
            if not self._refused:
                raise
        finally:
            # What was sent leaves when the loop goes round: nobody waits for the writing down.
            asyncio.get_running_loop().call_soon(self._tell, time.perf_counter() - started)

    def _tell(self, seconds: float) -> None:
        """Of the request neither query nor body: they hold people's logs."""
        method, path = self._scope["method"], self._scope["path"]
        # %r keeps a path on one line.
        requests_log.info("%s %r %s %.0f ms", method, path, self._status or "-", seconds * 1000)
        route = getattr(self._scope.get("route"), "path", ELSEWHERE)
        self._desk.metrics.answered(method, route, self._status, seconds)
        if needed(method, path) is not None or self._status in (401, 403, 429):
            asked = asked_in(self._scope)
            caller = asked.caller if asked else NOBODY
            details = asked.details if asked else {}
            address = address_of(self._scope)
            self._desk.audit.write(caller.name, caller.team, method, path, self._status, address, details)

    async def _counted(self) -> Message:
        if self._refused:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._received_bytes += len(message.get("body", b""))
        if self._received_bytes <= self._max_bytes or self._status:
            return message
        await self._oversized(self._scope)(self._scope, self._receive, self._dressed)
        self._refused = True
        return {"type": "http.disconnect"}

    async def _dressed(self, message: Message) -> None:
        if self._refused:
            return
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = list(message["headers"])
            held = {name.lower() for name, _ in headers}
            message["headers"] = headers + [header for header in _RAW_HEADERS if header[0] not in held]
        await self._send(message)
