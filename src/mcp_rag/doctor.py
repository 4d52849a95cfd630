"""Job 3: an environment → the known issues that would strike in it, before they do."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcp_rag.errors import InputError
from mcp_rag.interpreters import LIST_PACKAGES, ask_python
from mcp_rag.knowledge.issue_file import parse_issue_file, strikes_of_file
from mcp_rag.records import KnownIssue

_DRIVER = re.compile(r"Kernel Module.*?\b(\d{3,}\.\d+(?:\.\d+)?)\b")
"""As in ``NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 …``."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """A known issue that will strike, and what of the environment makes it so."""

    issue: KnownIssue
    reasons: tuple[str, ...]


def foretell(
    files: Iterable[tuple[str, str, str]], versions: Mapping[str, str], variables: Mapping[str, str]
) -> Iterator[Foretold]:
    """The known issues among ``files`` (source, name, text) that strike where packages have these ``versions`` and
    environment variables these values.

    Raises:
        InputError: a file is no known issue.
    """
    for source, name, text in files:
        for strike in strikes_of_file(text, name):
            if reasons := strike.reasons(versions, variables):
                yield Foretold(parse_issue_file(text, source, name), reasons)
                break


def versions_of_interpreter(python: str) -> Mapping[str, str]:
    """The packages that another interpreter sees, and its own version.

    Raises:
        InputError: it cannot be run, or is no Python.
    """
    try:
        found = ask_python(python, LIST_PACKAGES + "print(json.dumps(versions))")
    except InputError as fault:
        raise InputError(
            f"The packages of {python} cannot be listed", fault.why, "Name a Python interpreter"
        ) from fault
    return {str(name): str(version) for name, version in found.items()}


def driver_versions(kernel_module: Path = Path("/proc/driver/nvidia/version")) -> Mapping[str, str]:
    """The version of NVIDIA's driver as ``nvidia-driver``, and of the C library as ``glibc``, where they are told.

    The kernel module names its own version; no tool is run for it, which would hang where the driver does.
    """
    found = {}
    libc, version = platform.libc_ver()
    if libc == "glibc":
        found["glibc"] = version
    try:
        told = _DRIVER.search(kernel_module.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        told = None  # no such driver here, or a system without /proc
    return {**found, "nvidia-driver": told[1]} if told else found


def known_files(folder: Path, source: str) -> Iterator[tuple[str, str, str]]:
    """(source, name, text) of the known issues in a folder, or of the one in a file."""
    for file in sorted(folder.glob("*.md")) if folder.is_dir() else [folder]:
        yield source, file.name, file.read_text(encoding="utf-8", errors="replace")
