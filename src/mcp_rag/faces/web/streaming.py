"""What a form sends, answered event by event, where the page's own script asks for it: how far a log is read, a language
model's draft, and last the answer itself. Without the script the same form is answered by a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from threading import Event as Flag

from fastapi import Request
from fastapi.responses import StreamingResponse

from mcp_rag.faces.rest.faults import status_of
from mcp_rag.faces.serving.telling import Put, told

EVENTS = "text/event-stream"


def wants_events(request: Request) -> bool:
    """Whether ``request`` was sent by the script of a page."""
    return EVENTS in request.headers.get("accept", "")


def in_events(run: Callable[[Put, Flag], Awaitable[None]]) -> StreamingResponse:
    """What ``run`` puts; its flag says that nobody listens."""
    gone = Flag()
    return StreamingResponse(told(lambda put: run(put, gone), gone, status_of), media_type=EVENTS)


def progress_to(put: Put) -> Callable[[int, int], None]:
    """What hears of a large log's lines."""
    return lambda done, total: put({"event": "progress", "done": done, "total": total})
