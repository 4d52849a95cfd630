"""What every request passes before and after the application: host, origin, token, size, headers, one line of log.

Plain ASGI, because a wrapper that buffers would break streams.
"""

from __future__ import annotations

import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcp_rag.faces.rest.faults import fault
from mcp_rag.faces.serving.access import Access, host_of, is_loopback, same_origin

requests_log = logging.getLogger("mcp_rag.requests")

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""Asked by load balancers, which have no token; they tell nothing of anybody's logs."""

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
"""An answer of the API is for the one who asked: not to be framed, embedded, sniffed or kept."""


class Gate:
    """Lets a request through to ``app``, or answers it."""

    def __init__(self, app: ASGIApp, access: Access, max_request_bytes: int) -> None:
        self._app, self._access, self._max_bytes = app, access, max_request_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._max_bytes)
        refusal = self._refusal(scope)
        await exchange.run(refusal or self._app)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if self._access.is_open:
            return _not_from_here(headers) or self._oversized(headers)
        if scope["path"] not in OPEN_PATHS and not self._access.admits(headers.get("authorization")):
            next_step = "Send `Authorization: Bearer TOKEN`"
            return fault(401, "No valid token", "this server asks for one", next_step, **{"www-authenticate": "Bearer"})
        return self._oversized(headers)

    def _oversized(self, headers: Headers) -> Response | None:
        declared = headers.get("content-length", "")
        return too_large(self._max_bytes) if declared.isdecimal() and int(declared) > self._max_bytes else None


def _not_from_here(headers: Headers) -> Response | None:
    """Refuse what a web page of elsewhere makes a browser on this machine send.

    A name that was made to point to loopback comes with that name as its host; a form or a script of another site
    with that site as its origin.
    """
    authority = headers.get("host", "")
    if not is_loopback(host_of(authority)):
        return fault(421, "This server answers to localhost alone", "the Host header names another")
    origin = headers.get("origin")
    if origin is not None and not same_origin(origin, authority):
        return fault(403, "Web pages of other sites may not ask", "the Origin header names another site")
    return None


def too_large(max_bytes: int) -> Response:
    why = f"it has more than {max_bytes:,} bytes"
    step = "Compress it (gzip, zstd, xz …), send the part around the failure, or raise --max-request-bytes"
    return fault(413, "The request is too large", why, step, connection="close")


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, max_bytes: int) -> None:
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
            method, path = self._scope["method"], self._scope["path"]
            milliseconds = (time.perf_counter() - started) * 1000
            # Neither query nor body: they hold people's logs. %r keeps a path on one line.
            requests_log.info("%s %r %s %.0f ms", method, path, self._status or "-", milliseconds)

    async def _counted(self) -> Message:
        if self._refused:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._received_bytes += len(message.get("body", b""))
        if self._received_bytes <= self._max_bytes or self._status:
            return message
        await too_large(self._max_bytes)(self._scope, self._receive, self._dressed)
        self._refused = True
        return {"type": "http.disconnect"}

    async def _dressed(self, message: Message) -> None:
        if self._refused:
            return
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)
