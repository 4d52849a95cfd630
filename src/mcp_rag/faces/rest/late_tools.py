"""The tools at ``/mcp``, made after the server listens: importing the protocol's types takes a third of a start."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_rag.faces.cycles import leave_out_what_is_loaded

if TYPE_CHECKING:
    from mcp.server import MCPServer


class LateTools:
    """An ASGI application that ``make`` is asked for in a thread; who calls before waits for it.

    ``max_request_bytes`` bounds a request's body.
    """

    def __init__(self, make: Callable[[], MCPServer[None]], max_request_bytes: int) -> None:
        self._make, self._most = make, max_request_bytes
        self._app: ASGIApp | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Make it and serve it as long as the block lasts; what goes wrong in making it ends the block."""
        self._made, stopping = anyio.Event(), anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(self._run, stopping)
            yield
            stopping.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._made.wait()
        assert self._app is not None
        await self._app(scope, receive, send)

    async def _run(self, stopping: anyio.Event) -> None:
        tools = await anyio.to_thread.run_sync(self._build)
        self._app = tools.session_manager.handle_request
        leave_out_what_is_loaded()
        async with tools.session_manager.run():
            self._made.set()
            await stopping.wait()

    def _build(self) -> MCPServer[None]:
        from mcp.server.transport_security import TransportSecuritySettings

        tools = self._make()
        # Without sessions any replica answers any request; progress needs a stream. The gate has checked host, origin
        # and size already. Of the application that this makes, only what serves its one route is asked.
        tools.streamable_http_app(
            stateless_http=True,
            max_request_body_size=self._most,
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        return tools
