"""A diagnosis and its log → the ledger, so that the page has an address and survives.

The lines around the failure are written before the answer is given; the rest of a long log follows behind it, for
masking two hundred thousand lines takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mcp_rag.errors import NotFound
from mcp_rag.faces.serialisation import diagnosis_to_json
from mcp_rag.ledger import StoredDiagnosis
from mcp_rag.logs.log import Log
from mcp_rag.logs.redaction import Redactor
from mcp_rag.logs.scanning import Progress, unseen
from mcp_rag.logs.source import LogSource
from mcp_rag.reasoning.wording import Hear
from mcp_rag.records import Diagnosis, Span, Statement
from mcp_rag.wiring import House

WHOLE_LINES = 250_000
WHOLE_BYTES = 64_000_000
"""Up to here a log is kept whole; of a larger one its ends and what surrounds each failing span. Chosen by eye."""

AROUND_LINES = 2_000
CHUNK_LINES = 2_000
"""Lines masked, packed and read at once: about 70 ms to mask, 1 ms to read. Chosen by eye."""

CHUNKS_AT_ONCE = 8
"""Chunks written in one transaction. Chosen by eye."""

LINE_CHARACTERS = 4_000
"""A longer line is kept up to here; how much is missing is told. Chosen by eye."""

KEY_LINES = 150
"""Lines before a chunk that are masked with it, so that a private key is known for one where a chunk cuts it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A diagnosis that was written down, and what of its log still is to be."""

    stored: StoredDiagnosis
    log: Log
    rest: tuple[range, ...]


def diagnose_and_keep(
    house: House,
    source: LogSource,
    exited: int | None = None,
    progress: Progress = unseen,
    hear: Hear | None = None,
) -> Kept:
    """The diagnosis of a log, remembered as everywhere, and kept with the lines around its failure.

    ``exited`` is the exit code of its run, where it is known. ``progress`` hears of a large log's lines, ``hear`` the
    draft of a language model's wording.

    Raises:
        InputError: the log cannot be read, or is too large.
    """
    log = house.assistant.read(source, exited)
    diagnosis = replace(house.assistant, hear=hear).diagnose_log(log, progress=progress)
    house.assistant.remember([diagnosis])
    incidents = house.ledger.incidents
    incident_id = incidents.get(diagnosis.incident_id).id if diagnosis.incident_id else None
    planned = plan(log, diagnosis.spans)
    document = document_of(diagnosis) | {"lines": len(log), "planned": [[run.start, run.stop - 1] for run in planned]}
    stored = house.ledger.diagnoses.keep(log.source, diagnosis.verdict, incident_id, document)
    chunks = by_nearness([chunk for run in planned for chunk in _chunks(run)], diagnosis.spans)
    kept = Kept(stored, log, tuple(chunks[1:]))
    _write(house, kept, chunks[:1])
    return kept


def keep_rest(house: House, kept: Kept) -> None:
    """Write down the rest of the log's lines, nearest to its failures first, and make room for them."""
    try:
        for start in range(0, len(kept.rest), CHUNKS_AT_ONCE):
            _write(house, kept, kept.rest[start : start + CHUNKS_AT_ONCE])
    except NotFound:
        return  # it made room for later ones while it was still being written
    house.ledger.diagnoses.prune()


def document_of(diagnosis: Diagnosis) -> dict[str, Any]:
    """What the page shows of a diagnosis: the JSON of every face, and which lines bear which statement."""
    statements = {"cause": diagnosis.cause, "fix": diagnosis.fix}
    return diagnosis_to_json(diagnosis) | {
        "statements": {name: _statement(said) for name, said in statements.items() if said is not None}
    }


def _statement(said: Statement) -> dict[str, Any]:
    return {"text": said.text, "lines": list(said.lines), "issues": list(said.issues)}


def plan(log: Log, spans: Sequence[Span]) -> list[range]:
    """The lines of ``log`` that will be kept, in order, apart from each other."""
    count = len(log)
    if count <= WHOLE_LINES and len(log.data) <= WHOLE_BYTES:
        return [range(1, count + 1)] if count else []
    wanted = [(1, AROUND_LINES), (count - AROUND_LINES + 1, count)]
    wanted += [(span.first - AROUND_LINES, span.last + AROUND_LINES) for span in spans]
    runs: list[range] = []
    for first, last in sorted((max(1, first), min(count, last)) for first, last in wanted):
        if runs and first <= runs[-1].stop:
            runs[-1] = range(runs[-1].start, max(runs[-1].stop, last + 1))
        else:
            runs.append(range(first, last + 1))
    return runs


def _chunks(run: range) -> Iterator[range]:
    for start in range(run.start, run.stop, CHUNK_LINES):
        yield range(start, min(start + CHUNK_LINES, run.stop))


def by_nearness(chunks: Sequence[range], spans: Sequence[Span]) -> list[range]:
    """``chunks`` with those that hold a failing span first, the best span's before all."""
    rank: dict[range, int] = {}
    for place, span in enumerate(spans):
        for chunk in chunks:
            if span.key in chunk:
                rank.setdefault(chunk, place)
    return sorted(chunks, key=lambda chunk: (rank.get(chunk, len(spans)), chunk.start))


def _write(house: House, kept: Kept, chunks: Sequence[range]) -> None:
    settings = house.settings
    redactor = Redactor(enabled=settings.redact, ips=settings.redact_ips)
    house.ledger.diagnoses.add_lines(
        kept.stored.id, [(chunk.start, _masked(kept.log, chunk, redactor)) for chunk in chunks]
    )


def _masked(log: Log, chunk: range, redactor: Redactor) -> list[str]:
    before = min(KEY_LINES, chunk.start - 1)
    texts = [text for _, text in log.lines(chunk.start - before, chunk.stop - 1)]
    return [_cut(text) for text in redactor.redact_all(texts)[before:]]


def _cut(text: str) -> str:
    missing = len(text) - LINE_CHARACTERS
    return text if missing <= 0 else f"{text[:LINE_CHARACTERS]} … (+{missing:,})"
