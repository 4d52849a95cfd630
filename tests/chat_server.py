"""A real HTTP server that answers as a test wants, also badly."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODELS = {"/v1/models": {"data": [{"id": "served-model"}]}}

Answer = Callable[[BaseHTTPRequestHandler, dict[str, object]], None]


def say(handler: BaseHTTPRequestHandler, value: object, status: int = 200) -> None:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def serving(answer: Answer, pages: Mapping[str, object] = MODELS) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """A server on loopback that answers each POST with ``answer`` and GETs by ``pages``; its URL and what was posted."""
    bodies: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            try:
                answer(self, bodies[-1])
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def do_GET(self) -> None:
            say(self, pages.get(self.path, {"error": "no such page"}), 200 if self.path in pages else 404)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", bodies
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def events(handler: BaseHTTPRequestHandler, rows: Sequence[object], end: bool = True) -> None:
    """Answer by server-sent events; without ``end`` the connection just closes."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.end_headers()
    for row in rows:
        handler.wfile.write(f"data: {row if isinstance(row, str) else json.dumps(row)}\n\n".encode())
        handler.wfile.flush()
    if end:
        handler.wfile.write(b"data: [DONE]\n\n")
    handler.close_connection = True


def delta(finish: str | None = None, **parts: object) -> dict[str, object]:
    return {"choices": [{"delta": parts, "finish_reason": finish}]}
