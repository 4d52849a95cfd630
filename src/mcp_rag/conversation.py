"""Job 8: a failure that was diagnosed, and questions about it → answers that the evidence bears.

The model may ask for more of the log, of what is known and of the versions, a bounded number of times and bytes; nothing
it asks for writes, runs or sends anything. Each sentence of its answer is held against what it was given: one that this
does not bear is marked, one with a command, an address or a name that nothing gave is withheld.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mcp_rag.assistant import Assistant
from mcp_rag.errors import ContextOverflow, InputError, NotFound, SettingsError, ToolsUnsupported
from mcp_rag.knowledge.search import query_from_text
from mcp_rag.knowledge.version_check import check_versions
from mcp_rag.ledger import StoredIncident
from mcp_rag.logs.incident import excerpt_of, shorten
from mcp_rag.logs.log import Log
from mcp_rag.logs.sources import FileSource
from mcp_rag.reasoning.bearing import Given, harmless
from mcp_rag.reasoning.chat import ChatModel, Message, Reply, Tool, ToolCall, Window
from mcp_rag.reasoning.hostile import muted, plain
from mcp_rag.reasoning.talking import TOOLS, Sentences, Turn, check_sentence, result, write_talk
from mcp_rag.records import Diagnosis, Evidence, Statement

__all__ = ["Done", "Event", "Said", "Token", "ToolUsed", "Turn", "Withheld", "converse", "never"]

ROUNDS = 4
CALLS = 8
RESULT_BYTES = 6_000
ALL_RESULTS_BYTES = 24_000
"""How often a model may ask for more in one answer, how often in all, and how much it gets. Chosen by eye."""

SMALLEST_RESULT_BYTES = 200
LINES_READ = 60
LINES_FOUND = 20
ISSUES_FOUND = 3
FIX_CHARACTERS = 1_500
QUESTION_CHARACTERS = 4_000

MAY_OPEN = Callable[[Path], bool]


def never(path: Path) -> bool:
    """No log is opened: only the lines that the ledger keeps are known."""
    return False


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the model's draft, unchecked: show it as that, or not at all; a :class:`Said` takes its place."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolUsed:
    """The model asked for more; ``summary`` says what it got."""

    name: str
    arguments: Mapping[str, Any]
    summary: str


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of the answer, checked; ``statement.supported`` says whether what it cites bears it."""

    statement: Statement


@dataclass(frozen=True, slots=True)
class Withheld:
    """A sentence that is not shown, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Done:
    """The end: the answer as it may be shown, for the next question's history, and what it took.

    ``confidence`` is that of the diagnosis, from its evidence; a model is not asked how sure it is.
    """

    answer: str
    statements: tuple[Statement, ...]
    withheld: int
    rounds: int
    model: str
    confidence: float
    prompt_tokens: int = 0
    completion_tokens: int = 0
    notes: tuple[str, ...] = ()


Event = Token | ToolUsed | Said | Withheld | Done


def converse(
    assistant: Assistant, incident: str, question: str, history: Sequence[Turn] = (), *, may_open: MAY_OPEN = never
) -> Iterator[Event]:
    """Answer ``question`` about an incident (its id, or ``last``), event by event; the last one is :class:`Done`.

    Args:
        history: earlier questions about it and their answers (``Done.answer``), oldest first.
        may_open: whether the log that the incident came from may be read again; a server of many says no.

    Raises (before the first event, all but the last two):
        InputError: the question is empty.
        NotFound: there is no such incident.
        SettingsError: no language model is set.
        LedgerError, KnowledgeError: the ledger or the index failed.
        ChatError: the model failed.
    """
    if not question.strip():
        raise InputError("There is no question", "the text is empty", "Ask one")
    stored = assistant.ledger.incidents.get(incident)
    diagnosis = replace(assistant, chat=None, hard_chat=None).diagnose_incidents(
        stored.source, [stored.incident], [stored.incident.span]
    )
    chat = assistant.chat_for(diagnosis)
    if chat is None:
        raise SettingsError("No language model is set", "a conversation needs one", "Set MCP_RAG_CHAT_BASE_URL")
    log, note = _open_log(assistant, stored, may_open)
    talk = _Talk(assistant, chat, diagnosis, log, Given.of(diagnosis), [note] if note else [])
    return talk.answer(question.strip()[:QUESTION_CHARACTERS], history)


def _open_log(assistant: Assistant, stored: StoredIncident, may_open: MAY_OPEN) -> tuple[Log | None, str]:
    """The log of the latest sighting, if it is still the same where the failure stands; else why not."""
    path, excerpt, key = Path(stored.source), stored.incident.excerpt, stored.incident.span.key
    kept = f"only the {len(excerpt)} lines that were kept of the log are known"
    try:
        if not may_open(path) or not path.is_file():
            return None, kept
        log = assistant.read(FileSource(path))
    except (InputError, OSError, ValueError) as fault:
        return None, f"{kept}: {fault}"
    there = [(e.line, assistant.redact(log.line(e.line))) for e in excerpt if e.line <= len(log)]
    same = tuple(excerpt_of(number, text, is_key=number == key) for number, text in there) == excerpt
    return (log, "") if same else (None, f"{kept}: {stored.source} is another log now")


@dataclass
class _Talk:
    """One answer in the making."""

    assistant: Assistant
    chat: ChatModel
    diagnosis: Diagnosis
    log: Log | None
    given: Given
    notes: list[str]
    statements: list[Statement] = field(default_factory=list)
    withheld: int = 0
    rounds: int = 0
    calls: int = 0
    fetched_bytes: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def answer(self, question: str, history: Sequence[Turn]) -> Iterator[Event]:
        window = self.chat.window()
        tools: tuple[Tool, ...] = TOOLS
        messages = write_talk(self.diagnosis, question, history, window)
        while True:
            try:
                reply = yield from self._asked(messages, tools if self.rounds < ROUNDS else ())
            except ToolsUnsupported:
                tools = ()
                self.notes.append(
                    f"{self.chat.name} takes no tools: it saw the lines and known issues of the diagnosis"
                )
                continue
            except ContextOverflow:
                if self.rounds or window.tokens < _SHORTEST_WINDOW:
                    raise
                window = replace(window, tokens=window.tokens // 2)
                messages = write_talk(self.diagnosis, question, history, window)
                continue
            if not reply.calls or self.rounds >= ROUNDS:
                break
            self.rounds += 1
            messages.append(Message("assistant", reply.text, reply.calls))
            for call in reply.calls:
                used, found = self._use(call, window)
                messages.append(Message("tool", found, call_id=call.id))
                yield used
        yield self._done(reply)

    def _asked(self, messages: Sequence[Message], tools: Sequence[Tool]) -> Generator[Event, None, Reply]:
        """The events of one reply, which is returned."""
        sentences, reply = Sentences(), Reply("", self.chat.name)
        for piece in self.chat.stream(messages, tools):
            if isinstance(piece, Reply):
                reply = piece
                continue
            yield Token(piece)
            for sentence in sentences.take(piece):
                yield from self._checked(sentence)
        for sentence in sentences.rest():
            yield from self._checked(sentence)
        self.prompt_tokens += reply.prompt_tokens
        self.completion_tokens += reply.completion_tokens
        return reply

    def _checked(self, sentence: str) -> Iterator[Event]:
        statement = check_sentence(sentence, self.given)
        strange = self.given.strange(statement.text)
        if strange:
            self.withheld += 1
            yield Withheld("a sentence with a command, an address or a name that nothing gave")
        elif not statement.supported and self.given.is_a_logs_advice(statement.text):
            self.withheld += 1
            yield Withheld("advice that stands in the log, and in no known issue")
        elif statement.text:
            if not statement.supported and self.given.states_nothing(statement.text):
                statement = replace(statement, supported=True)
            self.statements.append(statement)
            yield Said(statement)

    def _done(self, reply: Reply) -> Done:
        if reply.cut_off:
            self.notes.append("the answer was cut off at its greatest length")
        shown = " ".join(_shown(statement) for statement in self.statements)
        return Done(
            answer=shown,
            statements=tuple(self.statements),
            withheld=self.withheld,
            rounds=self.rounds,
            model=reply.model,
            confidence=self.diagnosis.confidence,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            notes=tuple(self.notes),
        )

    def _use(self, call: ToolCall, window: Window) -> tuple[ToolUsed, str]:
        """What a tool found, for people and for the model; a wrong call is answered, not raised."""
        self.calls += 1
        room = min(RESULT_BYTES, ALL_RESULTS_BYTES - self.fetched_bytes, window.tokens)
        try:
            arguments = _arguments(call)
            found, summary = self._fetched(call.name, arguments, room)
        except (InputError, NotFound) as fault:
            arguments, found, summary = _readable(call), {"error": str(fault)}, f"refused: {fault.what}"
        text = _cut(found, room)
        self.fetched_bytes += len(text.encode())
        return ToolUsed(plain(call.name), arguments, summary), text

    def _fetched(self, name: str, arguments: Mapping[str, Any], room: int) -> tuple[dict[str, Any], str]:
        if self.calls > CALLS or room < SMALLEST_RESULT_BYTES:
            raise InputError("No more can be fetched for this answer")
        if name == "read_lines":
            return self._lines(_whole(arguments, "first"), _whole(arguments, "last"))
        if name == "search_log":
            return self._search_log(_text(arguments, "text"))
        if name == "search_known_issues":
            return self._search_issues(_text(arguments, "text"))
        if name == "check_versions":
            return self._check_versions(_text(arguments, "issue"))
        raise InputError(f"There is no tool {name[:40]!r}", "", f"There are {', '.join(tool.name for tool in TOOLS)}")

    def _lines(self, first: int, last: int) -> tuple[dict[str, Any], str]:
        last = min(last, first + LINES_READ - 1)
        if self.log is not None:
            found = [(number, text) for number, text in self.log.lines(first, last)]
        else:
            found = [(number, text) for number, text in self.given.lines.items() if first <= number <= last]
        return self._shown_lines(found), f"lines {first} to {last}: {len(found)} of them"

    def _search_log(self, text: str) -> tuple[dict[str, Any], str]:
        wanted = text.casefold()
        lines = self.log.lines() if self.log is not None else iter(self.given.lines.items())
        found: list[tuple[int, str]] = []
        for number, line in lines:
            if wanted in line.casefold():
                found.append((number, line))
                if len(found) == LINES_FOUND:
                    break
        return self._shown_lines(found), f"{len(found)} lines hold {plain(text)[:60]!r}"

    def _shown_lines(self, found: Sequence[tuple[int, str]]) -> dict[str, Any]:
        shown = {number: shorten(self.assistant.redact(text)) for number, text in found}
        self.given = self.given.with_more(shown, (), {})
        rows = [{"line": number, "text": muted(text, in_log=True)} for number, text in shown.items()]
        return {"lines": rows, "whole_log": self.log is not None}

    def _search_issues(self, text: str) -> tuple[dict[str, Any], str]:
        found = self.assistant.knowledge.search(query_from_text(self.assistant.redact(text)), limit=ISSUES_FOUND)
        self.given = self.given.with_more({}, [one for one in found if one.match], {})
        names = ", ".join(one.issue.id for one in found)
        return {"known_issues": [_issue_row(one) for one in found]}, f"known issues: {names or 'none'}"

    def _check_versions(self, name: str) -> tuple[dict[str, Any], str]:
        seen = {**self.assistant.versions, **self.given.versions}
        issue = self.given.issues.get(name)
        if issue is None:
            raise NotFound(f"No known issue {name[:80]!r} was given")
        check = check_versions(issue.applies_to, seen)
        wanted = {package: seen[package] for package in issue.applies_to if package in seen}
        self.given = self.given.with_more({}, (), wanted)
        row = {"issue": issue.key, "applies_to": dict(issue.applies_to), "seen": wanted}
        return {**row, "verdict": check.applicability.value, "reason": check.reason}, check.applicability.value


_SHORTEST_WINDOW = 1_000


def _shown(statement: Statement) -> str:
    cited = [*(f"line {number}" for number in statement.lines[:5]), *statement.issues]
    return f"{statement.text} [{', '.join(cited)}]" if cited else statement.text


def _issue_row(one: Evidence) -> dict[str, Any]:
    issue = harmless(one.issue)
    fix = (issue.fix or issue.text)[:FIX_CHARACTERS]
    row = {"id": issue.key, "title": issue.title, "matches": one.match, "confidence": round(one.confidence, 2)}
    return {**row, "cause": issue.cause, "fix": fix, "commands": list(issue.commands)} if one.match else row


def _cut(found: Mapping[str, Any], room: int) -> str:
    """``found`` as JSON in at most ``room`` bytes, its last rows left out."""
    rows = dict(found)
    while len(text := result(rows).encode()) > room:
        longest = next((name for name in ("lines", "known_issues") if rows.get(name)), None)
        if longest is None:
            return result({"error": "too long to be shown"})
        rows = {**rows, longest: rows[longest][:-1], "left_out": rows.get("left_out", 0) + 1}
    return text.decode()


def _arguments(call: ToolCall) -> Mapping[str, Any]:
    try:
        value = json.loads(call.arguments or "{}")
    except ValueError as fault:
        raise InputError("The tool's arguments are no JSON", str(fault)) from fault
    if not isinstance(value, dict):
        raise InputError("The tool's arguments are no object")
    return value


def _readable(call: ToolCall) -> Mapping[str, Any]:
    try:
        return _arguments(call)
    except InputError:
        return {}


def _whole(arguments: Mapping[str, Any], name: str) -> int:
    value = arguments.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(f"{name} is a whole number from 1 on")
    return value


def _text(arguments: Mapping[str, Any], name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{name} is a text")
    return value.strip()[:300]
