"""The Python that a command uses, and what is installed in it."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from mcp_rag.errors import InputError
from mcp_rag.interpreters import ask_python

SECONDS_TO_LIST = 20
"""A run waits for it. Chosen by eye."""

LAUNCHERS = frozenset({"env", "time", "nice", "nohup", "timeout", "stdbuf", "uv", "poetry", "pdm", "hatch", "pipenv"})
"""Programs that start another, whose name comes later among their words."""

_PYTHON = re.compile(r"(?:python|pypy)[\d.]*(?:\.exe)?\Z")
_SHEBANG = re.compile(rb"\A#!\s*(\S+)(?:\s+(\S+))?")
_LONG_SHEBANG = re.compile(rb"\A#!/bin/sh\n'''exec' (?:\"([^\"]+)\"|(\S+))")
"""How pip starts a script whose interpreter's path is too long for a shebang, or has a blank in it."""

# Names and versions are read from the folders' names: reading each METADATA takes ten times as long.
_LIST = r"""
import json, os, platform, re, sys
found = {}
for place in sys.path:
    try:
        names = os.listdir(place)
    except OSError:
        continue
    for name in names:
        said = re.fullmatch(r"(.+?)-([^-]+?)(?:-py[\d.]+.*)?\.(?:dist|egg)-info", name)
        if said and said[1].replace("_", "-").lower() not in found:
            version = said[2]
            try:
                with open(os.path.join(place, name, "direct_url.json"), encoding="utf-8") as file:
                    version += "+git." + json.load(file)["vcs_info"]["commit_id"][:12]
            except (OSError, ValueError, KeyError):
                pass
            found[said[1].replace("_", "-").lower()] = version
print(json.dumps({**found, "python": platform.python_version()}))
"""

_MODULES = r"""
import json, sys
from importlib import metadata
wanted = {name.replace("_", "-").replace(".", "-").lower() for name in json.loads(sys.argv[1])}
found = {}
for dist in metadata.distributions():
    name = (dist.metadata["Name"] or "").replace("_", "-").replace(".", "-").lower()
    if name in wanted:
        files = [str(file) for file in dist.files or ()]
        tops = {f.split("/")[0].split(".")[0] for f in files if f.endswith((".py", ".so", ".pyd"))}
        found.setdefault(name, sorted(tops - {"", "__pycache__"}))
print(json.dumps(found))
"""


def python_of(command: Sequence[str], folder: Path) -> str:
    """The interpreter that ``command`` runs on, or that the tools of ``folder`` would: a program that is a Python or a
    script of one, the project's own environment, the active one, the first on the PATH; empty when there is none."""
    for word in command[:4]:
        program = shutil.which(word)
        if program is None:
            continue
        if _PYTHON.match(PurePath(word).name):
            return program
        if found := _of_script(Path(program)):
            return found
        if PurePath(word).name not in LAUNCHERS:
            break
    inside = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    homes = [Path(active)] if (active := os.environ.get("VIRTUAL_ENV")) else []
    homes += [folder / name for name in (".venv", "venv")]
    environments = [home.joinpath(*inside) for home in homes]
    return next((str(path) for path in environments if path.exists()), "") or _first_on_path()


def packages_of(python: str) -> Mapping[str, str]:
    """What is installed for ``python`` (name → version, ``python`` among them); nothing when it gives no answer."""
    return _asked(python, _LIST)


def modules_of(python: str, packages: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Package → the names under which it is imported, of those that are installed."""
    return _asked(python, _MODULES, json.dumps(list(packages))) if packages else {}


def _first_on_path() -> str:
    return shutil.which("python") or shutil.which("python3") or ""


def _of_script(path: Path) -> str:
    """The Python that a script names in its first line; empty when it is no script of one."""
    try:
        with path.open("rb") as file:
            head = file.read(1_000)
    except OSError:
        return ""
    if long := _LONG_SHEBANG.match(head):
        return os.fsdecode(long[1] or long[2])
    found = _SHEBANG.match(head)
    if found is None:
        return ""
    program, argument = os.fsdecode(found[1]), os.fsdecode(found[2] or b"")
    if PurePath(program).name == "env":
        return (shutil.which(argument) or "") if _PYTHON.match(argument) else ""
    return program if _PYTHON.match(PurePath(program).name) else ""


def _asked(python: str, script: str, *arguments: str) -> dict[str, Any]:
    """The object that ``script`` prints under ``python``; an empty one when it gives no answer."""
    try:
        return ask_python(python, script, *arguments, seconds=SECONDS_TO_LIST)
    except InputError:
        return {}
