"""Serves until told to stop."""

from __future__ import annotations

import signal
import socket
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

GRACE_SECONDS = 30
"""How long requests in flight are waited for at a stop. Chosen by eye."""


def serve_until_stopped(app: ASGIApp, listening: socket.socket) -> None:
    """Serve ``app`` until SIGTERM or SIGINT; requests in flight are finished first, a second SIGINT ends them."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)

    def stop(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    # The server takes both signals while it runs and raises them again when it has stopped; what happens then, and
    # in the moments before, is ours to say: to stop, and not to die with the house open.
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.run(sockets=[listening])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
