"""A server on loopback that answers as the APIs of GitHub and GitLab do, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Answer:
    """One answer: a value is sent as JSON, bytes as they are."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One question: path without its query, query, headers with names in lower case."""

    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]


Responder = Answer | list[Answer] | Callable[[Asked], Answer]


class CiServer:
    """Runs inside the ``with`` block; ``routes`` maps paths to answers, a list being given one after the other."""

    def __init__(self) -> None:
        self.routes: dict[str, Responder] = {}
        self.asked: list[Asked] = []
        self.on_post: Callable[[bytes], None] = lambda body: None

    def __enter__(self) -> Self:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                asked = Asked(parts.path, parse_qs(parts.query), {n.lower(): v for n, v in self.headers.items()})
                server.asked.append(asked)
                self._send(server.answer(asked))

            def do_POST(self) -> None:
                server.on_post(self.rfile.read(int(self.headers["content-length"])))
                self.do_GET()

            def _send(self, answer: Answer) -> None:
                body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Nothing is told: the tests ask ``asked``."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, asked: Asked) -> Answer:
        found = self.routes.get(asked.path, Answer({"message": "Not Found"}, 404))
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found if isinstance(found, Answer) else found(asked)

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]
