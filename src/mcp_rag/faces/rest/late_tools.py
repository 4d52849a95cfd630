"""The tools at ``/mcp``, made after the server listens: importing the protocol's types takes a third of a start."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_rag.faces.cycles import leave_out_what_is_loaded

if TYPE_CHECKING:
    from mcp.server import MCPServer
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

NAMED = b"mcp-name"
"""The header in which a client of the current protocol names the tool; that the body says the same is checked."""


class LateTools:
    """An ASGI application that ``make`` is asked for in a thread; who calls before waits for it.

    ``max_request_bytes`` bounds a request's body. Tools that are ``brief`` have nothing to tell before their answer:
    it is given as JSON, without a stream kept ready for progress, which costs a third of the protocol's own time.
    """

    def __init__(
        self, make: Callable[[], MCPServer[None]], max_request_bytes: int, brief: Collection[str] = ()
    ) -> None:
        self._make, self._most = make, max_request_bytes
        self._brief_names = frozenset(name.encode() for name in brief)
        self._app: ASGIApp | None = None
        self._brief_app: ASGIApp | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Make it and serve it as long as the block lasts; what goes wrong in making it ends the block."""
        self._made, stopping = anyio.Event(), anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(self._run, stopping)
            yield
            stopping.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:  # an event that is set lets others run first all the same
            await self._made.wait()
        assert self._app is not None and self._brief_app is not None
        is_brief = any(name == NAMED and value in self._brief_names for name, value in scope["headers"])
        await (self._brief_app if is_brief else self._app)(scope, receive, send)

    async def _run(self, stopping: anyio.Event) -> None:
        streaming, brief = await anyio.to_thread.run_sync(self._build)
        leave_out_what_is_loaded()
        async with streaming.run(), brief.run():
            self._app, self._brief_app = streaming.handle_request, brief.handle_request
            self._made.set()
            await stopping.wait()

    def _build(self) -> tuple[StreamableHTTPSessionManager, StreamableHTTPSessionManager]:
        """What serves answers that may be streams, and what serves those that are JSON."""
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
        from mcp.server.transport_security import TransportSecuritySettings

        tools = self._make()
        # Without sessions any replica answers any request; progress needs a stream. The gate has checked host, origin
        # and size already. Of the application that this makes, only what serves its one route is asked.
        unguarded = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        tools.streamable_http_app(stateless_http=True, max_request_body_size=self._most, transport_security=unguarded)
        streaming = tools.session_manager
        brief = StreamableHTTPSessionManager(
            streaming.app,
            json_response=True,
            stateless=True,
            security_settings=unguarded,
            max_request_body_size=self._most,
        )
        return streaming, brief
