"""One open house, asked by many at once.

The core is synchronous; the faces run it in threads, in turns (``faces/serving/turns.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ParamSpec, TypeVar

from mcp_rag import librarian
from mcp_rag.assistant import Assistant
from mcp_rag.errors import InputError
from mcp_rag.faces.serialisation import diagnosis_to_json, results_to_json, span_to_json
from mcp_rag.faces.serving.turns import Turns
from mcp_rag.ledger.serialisation import issue_to_json
from mcp_rag.logs.budget import within_tokens
from mcp_rag.logs.comparing import find_new
from mcp_rag.logs.failures import find_failures
from mcp_rag.logs.incident import describe_span
from mcp_rag.logs.scanning import Progress, unseen
from mcp_rag.logs.source import LogSource
from mcp_rag.records import OutcomeKind
from mcp_rag.wiring import House, redactor_of

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How one log is looked at: against logs of runs that passed, and against the last good one of a ``job``, with the
    versions (package → version) where it arose and the code that its run ``exited`` with, within a budget of lines or
    tokens, and whether a language model may word the answer."""

    good: Sequence[LogSource] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    lines: int | None = None
    tokens: int | None = None
    chat: bool = True
    job: str | None = None
    exited: int | None = None


PLAINLY = Wanted()


class SharedHouse:
    """The jobs of a house as the faces offer them: plain values in, plain JSON out.

    The methods are synchronous and safe between threads. Every method raises ``LedgerError`` or ``KnowledgeError``
    when the ledger or the index fails.
    """

    def __init__(self, house: House, turns: Turns | None = None) -> None:
        self._house = house
        self._redact = redactor_of(house.settings)
        self._turns = turns or Turns()

    @property
    def house(self) -> House:
        """The house itself, for what only one face asks."""
        return self._house

    async def on_log(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Run ``work`` that reads a log in a thread, when its turn has come."""
        return await self._turns.log(work, *args, **named)

    async def on_index(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Run ``work`` that asks the index in a thread, before every log."""
        return await self._turns.search(work, *args, **named)

    async def on_house(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Run ``work`` that asks the ledger in a thread."""
        return await self._turns.call(work, *args, **named)

    def diagnose(
        self,
        source: LogSource,
        progress: Progress = unseen,
        wanted: Wanted = PLAINLY,
        hear: Callable[[str], None] | None = None,
    ) -> dict[str, Any]:
        """The diagnosis of a log; its failure is remembered, as the command line does. ``progress`` hears of a large
        log's lines, ``hear`` the draft of a language model's wording.

        Raises:
            InputError: the log cannot be read, or is too large.
        """
        assistant = replace(self._assistant(wanted), hear=hear)
        diagnosis = assistant.diagnose(source, wanted.good, wanted.job, progress, wanted.exited)
        answer = diagnosis_to_json(diagnosis)
        self._turns.on_verdict(answer["verdict"])
        self._house.assistant.remember([diagnosis])
        return answer

    def _assistant(self, wanted: Wanted) -> Assistant:
        assistant = self._house.assistant
        if wanted is PLAINLY:
            return assistant
        settings = assistant.settings
        budget = replace(settings, lines=wanted.lines or settings.lines, tokens=wanted.tokens or settings.tokens)
        asked = replace(assistant, settings=budget, versions={**assistant.versions, **wanted.versions})
        return asked if wanted.chat else replace(asked, chat=None, hard_chat=None)

    def extract(self, source: LogSource, wanted: Wanted = PLAINLY) -> dict[str, Any]:
        """The failing spans of a log, best first, with their lines, masked and cut as they are everywhere.

        Raises:
            InputError: the log cannot be read, or is too large.
        """
        assistant = self._house.assistant
        log, passed = assistant.read(source, wanted.exited), [assistant.read(good) for good in wanted.good]
        budget = wanted.tokens or wanted.lines
        found = find_new(log, passed, budget) if passed else find_failures(log, budget or assistant.settings.lines)
        shown = within_tokens(found, log.texts, wanted.tokens) if wanted.tokens else found
        spans = []
        for span in shown:
            excerpt = describe_span(log, span, self._redact).excerpt
            spans.append({**span_to_json(span), "excerpt": [{"line": e.line, "text": e.text} for e in excerpt]})
        return {"source": source.name, "spans": spans}

    def search(self, text: str, limit: int) -> dict[str, Any]:
        """The known issues for an error's text, best first, and whether the best one answers it."""
        if not text.strip():
            raise InputError("There is nothing to search for", "the text is empty", "Give the error's text")
        (found,) = self.search_all([text], limit)
        return found

    def search_all(self, texts: Sequence[str], limit: int) -> list[dict[str, Any]]:
        """The same for several texts, in one batch; none of them may be empty."""
        return [results_to_json("1", results) for results in self._house.search(texts, limit)] if texts else []

    def issue(self, name: str) -> dict[str, Any]:
        """One known issue by its id or SOURCE/ID.

        Raises:
            NotFound: there is none, or several sources have one of that id.
        """
        return issue_to_json(librarian.one_issue(self._house.ledger, name))

    def record_outcome(
        self, incident: str, outcome: OutcomeKind, issue: str | None = None, fix: str | None = None
    ) -> dict[str, Any]:
        """Write down whether a diagnosis helped; a fix in one's own words becomes a known issue at once.

        Raises:
            NotFound: there is no such incident or issue, or the diagnosis named no issue and none is given.
            InputError: a fix that did not help is no fix; or ``last``, which among many askers is anybody's.
        """
        if incident.strip() == "last":
            raise InputError("`last` names no incident here", "others may have asked since", "Give the incident's id")
        if fix and outcome is OutcomeKind.REJECTED:
            raise InputError("A rejected diagnosis takes no fix", "", "Confirm with the fix that helped instead")
        safe = self._redact(fix) if fix else None
        stored, about = librarian.record_outcome(self._house.ledger, incident, outcome, issue, safe, "the server")
        return {"incident": stored.id, "outcome": outcome.value, "issue": about.key if about else None}

    def readiness(self) -> dict[str, Any]:
        """What ledger and index say of themselves; the index is opened for it, and so warm afterwards."""
        entries = self._house.ledger.issues.count()
        status = self._house.index.status()
        index = {"entries": status.entries, "engine": status.engine, "model": status.model}
        return {"status": "ready", "issues": entries, "index": index}
