"""One server for all tests of the served faces: its start is the expensive part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from server_process import MAX_REQUEST_BYTES, ServerProcess


@pytest.fixture(scope="session")
def logs_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder whose logs the server's MCP clients may name."""
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, logs_root: Path) -> Iterator[ServerProcess]:
    """An open server on loopback."""
    home = tmp_path_factory.mktemp("served") / "home"
    arguments = ("--allow-root", logs_root, "--max-request-bytes", MAX_REQUEST_BYTES)
    with ServerProcess(home, *arguments) as running:
        yield running
        assert running.stop() == 0
        assert running.told[-1] == "mcp-rag: stopped\n"
