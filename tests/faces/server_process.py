"""A real ``mcp-rag serve`` in a process of its own, on a free port."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

START_SECONDS = 240
MAX_REQUEST_BYTES = 200_000


def environment_for(home: Path, **more: str) -> dict[str, str]:
    """The environment of the tests, with a home of its own and no setting of the person who runs them."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith("MCP_RAG_") or n.startswith("MCP_RAG_TEST_")}
    return kept | {"MCP_RAG_HOME": str(home), "XDG_CONFIG_HOME": str(home.parent / "config")} | more


class ServerProcess:
    """Started and listening inside the ``with`` block; ``told`` is what it has written on standard error."""

    def __init__(self, home: Path, *arguments: object, **settings: str) -> None:
        self.home = home
        self._command = [sys.executable, "-m", "mcp_rag", "serve", "--port", "0", *map(str, arguments)]
        self._environment = environment_for(home, **settings)
        self.told: list[str] = []
        self.url = ""

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self._command, stderr=subprocess.PIPE, text=True, env=self._environment, cwd=self.home.parent
        )
        self._listening = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        if not self._listening.wait(START_SECONDS) or not self.url:
            self.__exit__(None, None, None)
            raise AssertionError(f"the server did not start: {''.join(self.told)}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.stop(signal.SIGKILL)
        self._reader.join(10)
        assert self.process.stderr is not None
        self.process.stderr.close()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(300)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.told.append(line)
            if found := re.search(r"listening on (http://\S+)", line):
                self.url = found[1]
                self._listening.set()
        self._listening.set()


def mcp_rag(home: Path, *arguments: object, stdin: bytes = b"", **settings: str) -> subprocess.CompletedProcess[bytes]:
    """One call of the command line."""
    command: Sequence[str] = [sys.executable, "-m", "mcp_rag", *map(str, arguments)]
    return subprocess.run(
        command, input=stdin, capture_output=True, check=False, timeout=120, env=environment_for(home, **settings)
    )
