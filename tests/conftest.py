"""Shared by all tests: a home of their own, no settings from outside, and skips that can be made to fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("without-a-clock", deadline=None)  # a busy machine is no failure
settings.load_profile("without-a-clock")

NO_SKIPS = "MCP_RAG_TEST_NO_SKIPS"
"""Set where everything that a test could miss was installed: then a skip is a failure."""

OPTIONAL = "optional: "
"""How the reason of a skip begins that stays one even there: a tool that the gate does not install."""


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh home folder, and no setting of the person who runs the tests."""
    for name in [name for name in os.environ if name.startswith("MCP_RAG_") and not name.startswith("MCP_RAG_TEST_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("MCP_RAG_HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    yield home


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    wanted = report.skipped and not hasattr(report, "wasxfail") and OPTIONAL not in str(report.longrepr)
    if os.environ.get(NO_SKIPS) and wanted:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and {NO_SKIPS} is set: {report.longrepr}"
    return report
