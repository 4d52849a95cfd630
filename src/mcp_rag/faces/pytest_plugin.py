"""``pytest --mcp-rag``: at the end, the diagnosis of what failed, once for each distinct failure.

The tests' process is theirs: it may have replaced the clock, closed the network or made warnings errors. So the
diagnosis is made by a process of its own, as `mcp-rag diagnose` makes it. Without the option nothing is imported.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

MOST_DIAGNOSED = 50
"""Failing tests whose reports are diagnosed; a run in which more fail mostly fails for few reasons. Chosen by eye."""

MOST_REPORT_CHARACTERS = 200_000
"""Of a longer report the end is looked at, which names the failure. Chosen by eye."""

TIMEOUT_SECONDS = 300.0
"""The session must end. Chosen by eye."""

TESTS_NAMED = 5
INDENT, NARROWEST = 12, 60
NAME = "mcp-rag-diagnoses"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    group = parser.getgroup("mcp-rag", "diagnosing failures")
    group.addoption(
        "--mcp-rag",
        action="store_true",
        dest="mcp_rag",
        help="diagnose what failed at the end: cause and fix, cited, or an honest unknown",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Take part when asked; with pytest-xdist in the process that gets all reports."""
    if config.getoption("mcp_rag", default=False) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Diagnoses(), NAME)


@dataclass
class Diagnoses:
    """Gathers failing reports, and tells their diagnoses in the terminal's summary."""

    failed: list[tuple[str, str]] = field(default_factory=list)
    more: int = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the report of a test that failed, or of its setup or teardown."""
        if report.failed:
            self._keep(report.nodeid, report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep the report of a file that could not be collected."""
        if report.failed:
            self._keep(report.nodeid, report)

    def _keep(self, name: str, report: pytest.TestReport | pytest.CollectReport) -> None:
        if len(self.failed) >= MOST_DIAGNOSED:
            self.more += 1
            return
        captured = [f"--- {title} ---\n{text}" for title, text in report.sections]
        text = "\n".join([report.longreprtext, *captured])[-MOST_REPORT_CHARACTERS:]
        self.failed.append((name, text))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell each distinct failure once."""
        if not self.failed:
            return
        terminalreporter.section("mcp-rag", sep="=")
        try:
            answers = _diagnosed([_as_log(name, text) for name, text in self.failed])
        except (OSError, subprocess.SubprocessError, ValueError) as fault:
            terminalreporter.write_line(f"mcp-rag could not diagnose: {fault}", yellow=True)
            return
        for answer, names in _distinct(answers, [name for name, _ in self.failed]):
            for line in _told(answer, names, max(terminalreporter._tw.fullwidth, NARROWEST)):
                terminalreporter.write_line(line)
            terminalreporter.write_line("")
        if self.more:
            terminalreporter.write_line(f"{self.more} more failing tests were not diagnosed")


def _as_log(name: str, report: str) -> str:
    """The report as the log of a run in which this test alone failed."""
    short = name.rsplit("::", 1)[-1]
    head = f"{' FAILURES ':=^79}\n{f' {short} ':_^79}\n"
    return f"{head}{report}\n{' short test summary info ':=^79}\nFAILED {name}\n{' 1 failed in 0.01s ':=^79}\n"


def _diagnosed(logs: Sequence[str]) -> list[dict[str, Any]]:
    """An answer for each log, in order.

    Raises:
        OSError, subprocess.SubprocessError, ValueError: the process failed, or said what can't be read.
    """
    with tempfile.TemporaryDirectory(prefix="mcp-rag-pytest-") as folder:
        paths = []
        for number, log in enumerate(logs):
            path = Path(folder) / f"{number}.log"
            path.write_text(log, encoding="utf-8", errors="replace")
            paths.append(str(path))
        env = {name: value for name, value in os.environ.items() if name not in ("PYTHONWARNINGS", "PYTHONPATH")}
        command = [sys.executable, "-m", "mcp_rag", "diagnose", "--json", "--env", "here", *paths]
        if os.environ.get("MCP_RAG_URL"):
            command[5:7] = []
        done = subprocess.run(
            command, capture_output=True, check=False, timeout=TIMEOUT_SECONDS, env=env, stdin=subprocess.DEVNULL
        )
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    if len(answers) != len(logs):
        told = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ValueError(told[-1] if told else f"it ended with code {done.returncode}")
    return answers


def _distinct(answers: Sequence[dict[str, Any]], names: Sequence[str]) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Each failure once, with the tests that show it, in the order of the first."""
    groups: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for answer, name in zip(answers, names, strict=True):
        key = str(answer.get("incident") or answer.get("error") or answer.get("verdict"))
        groups.setdefault(key, (answer, []))[1].append(name)
    yield from groups.values()


def _told(answer: dict[str, Any], names: Sequence[str], width: int) -> Iterator[str]:
    if "error" in answer:
        yield f"could not diagnose {names[0]}: {answer['error']}"
        return
    yield _headline(answer)
    for label, text in _rows(answer, names):
        if label == "$":
            yield f"{' ' * INDENT}$ {text}"
            continue
        inside = textwrap.wrap(text, width - INDENT, break_long_words=False, break_on_hyphens=False) or [""]
        yield f"  {label:<{INDENT - 2}}{inside[0]}"
        yield from (" " * INDENT + line for line in inside[1:])


def _rows(answer: dict[str, Any], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    if failure := answer.get("failure"):
        yield "failed", _flat(failure["message"])[:300]
    if answer.get("cause"):
        yield "why", _flat(answer["cause"])
    if answer.get("fix"):
        steps = [_flat(line) for line in answer["fix"].splitlines() if line.strip()]
        yield from (("" if number else "fix", step) for number, step in enumerate(steps))
        yield from (("$", command) for command in answer["commands"][:3])
    if answer["verdict"] == "known":
        best = answer["evidence"][0]
        # The report's lines have no numbers here.
        reasons = [re.sub(r" on lines? [\d, ]+$", "", reason) for reason in best["reasons"][:2]]
        yield "evidence", " · ".join([f"[{best['id']}]", *reasons, *best["urls"][:1]])
    yield "tests", f"{' '.join(dict.fromkeys(names[:TESTS_NAMED]))}{_rest(names)}"
    if incident := answer.get("incident"):
        fixed = "" if answer["verdict"] == "known" else ' --fix "what fixed it"'
        yield "helped?", f"mcp-rag confirm {incident[:10]}{fixed}"


def _headline(answer: dict[str, Any]) -> str:
    if answer["verdict"] == "known":
        return f"KNOWN  {_flat(answer['evidence'][0]['title'])}  ({answer['confidence']:.0%} sure)"
    return "UNKNOWN  nothing known matches" if answer["verdict"] == "unknown" else "CLEAN  no failure was found in it"


def _rest(names: Sequence[str]) -> str:
    return f" … and {len(names) - TESTS_NAMED} more" if len(names) > TESTS_NAMED else ""


def _flat(text: str) -> str:
    return " ".join(text.split())
