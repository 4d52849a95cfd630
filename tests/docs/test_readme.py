"""What the README says is so: its commands exist, its settings too, and its first answer is the program's own."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from mcp_rag.faces.cli import COMMANDS
from mcp_rag.faces.exit_codes import ExitCode
from mcp_rag.settings import Settings

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh.md")
NAMES = {name for group in COMMANDS.values() for name in group}


@pytest.mark.parametrize("name", READMES)
def test_every_command_it_names_exists_and_every_command_is_named(name: str) -> None:
    named = set(re.findall(r"`mcp-rag ([a-z][a-z-]*)", (ROOT / name).read_text()))
    assert named - NAMES == set()
    assert NAMES - named - {"reject"} == set()


def test_every_setting_it_names_exists() -> None:
    table = (ROOT / "README.md").read_text().partition("## Settings")[2].partition("## ")[0]
    named = {name for row in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`(\w+)`", row)}
    assert named <= {field.name for field in fields(Settings)}
    assert len(named) >= 10


@pytest.mark.parametrize("name", READMES)
def test_the_answer_it_shows_is_the_programs_own(name: str) -> None:
    shown = (ROOT / name).read_text().partition("```console\n$ mcp-rag ")[2].partition("```")[0]
    log, _, answer = shown.partition("\n")
    done = subprocess.run(
        [sys.executable, "-m", "mcp_rag", log], cwd=ROOT, capture_output=True, check=True, text=True, timeout=120
    )
    assert done.stdout.split() == answer.split()


def test_the_exit_codes_it_names_are_those_of_the_program() -> None:
    text = (ROOT / "README.md").read_text().partition("Exit codes: ")[2].partition("\n\n")[0]
    assert {int(number) for number in re.findall(r"\b(\d+) ", text)} == {int(c) for c in ExitCode} - {130}
