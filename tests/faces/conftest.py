"""One server for all tests of the served faces: its start is the expensive part."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server_process import MAX_REQUEST_BYTES, ServerProcess

from chat_server import serving

ISSUE = """\
---
id: heron-wing-fault
title: The heron refuses a gate that is shut
symptoms:
- "heron.WingFault: the {side} heron refuses gate"
commands:
- heronctl gate open --all
urls:
- https://heron.example/docs/gates
---
The DiskPressure of lantern shelves is another matter.

## Cause
The {side} gate is shut, and herons do not open gates.

## Fix
Open the gate before the heron flies.
"""
"""The one known issue of the server ``small``."""


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


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that knows one issue, so that nothing waits for hundreds to be embedded."""
    folder = tmp_path_factory.mktemp("small")
    (folder / ".mcp-rag/known").mkdir(parents=True)
    (folder / ".mcp-rag/known/heron.md").write_text(ISSUE)
    with ServerProcess(folder / "home", "--max-request-bytes", 300_000, MCP_RAG_STARTER="off") as running:
        yield running
        assert running.stop(signal.SIGTERM) == 0


@pytest.fixture(scope="module")
def model(request: pytest.FixtureRequest) -> Iterator[tuple[Any, str]]:
    """The language model that a module plays, its ``Model``, and the address where it is served."""
    made = request.module.Model()
    with serving(made.answer, {"/v1/models": {"data": [{"id": "m", "max_model_len": 8192}]}}) as (url, _):
        yield made, url
