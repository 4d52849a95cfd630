"""Tools' own error indexes: read from what is installed here, found by code and by words, never taken for a cause."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from mcp_rag import librarian
from mcp_rag.errors import NotFound
from mcp_rag.knowledge.memory_embedder import MemoryEmbedder
from mcp_rag.knowledge.memory_index import MemoryIndex
from mcp_rag.knowledge.search import KnowledgeBase, index_entries, query_from_text
from mcp_rag.knowledge.tool_indexes import READERS, ToolAbsent, ToolIndex, read_tool
from mcp_rag.ledger import Ledger

GOLDEN = Path(__file__).parents[2] / "golden"
UNINSTALLED = ("rustc", "javac", "systemd")
"""Tools that are looked at where they are, and are too large to install for the tests."""

SUPPORTING = ("errno", "exit-codes", "http")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened


@lru_cache
def index_of(tool: str) -> ToolIndex:
    """A tool's index, read once: rustc is asked for each of its codes."""
    return read_tool(tool)


def knowing(ledger: Ledger, *tools: str) -> KnowledgeBase:
    embedder = MemoryEmbedder()
    index = MemoryIndex(embedder.name, embedder.dimension)
    for tool in tools:
        try:
            found = index_of(tool)
        except ToolAbsent as absent:
            pytest.skip(f"optional: {absent}" if tool in UNINSTALLED else str(absent))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(librarian, "read_tool", index_of)
            librarian.learn_tool(ledger, tool)
        index.upsert(list(index_entries(found.issues, embedder)))
    return KnowledgeBase(ledger, index, embedder)


@pytest.mark.parametrize(
    ("tool", "error", "code"),
    [
        ("rustc", "error[E0382]: borrow of moved value: `names`\n --> src/main.rs:4:20", "E0382"),
        ("ruff", "app/main.py:3:8: F401 [*] `os` imported but unused", "F401"),
        (
            "mypy",
            'app.py:3: error: Argument 1 to "f" has incompatible type "str"; expected "int"  [arg-type]',
            "arg-type",
        ),
        ("gcc", "main.c:3:7: error: unused variable 'x' [-Werror=unused-variable]", "-Wunused-variable"),
        ("postgresql", "ERROR:  23505: duplicate key value violates unique constraint", "23505"),
        ("postgresql", "psycopg.errors.UniqueViolation: duplicate key value", "23505"),
        ("systemd", "api.service: Main process exited, code=exited, status=203/EXEC", "203/EXEC"),
        (
            "npm",
            "npm error code EPUBLISHCONFLICT\nnpm error publish fail Cannot publish over existing version.",
            "EPUBLISHCONFLICT",
        ),
        ("javac", "Main.java:4: warning: [deprecation] stop() in Thread has been deprecated", "-Xlint:deprecation"),
    ],
)
def test_an_error_is_found_by_its_code(ledger: Ledger, tool: str, error: str, code: str) -> None:
    first = knowing(ledger, tool).search(query_from_text(error))[0]
    assert (first.issue.id, first.match, first.certain) == (code, True, True)
    assert first.issue.source == f"tool:{tool}"


@pytest.mark.parametrize(
    ("tool", "words", "code"),
    [
        ("ruff", "import statement is unused in this module", "F401"),
        ("rustc", "a variable was used after its contents have been moved elsewhere", "E0382"),
        ("rustc", "a variable was used after its contents have been moved elsewhere", "E0382"),
        ("gcc", "warn when a variable is unused", "-Wunused-variable"),
        ("npm", "the command needs a lockfile that exists, create one first", "ENOLOCK"),
        ("systemd", "service stopped at the step that changes to its WorkingDirectory", "200/CHDIR"),
        ("postgresql", "unique violation", "23505"),
        ("sqlite", "database is locked", "SQLITE_BUSY"),
        ("http", "too many requests", "HTTP 429"),
        ("errno", "no space left on device", "ENOSPC"),
    ],
)
def test_an_error_is_found_by_its_words(ledger: Ledger, tool: str, words: str, code: str) -> None:
    found = knowing(ledger, tool).search(query_from_text(words), limit=5)
    assert code in [evidence.issue.id for evidence in found]


def test_a_number_or_name_of_the_system_is_never_taken_for_the_cause(ledger: Ledger) -> None:
    knowledge = knowing(ledger, *SUPPORTING)
    rows = [json.loads(line) for line in (GOLDEN / "gold.jsonl").read_text().splitlines()]
    texts = [(GOLDEN / row["file"]).read_text(errors="replace")[-4000:] for row in rows]
    texts += ["HTTP/1.1 404 Not Found", "make: *** [all] Error 1\nexit code 1", "OSError: [Errno 28] ENOSPC"]
    for text, found in zip(texts, knowledge.search_many([query_from_text(text) for text in texts]), strict=True):
        assert [evidence.issue.key for evidence in found if evidence.match] == [], text[-300:]


def test_another_version_replaces_what_an_earlier_one_explained(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first = librarian.learn_tool(ledger, "http")
    _, again = librarian.learn_tool(ledger, "http")
    assert (again.added, again.changed, again.removed) == (0, 0, 0)
    older = read_tool("http")
    fewer = type(older)("http", "0", older.issues[:3])
    monkeypatch.setitem(READERS, "http", lambda: fewer)  # type: ignore[index]
    _, done = librarian.learn_tool(ledger, "http")
    assert done.removed == first.added - 3
    assert ledger.issues.count() == 3


def test_a_tool_that_is_unknown_or_absent_says_so(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match="errno"):
        librarian.learn_tool(ledger, "cobol")
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(ToolAbsent, match="rustc is not installed"):
        librarian.learn_tool(ledger, "rustc")
    with pytest.raises(ToolAbsent, match="wiki"):
        librarian.learn_tool(ledger, "shellcheck")
    assert ledger.issues.count() == 0
