"""What those who run the server ask: its metrics."""

from __future__ import annotations

import anyio.to_thread
from fastapi import APIRouter
from starlette.responses import Response

from mcp_rag.faces.rest.faults import FAULTS
from mcp_rag.faces.serving.desk import Desk
from mcp_rag.faces.serving.metrics import CONTENT_TYPE


def make_operations_router(desk: Desk) -> APIRouter:
    """``/metrics``."""
    router = APIRouter(responses=FAULTS, tags=["Operations"])

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """Requests, times, verdicts and sizes, for Prometheus."""
        return Response(await anyio.to_thread.run_sync(desk.metrics.text), media_type=CONTENT_TYPE)

    return router
