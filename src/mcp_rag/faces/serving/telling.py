"""What a thread finds out, told as server-sent events while it goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from threading import Event as Flag
from typing import Any

from mcp_rag.conversation import Event
from mcp_rag.errors import ChatUnreachable, McpRagError
from mcp_rag.faces.serialisation import event_to_json

HEARTBEAT_SECONDS = 10.0
"""So long is nothing said, and a comment keeps proxies from closing the connection. Chosen by eye."""

Put = Callable[[dict[str, Any]], None]


def heard(put: Put, gone: Flag) -> Callable[[str], None]:
    """What hears a draft; the model is asked no further once nobody listens."""

    def hear(piece: str) -> None:
        if gone.is_set():
            raise ChatUnreachable("The answer is not worded", "who asked for it has gone")
        put({"event": "token", "text": piece})

    return hear


def passed_on(events: Iterator[Event], put: Put, gone: Flag) -> Event | None:
    """The last of ``events``, after each was put; None when nobody listens any more."""
    last = None
    for last in events:
        if gone.is_set():
            return None
        put(event_to_json(last))
    return last


async def told(
    run: Callable[[Put], Awaitable[None]], gone: Flag, status_of: Callable[[McpRagError], int]
) -> AsyncIterator[str]:
    """What ``run`` puts, from whichever thread, as server-sent events, an error as the last; ``gone`` is set when nobody
    listens any more."""
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[dict[str, Any] | None]()

    def put(event: dict[str, Any] | None) -> None:
        loop.call_soon_threadsafe(queue.put_nowait, event)

    async def work() -> None:
        try:
            await run(put)
        except McpRagError as error:
            fault = {"what": error.what, "why": error.why, "next": error.next_step}
            put({"event": "error", "status": status_of(error), "error": fault})
        finally:
            put(None)

    working = asyncio.create_task(work())
    try:
        while True:
            try:
                event = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
            except TimeoutError:
                yield ": at work\n\n"
                continue
            if event is None:
                return
            yield f"event: {event['event']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
    finally:
        gone.set()
        await asyncio.wait({working}, timeout=0)
