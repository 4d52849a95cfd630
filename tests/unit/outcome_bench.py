"""A ledger, an index in memory and an assistant, for tests of what people say of fixes."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from mcp_rag import librarian
from mcp_rag.assistant import Assistant
from mcp_rag.knowledge.memory_embedder import MemoryEmbedder
from mcp_rag.knowledge.memory_index import MemoryIndex
from mcp_rag.knowledge.search import KnowledgeBase
from mcp_rag.ledger import Ledger
from mcp_rag.logs.sources import MemorySource
from mcp_rag.records import Diagnosis, OutcomeKind
from mcp_rag.settings import Settings

FIX = "Ask the data team to publish the month first."


class Bench:
    """A ledger, an index in memory and an assistant, at a clock of their own."""

    def __init__(self, folder: Path) -> None:
        self.now = datetime(2026, 6, 1, tzinfo=UTC)
        self.ledger = Ledger.open(f"sqlite:///{folder / 'ledger.db'}")
        self.embedder = MemoryEmbedder()
        self.index = MemoryIndex(self.embedder.name, self.embedder.dimension)
        knowledge = KnowledgeBase(self.ledger, self.index, self.embedder, now=lambda: self.now)
        self.assistant = Assistant(self.ledger, knowledge, Settings(home=folder), lambda text: text, {})

    def diagnose(self, log: str) -> Diagnosis:
        librarian.follow(self.ledger, self.index, self.embedder, "memory", nullcontext())
        found = self.assistant.diagnose(MemorySource("log", log.encode()))
        self.assistant.remember([found])
        return found

    def confirm(self, log: str, fix: str | None = FIX, issue: str | None = None) -> None:
        """Diagnose ``log`` and say that ``fix`` helped, or the known issue of the key ``issue``."""
        self.diagnose(log)
        librarian.record_outcome(self.ledger, "last", OutcomeKind.CONFIRMED, issue, fix, "the test")
