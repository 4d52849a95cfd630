"""`pytest --mcp-rag`, in pytest runs of their own."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from server_process import environment_for

FAILING = """
import warnings
import pytest

def broken():
    raise AttributeError("module 'numpy' has no attribute 'float'")

def test_one():
    print("password=hunter2secret99")
    broken()

def test_two():
    broken()

@pytest.fixture
def gone():
    raise RuntimeError("the till of shop 4 is shut")

def test_three(gone):
    pass

def test_fine():
    pass

@pytest.mark.xfail
def test_expected():
    assert 0
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all of these tests: filling it is the expensive part."""
    return tmp_path_factory.mktemp("plugin") / "home"


def ran(home: Path, folder: Path, *arguments: str, test: str = FAILING) -> subprocess.CompletedProcess[str]:
    (folder / "test_shop.py").write_text(test)
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    installed = any(point.name == "mcp_rag" for point in entry_points(group="pytest11"))
    loaded = [] if installed else ["-p", "mcp_rag.faces.pytest_plugin"]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *loaded, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment_for(home), capture_output=True, text=True, check=False, timeout=300
    )


def section(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout.partition("= mcp-rag =")[2].partition("short test summary")[0]


@pytest.mark.parametrize("more", [(), ("-n", "2")])
def test_each_distinct_failure_is_told_once(home: Path, tmp_path: Path, more: tuple[str, ...]) -> None:
    done = ran(home, tmp_path, "--mcp-rag", *more)
    assert done.returncode == 1, done.stdout + done.stderr
    told = section(done)
    assert told.count("KNOWN  numpy.float") == 1, done.stdout
    assert told.count("UNKNOWN  nothing known matches") == 1, done.stdout
    assert "test_shop.py::test_one" in told
    assert "test_shop.py::test_two" in told
    assert "test_shop.py::test_three" in told
    assert "test_expected" not in told
    assert "mcp-rag confirm " in told
    assert "hunter2secret99" not in told


def test_a_file_that_cannot_be_collected_is_told_too(home: Path, tmp_path: Path) -> None:
    done = ran(home, tmp_path, "--mcp-rag", test="import there_is_no_such_module_17\n")
    assert done.returncode == 2
    assert "there_is_no_such_module_17" in section(done)


@pytest.mark.parametrize("arguments", [("--mcp-rag", "-k", "fine"), ()])
def test_nothing_is_told_without_a_failure_or_without_the_option(
    home: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    assert "= mcp-rag =" not in ran(home, tmp_path, *arguments).stdout


def test_without_the_option_nothing_of_the_program_is_loaded(home: Path, tmp_path: Path) -> None:
    spy = """
import sys
def test_spy():
    ours = sorted(name for name in sys.modules if name.startswith("mcp_rag"))
    assert ours in ([], ["mcp_rag", "mcp_rag.faces", "mcp_rag.faces.pytest_plugin"])
"""
    assert ran(home, tmp_path, test=spy).returncode == 0


def test_a_diagnosis_that_fails_is_one_line_and_the_tests_result_stays(home: Path, tmp_path: Path) -> None:
    (tmp_path / "mcp-rag.toml").write_text("no_such_setting = 1\n")
    done = ran(home, tmp_path, "--mcp-rag")
    assert done.returncode == 1
    assert "mcp-rag could not diagnose: mcp-rag: The settings cannot be used" in section(done)


def test_it_can_be_shut_out(home: Path, tmp_path: Path) -> None:
    done = ran(home, tmp_path, "-p", "no:mcp_rag", "-p", "no:mcp_rag.faces.pytest_plugin", "--mcp-rag")
    assert done.returncode == 4
    assert "unrecognized arguments: --mcp-rag" in done.stderr
