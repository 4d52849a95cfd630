"""What installed tools explain about themselves, as known issues. Nothing of it ships: it is read where it is asked for.

index       one tool's index, and how a tool is asked
compilers   rustc, gcc, javac
checkers    ruff, pylint, mypy
databases   PostgreSQL, SQLite
javascript  Node.js, npm
systems     errno, signals and exit codes, systemd, HTTP, OpenSSL, curl
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mcp_rag.errors import NotFound
from mcp_rag.knowledge.tool_indexes import checkers, compilers, databases, javascript, systems
from mcp_rag.knowledge.tool_indexes.index import TOOL_PREFIX, ToolAbsent, ToolIndex

__all__ = ["READERS", "TOOL_PREFIX", "ToolAbsent", "ToolIndex", "read_tool"]

READERS: Mapping[str, Callable[[], ToolIndex]] = {
    "rustc": compilers.rustc,
    "gcc": compilers.gcc,
    "javac": compilers.javac,
    "ruff": checkers.ruff,
    "pylint": checkers.pylint,
    "mypy": checkers.mypy,
    "shellcheck": checkers.shellcheck,
    "postgresql": databases.postgresql,
    "sqlite": databases.sqlite,
    "errno": systems.errno_names,
    "exit-codes": systems.exit_codes,
    "systemd": systems.systemd,
    "http": systems.http,
    "node": javascript.node,
    "npm": javascript.npm,
    "openssl": systems.openssl,
    "curl": systems.curl,
}
"""Tool → how its index is read."""


def read_tool(name: str) -> ToolIndex:
    """The index of the tool ``name``.

    Raises:
        NotFound: no index of such a tool can be read.
        ToolAbsent: the tool is not installed here, or carries no explanations.
    """
    reader = READERS.get(name)
    if reader is None:
        raise NotFound(f"No error index of {name!r} can be read", "", f"There are: {', '.join(READERS)}")
    return reader()
