"""Databases: PostgreSQL's and SQLite's error codes."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

from mcp_rag.knowledge.tool_indexes.index import ToolAbsent, ToolIndex, ask, entry, shared_library

ERRCODES_FOLDERS = ("/usr/share/postgresql", "/usr/share/pgsql", "/usr/local/share/postgresql")
"""Where Debian, Fedora and a build from source put ``errcodes.txt``."""

LAST_SQLITE_CODE = 28
"""SQLITE_WARNING; extended codes have the text of their primary one."""

_ERRCODE = re.compile(
    r"^(?P<state>[0-9A-Z]{5})\s+(?P<kind>[EWS])\s+ERRCODE_(?P<macro>\w+)\s*(?P<name>\w*)", re.MULTILINE
)
_SECTION = re.compile(r"^Section: (?P<title>.+)$")


def postgresql() -> ToolIndex:
    """The server's own list of SQLSTATEs; drivers print the condition's name, psql with VERBOSITY verbose the code."""
    path = _errcodes()
    version = found.group() if (found := re.search(r"\d+(?:\.\d+)?", path.parent.name)) else ""
    issues, section = [], ""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if heading := _SECTION.match(line):
            section = heading["title"]
        if (code := _ERRCODE.match(line)) and code["kind"] == "E" and code["name"]:
            name = code["name"]
            camel = "".join(part.title() for part in name.split("_"))
            issues.append(
                entry(
                    "postgresql",
                    version,
                    code["state"],
                    name.replace("_", " "),
                    symptoms=(
                        rf"re:\b(?:ERROR|FATAL|PANIC):\s+{code['state']}: ",
                        rf"re:\b(?:psycopg2?|asyncpg)\.(?:errors|exceptions)\.{camel}(?:Error)?\b",
                        rf"re:SQL ?STATE:?\s*\[?{code['state']}\b",
                    ),
                    cause=f"PostgreSQL stops with SQLSTATE {code['state']}, {name.replace('_', ' ')} ({section}).",
                    urls=("https://www.postgresql.org/docs/current/errcodes-appendix.html",),
                    language="sql",
                )
            )
    return ToolIndex("postgresql", version, tuple({issue.id: issue for issue in issues}.values()))


def _errcodes() -> Path:
    folders = [Path(folder) for folder in ERRCODES_FOLDERS]
    try:
        folders.insert(0, Path(ask("pg_config", "--sharedir").strip()))
    except ToolAbsent:
        folders.append(Path("/opt/homebrew/share/postgresql"))
    found = sorted(path for folder in folders if folder.is_dir() for path in folder.rglob("errcodes.txt"))
    if not found:
        raise ToolAbsent("PostgreSQL's server is not installed here", "there is no errcodes.txt", "Install the server")
    return found[-1]


def sqlite() -> ToolIndex:
    """The result codes of the SQLite library, as ``sqlite3_errstr`` words them."""
    import sqlite3

    library = shared_library("sqlite3")
    library.sqlite3_errstr.restype = ctypes.c_char_p
    names = {getattr(sqlite3, name): name for name in dir(sqlite3) if re.fullmatch(r"SQLITE_[A-Z]+", name)}
    version = sqlite3.sqlite_version
    issues = []
    for code in range(1, LAST_SQLITE_CODE + 1):
        said = library.sqlite3_errstr(code).decode()
        name = names.get(code, f"SQLITE_{code}")
        # Of its words alone nothing is certain: the message of one failure is the cause of none.
        issues.append(
            entry(
                "sqlite",
                version,
                name,
                said,
                symptoms=(rf"re:\b{name}\b",),
                cause=f"SQLite answers {code}: {said}.",
                urls=("https://www.sqlite.org/rescode.html",),
                language="sql",
            )
        )
    return ToolIndex("sqlite", version, tuple({issue.id: issue for issue in issues}.values()))
