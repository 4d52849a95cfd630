"""The socket that a server listens on, opened before anything that takes long."""

from __future__ import annotations

import errno
import socket
from typing import Any

from mcp_rag.errors import SettingsError

_WHY = {
    errno.EADDRINUSE: "something else listens there already",
    errno.EACCES: "ports below 1024 are the administrator's",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        SettingsError: there is no such address, or the port is taken.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return _bound(family, kind, address)
    except (OSError, OverflowError) as fault:
        why = _WHY.get(getattr(fault, "errno", None) or 0, str(fault))
        step = "Choose another with --port, 0 takes a free one, or another --host"
        raise SettingsError(f"Cannot listen on {host}:{port}", why, step) from fault


def _bound(family: int, kind: int, address: tuple[Any, ...]) -> socket.socket:
    # Named as TCP, because asyncio switches off the delay of small packets on such sockets alone: an answer of head
    # and body would take 40 ms more.
    listening = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(address)
        listening.listen(2048)
    except BaseException:
        listening.close()
        raise
    return listening


def address_of(listening: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
