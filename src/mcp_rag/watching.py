"""Job 6: a log that is still being written → each new failure in it, once, as it appears."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from mcp_rag.assistant import Assistant
from mcp_rag.errors import InputError
from mcp_rag.logs.failures import SURROUNDINGS, find_failures
from mcp_rag.logs.following import Part
from mcp_rag.logs.grammars import BY_KIND
from mcp_rag.logs.grammars.rule import Role
from mcp_rag.logs.incident import describe_span, moved
from mcp_rag.logs.reading import read_log
from mcp_rag.logs.sources import MemorySource
from mcp_rag.records import Diagnosis, Span

AFTERMATH_LINES = 300
"""After a failure, so many lines may tell of it again: in them, what is not telling by itself is nothing new."""

BATCH_LINES = 5_000
"""New lines from which on they are looked at without waiting for a pause."""

HELD_LINES = 200
"""Of such lines so many last ones wait for those that follow: a trace may go on."""

SPANS_LINES = 1_000
"""Lines of spans looked for among the new ones."""

NEAR_LINES = 30
"""A failure so close to a likelier one is taken for its consequence. All chosen by eye."""


@dataclass(eq=False)
class _Window:
    texts: list[str]


@dataclass
class Watch:
    """What was seen of one followed log. Feed it parts; call :meth:`settle` when the log pauses and at its end."""

    assistant: Assistant
    name: str
    lines: int = 0
    incidents: int = 0
    repeats: int = 0
    notes: list[str] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)
    _last_failure: int | None = None
    _new: list[str] = field(default_factory=list)
    _next: int = 1

    @property
    def waiting(self) -> int:
        """Lines that were not looked at yet."""
        return len(self._new)

    def take(self, part: Part) -> list[Diagnosis]:
        """Take new lines in; the diagnoses of what had to be looked at at once."""
        found: list[Diagnosis] = []
        if part.event or part.first != self._next:
            found = self.settle()
            self._last_failure = None
        if part.event:
            self.notes.append(f"{self.name} was {part.event}; lines are counted anew")
        texts = self._texts(part)
        self._next = part.first + len(texts)
        self._new += texts
        self.lines += len(texts)
        if len(self._new) >= BATCH_LINES:
            found += self.settle(HELD_LINES)
        return found

    def settle(self, hold: int = 0) -> list[Diagnosis]:
        """Look at the lines that wait, but for the last ``hold``; the diagnoses of failures not seen before."""
        looked = self._new[: len(self._new) - hold]
        if not looked:
            return []
        before = self._next - len(self._new) - 1
        found = [self._diagnose(_Window(looked), span, before) for span in self._failing(looked, before)]
        self._new = self._new[len(looked) :]
        return [diagnosis for diagnosis in found if diagnosis]

    def _texts(self, part: Part) -> list[str]:
        count = part.data.count(b"\n") + (not part.data.endswith(b"\n") and bool(part.data))
        settings = self.assistant.settings
        source = MemorySource(self.name, part.data)
        try:
            log = read_log(source, max_bytes=settings.max_log_bytes, max_ratio=settings.max_compression_ratio)
        except InputError as bad:
            self.notes.append(f"lines {part.first}–{part.first + count - 1} were passed over: {bad}")
            return [""] * count
        return list(log.texts)

    def _failing(self, texts: list[str], before: int) -> list[Span]:
        """The failures among ``texts``, likeliest first, without the consequences of others."""
        aftermath = self._last_failure is not None and before - self._last_failure < AFTERMATH_LINES
        chosen: list[Span] = []
        for span in find_failures(_Window(texts), SPANS_LINES, goes_on=True):
            rule = BY_KIND.get(span.kind)
            telling = rule is not None and rule.role >= Role.LOGGED
            best = not chosen and not aftermath
            if span.kind != SURROUNDINGS and (telling or best) and not any(_near(span, other) for other in chosen):
                chosen.append(span)
        if chosen:
            self._last_failure = before + max(span.last for span in chosen)
        return [part for span in chosen for part in _apart(texts, span)]

    def _diagnose(self, window: _Window, span: Span, before: int) -> Diagnosis | None:
        incident = moved(describe_span(window, span, self.assistant.redact), before)
        if incident.fingerprint in self._known:
            self.repeats += 1
            return None
        self._known.add(incident.fingerprint)
        self.incidents += 1
        diagnosis = self.assistant.diagnose_incidents(self.name, [incident], [incident.span])
        self.assistant.remember([diagnosis])
        return diagnosis


def _near(one: Span, other: Span) -> bool:
    return one.first <= other.last + NEAR_LINES and other.first <= one.last + NEAR_LINES


def _apart(texts: list[str], span: Span) -> list[Span]:
    """The crashes that follow each other within ``span``, one by one."""
    rule = BY_KIND.get(span.kind)
    if rule is None or rule.role is not Role.CRASH:
        return [span]
    following = next((n for n in range(span.key + 1, span.last + 1) if rule.head.search(texts[n - 1])), None)
    if following is None:
        return [span]
    rest = find_failures(_Window(texts[following - 1 : span.last]), SPANS_LINES, goes_on=True)
    parts = [part for found in rest if found.kind == span.kind for part in _apart(texts, _lower(found, following - 1))]
    return [replace(span, last=following - 1), *parts]


def _lower(span: Span, by: int) -> Span:
    return replace(span, first=span.first + by, last=span.last + by, key=span.key + by)
