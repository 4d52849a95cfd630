"""Serves until told to stop."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Sequence
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

GRACE_SECONDS = 30
"""How long requests in flight are waited for at a stop. Chosen by eye."""


class _Server(uvicorn.Server):
    """Tells when it was told to stop, before it waits for requests in flight."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._on_stop()
        super().handle_exit(sig, frame)


def serve_until_stopped(
    app: ASGIApp, listening: socket.socket, on_stop: Callable[[], None], proxies: Sequence[str] = ()
) -> None:
    """Serve ``app`` until SIGTERM or SIGINT; requests in flight are finished first, a second SIGINT ends them.
    ``on_stop`` is called at the signal. Of ``proxies``, addresses and networks, it is believed whom they ask for and
    whether that was by https."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config, on_stop)

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
