"""Job 1: a log → the diagnosis.

The main job reads as itself: read the log, find the failing spans, describe the incident, hold it against what
is known, and say what that bears.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from mcp_rag.errors import ChatError
from mcp_rag.knowledge.patterns import filled
from mcp_rag.knowledge.search import KnowledgeBase
from mcp_rag.ledger import Ledger
from mcp_rag.logs.budget import within_tokens
from mcp_rag.logs.comparing import find_new
from mcp_rag.logs.failures import SURROUNDINGS, find_failures, tells_nothing, weigh_failures
from mcp_rag.logs.good_runs import last_good_shapes, remember_good_run
from mcp_rag.logs.incident import describe_span
from mcp_rag.logs.log import Log
from mcp_rag.logs.outcome_words import is_row
from mcp_rag.logs.reading import read_log
from mcp_rag.logs.restarts import last_start
from mcp_rag.logs.scanning import Progress, unseen
from mcp_rag.logs.source import LogSource
from mcp_rag.logs.telling import names_a_file
from mcp_rag.reasoning import composing
from mcp_rag.reasoning.chat import ChatModel
from mcp_rag.reasoning.choosing import is_hard
from mcp_rag.reasoning.wording import Hear, word
from mcp_rag.records import Diagnosis, Evidence, Excerpt, Incident, Query, Span, Verdict
from mcp_rag.settings import Settings

SPANS_HELD_AGAINST_PATTERNS, WITHIN_ODDS = 2, 3.0
"""A cascade may outrank its cause by a place; further down, or when its log-odds are so far behind (twenty times less
likely), other people's noise begins. On the 399 logs of LogChunks' public half all of 23 certain
matches beyond were of such noise; on three sets of 467 labelled logs no right one was there."""

LOOKED_AT_BEFORE, LOOKED_AT_AFTER = 6, 3
"""Lines around the likeliest failure in which a known issue's symptom may stand, where none stands in it. Of 1,565 labelled
failing logs ten are answered so, all rightly; by 15 and 8 lines 13 are, two of them wrongly."""

RECOGNISED_LINES = 20
"""A longer log in which nothing speaks of failure is called clean. Chosen by eye."""

EVIDENCE_SHOWN = 5
"""The match and its nearest neighbours. Chosen by eye."""


@dataclass(frozen=True, slots=True)
class Assistant:
    """Diagnoses logs with what the ledger and the knowledge base hold.

    ``versions`` are those of the environment in which the log arose (package → version), when it is known;
    versions that the log itself names go before them. ``hear`` follows a model's wording while it is made.
    """

    ledger: Ledger
    knowledge: KnowledgeBase
    settings: Settings
    redact: Callable[[str], str]
    versions: Mapping[str, str]
    chat: ChatModel | None = None
    hard_chat: ChatModel | None = None
    hear: Hear | None = None

    def read(self, source: LogSource, exited: int | None = None) -> Log:
        """The log behind ``source``, within the size limits of the settings; below it the exit code of its run, where that is
        known."""
        most, ratio = self.settings.max_log_bytes, self.settings.max_compression_ratio
        return read_log(source, max_bytes=most, max_ratio=ratio, exited=exited)

    def extract(self, source: LogSource, budget_lines: int | None = None) -> list[Span]:
        """The failing spans of a log, best first, within a budget of lines; none when nothing failed."""
        return find_failures(self.read(source), budget_lines or self.settings.lines)

    def diagnose(
        self,
        source: LogSource,
        good: Sequence[LogSource] = (),
        job: str | None = None,
        progress: Progress = unseen,
        exited: int | None = None,
    ) -> Diagnosis:
        """Cause and fix of the failure in a log, or an honest *unknown*, or *clean*. Records no sighting.

        What is new against the logs ``good`` of runs that passed, and against the last good run of the ``job``, is
        looked at first; a clean log becomes the job's last good one. ``progress`` hears of the lines of a large log.
        ``exited`` is the exit code of the run that wrote the log, where it is known: nobody weighs then whether it failed.
        """
        return self.diagnose_log(self.read(source, exited), good, job, progress)

    def diagnose_log(
        self, log: Log, good: Sequence[LogSource] = (), job: str | None = None, progress: Progress = unseen
    ) -> Diagnosis:
        """The same of a log that is read already."""
        shapes = last_good_shapes(self.ledger, job) if job else None
        spans, chance = self._failing(log, [self.read(passed) for passed in good], shapes, progress)
        notes = (*log.notes, *composing.runs_before(last_start(log.texts)), *composing.doubt_of(chance))
        if not spans and (spans := self._recognised(log)):
            notes = log.notes
        if job and not spans:
            remember_good_run(self.ledger, job, log.source, log.texts)
        if not spans:
            return composing.clean(log.source, notes, chance)
        return self.diagnose_incidents(log.source, self._candidates(log, spans), spans, notes)

    def diagnose_incidents(
        self, source: str, incidents: Iterable[Incident], spans: Sequence[Span], notes: Sequence[str] = ()
    ) -> Diagnosis:
        """The diagnosis of the likeliest, first, of ``incidents``, or of a later one for which a known issue is certain.

        ``spans`` are those that the diagnosis shows. Records no sighting.
        """
        incident, evidence = self._hold_against_knowledge(incidents)
        history = self.ledger.incidents.history(incident.fingerprint)
        diagnosis = composing.compose(source, incident, spans, evidence, history, notes)
        return self.word(diagnosis)

    def _failing(
        self, log: Log, passed: Sequence[Log], shapes: frozenset[str] | None, progress: Progress
    ) -> tuple[list[Span], float]:
        """The failing spans within the budget, and how probably anything failed; those that no passing run has, when there
        is one and it leaves any."""
        lines = self.settings.tokens or self.settings.lines
        spans, chance = weigh_failures(log, lines, progress)
        if spans and (passed or shapes is not None):
            spans = find_new(log, passed, lines, shapes or frozenset()) or spans
        if self.settings.tokens:
            spans = within_tokens(spans, log.texts, self.settings.tokens)
        return spans, chance

    def _recognised(self, log: Log) -> list[Span]:
        """The line of a short log, most often pasted, that is a known issue's very symptom, though no grammar calls it a
        failure and nothing says that all went well; a row of a table tells of others."""
        if len(log.texts) > RECOGNISED_LINES or not tells_nothing(log):
            return []
        return self._known_symptom(log, range(1, len(log.texts) + 1))

    def _candidates(self, log: Log, spans: Sequence[Span]) -> Iterator[Incident]:
        """The incidents that the diagnosis may be of, likeliest first: that of the likeliest cause, that of a known issue's
        symptom in the lines around it, of which no grammar saw more than what followed, and those of the other causes."""
        likeliest, *others = _likely_causes(spans)
        yield describe_span(log, likeliest, self.redact)
        best, end = spans[0], len(log.texts) + 1
        around = chain(
            range(max(1, best.first - LOOKED_AT_BEFORE), best.first),
            range(best.last + 1, min(end, best.last + 1 + LOOKED_AT_AFTER)),
        )
        for span in (*self._known_symptom(log, around), *others):
            yield describe_span(log, span, self.redact)

    def _known_symptom(self, log: Log, numbers: Iterable[int]) -> list[Span]:
        """The one span of the lines ``numbers`` that hold a known issue's very symptom; none where none does."""
        said = ((number, log.texts[number - 1]) for number in numbers)
        lines = tuple(Excerpt(number, self.redact(text)) for number, text in said if text.strip() and not is_row(text))
        found = [e for e in self.knowledge.certain_matches(Query(text="", lines=lines)) if e.match and e.lines]
        if not found:
            return []
        first, last = min(found[0].lines), max(found[0].lines)
        return [Span(first, last, 1.0, "a known issue's symptom", "known-symptom", first)]

    def remember(self, diagnoses: Iterable[Diagnosis]) -> None:
        """Record each failure's sighting, after all answers of a call are given, so that none colours another."""
        for diagnosis in diagnoses:
            if diagnosis.incident is not None:
                known = diagnosis.evidence[0].issue.key if diagnosis.verdict is Verdict.KNOWN else None
                self.ledger.incidents.record(diagnosis.incident, diagnosis.source, diagnosis.verdict, known)

    def _hold_against_knowledge(self, incidents: Iterable[Incident]) -> tuple[Incident, list[Evidence]]:
        """The incident that the diagnosis is of, and the evidence for it, best first.

        A certain match is found without the vector index, whose engine takes longer to start than all the rest. What
        people or versions turn down for a likelier incident answers no other one of the same log.
        """
        likeliest, turned_down = None, set[str]()
        for incident in incidents:
            likeliest = likeliest or incident
            certain = self.knowledge.certain_matches(self._query(incident))
            if certain and certain[0].match and certain[0].issue.key not in turned_down:
                return incident, [filled(e) for e in certain[:EVIDENCE_SHOWN]]
            turned_down.update(e.issue.key for e in certain if not e.match)
        assert likeliest is not None
        found = self.knowledge.search(self._query(likeliest), limit=EVIDENCE_SHOWN)
        return likeliest, [filled(e) for e in found]

    def _query(self, incident: Incident) -> Query:
        return compose_query(incident, self.versions)

    def chat_for(self, diagnosis: Diagnosis) -> ChatModel | None:
        """The model that words ``diagnosis`` and talks about it: for hard cases another one, where one is set."""
        return self.hard_chat if self.hard_chat is not None and is_hard(diagnosis) else self.chat

    def word(self, diagnosis: Diagnosis) -> Diagnosis:
        """The same in the language model's words where one is set and they stand the check; else as it is, with a note."""
        chat = self.chat_for(diagnosis)
        if chat is None:
            return diagnosis
        try:
            return word(diagnosis, chat, self.hear)
        except ChatError as error:
            return replace(diagnosis, notes=(*diagnosis.notes, f"Answered without the language model. {error}"))


def _likely_causes(spans: Sequence[Span]) -> list[Span]:
    """The best failing spans, of which any may be what the others follow from."""
    failing = [span for span in spans if span.kind != SURROUNDINGS][:SPANS_HELD_AGAINST_PATTERNS]
    return [span for span in failing if span.score >= failing[0].score - WITHIN_ODDS]


def compose_query(incident: Incident, versions: Mapping[str, str]) -> Query:
    """What to ask the knowledge base about an incident; versions seen in the log go before the environment's."""
    return Query(
        text="\n".join(excerpt.text for excerpt in incident.excerpt),
        message=incident.message,
        error_type=incident.error_type or "",
        fingerprint=incident.fingerprint,
        sentence=incident.sentence,
        has_place=bool(incident.frames) or names_a_file(incident.template),
        language=incident.language or "",
        lines=incident.excerpt,
        versions={**versions, **incident.versions},
    )
