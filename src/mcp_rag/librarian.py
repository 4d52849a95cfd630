"""Job 2: documents and confirmed fixes → knowledge.

Documents go into the ledger, which is the one truth; the vector index follows it by revision, so that it can be
killed, thrown away or moved at any time and catches up.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from mcp_rag.errors import InputError, KnowledgeError, NotFound
from mcp_rag.knowledge.documents import Document, read_documents
from mcp_rag.knowledge.embedder import Embedder
from mcp_rag.knowledge.incident_search import incident_entries
from mcp_rag.knowledge.index import KnowledgeIndex
from mcp_rag.knowledge.issue_file import parse_issue_file
from mcp_rag.knowledge.patterns import symptom_of
from mcp_rag.knowledge.search import embedded_texts, index_entries
from mcp_rag.knowledge.tool_indexes import TOOL_PREFIX, read_tool
from mcp_rag.knowledge.votes import CONFIRMED
from mcp_rag.ledger import Change, Ledger, StoredIncident
from mcp_rag.logs.telling import is_telling
from mcp_rag.records import KnownIssue, OutcomeKind

STARTER = "starter"
"""Source of the known issues that ship."""

_STARTER_LOOK = f"look of {STARTER}"

WRITTEN = "written"
"""Source of the known issues that people wrote straight into the ledger."""

OWN = frozenset({CONFIRMED, WRITTEN})
"""Sources whose entries are edited where they are: of no document that would bring the old text back."""

PROJECT_FOLDER = ".mcp-rag/known"
WORDS_OF_AN_ID = 7
"""Of a message, which make an id that people can read. Chosen by eye."""

PROJECT_PREFIX = "project:"
"""Source of a repository's own known issues, with the repository's folder behind it."""

CHANGES_PER_STEP = 256
"""Entries embedded, stored and acknowledged at once: a kill costs at most this many embeddings again. By eye."""

Tell = Callable[[str], None]


def _silent(_: str) -> None:
    """Tell nobody."""


Progress = Callable[[int, int], None]
"""Called with (done, total)."""


@dataclass(slots=True)
class Learned:
    """What a ``learn`` did, in entries; ``skipped`` counts inputs left out, by reason."""

    documents: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


def learn(ledger: Ledger, paths: Sequence[Path], told: Tell = _silent) -> Learned:
    """Read documents into the ledger, one transaction each, so that an interrupted call can be run again."""
    return take_in(ledger, read_documents(paths), told)


def take_in(ledger: Ledger, documents: Iterable[Document], told: Tell = _silent) -> Learned:
    """The same for documents that were read already."""
    learned = Learned()
    for document in documents:
        done = ledger.issues.replace_document(document.source, document.name, document.digest, document.issues)
        learned.documents += 1
        learned.added += done.added
        learned.changed += done.changed
        learned.unchanged += done.unchanged
        learned.removed += done.removed
        learned.skipped.update(document.skipped)
        told(document.name)
    return learned


def learn_tool(ledger: Ledger, name: str) -> tuple[str, Learned]:
    """Take what the installed tool ``name`` explains about itself into the ledger, in place of what an earlier version
    explained; the tool's version and what changed.

    Raises:
        NotFound: no index of such a tool can be read.
        ToolAbsent: the tool is not installed here, or carries no explanations.
    """
    found = read_tool(name)
    digest = hashlib.sha256(repr(found.issues).encode()).hexdigest()
    done = ledger.issues.replace_document(TOOL_PREFIX + name, name, digest, found.issues)
    return found.version, Learned(1, done.added, done.changed, done.unchanged, done.removed)


def keep_starter(ledger: Ledger, told: Tell = _silent) -> None:
    """Bring the known issues that ship into the ledger, when they are not there yet in this version."""
    look = _look_of_starter()
    if look is not None and ledger.state.get(_STARTER_LOOK) == look:
        return
    _keep_folder(ledger, STARTER, [(name, text) for _, name, text in starter_files()], told)
    if look is not None:
        ledger.state.set(_STARTER_LOOK, look)


def _look_of_starter() -> str | None:
    """A digest of the files' names, sizes and times: to read all of them takes a twentieth of a server's start. None
    where they are in no folder."""
    folder = resources.files("mcp_rag.knowledge") / STARTER
    if not isinstance(folder, Path):
        return None
    with os.scandir(folder) as entries:
        seen = sorted((one.name, one.stat().st_size, one.stat().st_mtime_ns) for one in entries)
    return hashlib.sha256(repr((str(folder), seen)).encode()).hexdigest()


def starter_files() -> Iterator[tuple[str, str, str]]:
    """(source, name, text) of each known issue that ships, by name."""
    folder = resources.files("mcp_rag.knowledge") / STARTER
    for file in sorted((f for f in folder.iterdir() if f.name.endswith(".md")), key=lambda f: f.name):
        yield STARTER, file.name, file.read_text(encoding="utf-8")


def starter_texts() -> list[str]:
    """What of the known issues that ship is embedded."""
    return embedded_texts([parse_issue_file(text, source, name) for source, name, text in starter_files()])


def keep_project(ledger: Ledger, folder: Path, told: Tell = _silent) -> str:
    """Bring a repository's reviewed known issues into the ledger and name their source; a wrong file is told of."""
    source = f"{PROJECT_PREFIX}{folder.parent.parent}"
    files = sorted(folder.glob("*.md"))
    _keep_folder(ledger, source, [(f.name, f.read_text(encoding="utf-8", errors="replace")) for f in files], told)
    return source


def _keep_folder(ledger: Ledger, source: str, texts: Sequence[tuple[str, str]], told: Tell) -> None:
    digest = hashlib.sha256("\0".join(part for pair in texts for part in pair).encode()).hexdigest()
    seal = f"digest of {source}"
    if ledger.state.get(seal) == digest:
        return
    read, faults = {}, 0
    for name, text in texts:
        try:
            issue = parse_issue_file(text, source, name)
        except InputError as fault:
            # One wrong file must not keep a diagnosis from the others; it is told of until it is mended.
            told(str(fault))
            faults += 1
            continue
        read[name] = hashlib.sha256(text.encode()).hexdigest(), issue
    ledger.issues.replace_folder(source, read)
    ledger.issues.forget_documents(source, {name for name, _ in texts})
    if not faults:
        ledger.state.set(seal, digest)


def follow(
    ledger: Ledger,
    index: KnowledgeIndex,
    embedder: Embedder,
    place: str,
    lock: AbstractContextManager[object],
    progress: Progress = lambda done, total: None,
    is_counted: bool = False,
) -> None:
    """Bring the index at ``place`` up to the ledger's newest revision.

    ``place`` names server, collection and model: each has a watermark of its own. Two processes may follow at
    once; ``lock`` keeps them from embedding the same text twice, and what they write is idempotent anyway.
    ``is_counted`` spares an index that was whole a moment ago the counting of its entries.

    Raises:
        KnowledgeError: the index does not hold what was written to it.
    """
    mark = f"index revision at {place}"
    if int(ledger.state.get(mark) or 0) == ledger.issues.revision() and (is_counted or _is_whole(ledger, index)):
        return
    with lock:
        if not _is_whole(ledger, index, int(ledger.state.get(mark) or 0)):
            ledger.state.set(mark, "0")
        _apply_changes(ledger, index, embedder, mark, progress)
    if not _is_whole(ledger, index):
        raise KnowledgeError(
            "The index is not complete",
            f"it holds {index.status().entries} entries, the ledger {ledger.issues.count()}",
            "Run `mcp-rag knowledge rebuild`",
        )


def _is_whole(ledger: Ledger, index: KnowledgeIndex, mark: int | None = None) -> bool:
    """Whether the index can be what its watermark says: an index that was thrown away is empty."""
    entries = index.status().entries
    return entries == ledger.issues.count() if mark is None else entries > 0 or mark == 0


def _apply_changes(ledger: Ledger, index: KnowledgeIndex, embedder: Embedder, mark: str, progress: Progress) -> None:
    after, total, done = int(ledger.state.get(mark) or 0), ledger.issues.revision(), 0
    first = after
    while changes := ledger.issues.changes(after, CHANGES_PER_STEP):
        _apply(changes, index, embedder)
        after = changes[-1].revision
        done += len(changes)
        ledger.state.set(mark, str(after))
        progress(after - first, total - first)


def _apply(changes: Sequence[Change], index: KnowledgeIndex, embedder: Embedder) -> None:
    gone = [change.key for change in changes if change.issue is None]
    kept = [change.issue for change in changes if change.issue is not None]
    if gone:
        index.delete(gone)
    if kept:
        index.upsert(list(index_entries(kept, embedder)))


def follow_incidents(
    ledger: Ledger, index: KnowledgeIndex, embedder: Embedder, place: str, lock: AbstractContextManager[object]
) -> None:
    """Bring the index of incidents at ``place`` up to the ledger's latest sighting.

    An incident that was seen again is written again, with what its latest log said. One that another process recorded
    while its number was not visible yet is missed by the watermark and found by the count: then all are written.

    Raises:
        KnowledgeError: the index does not hold what was written to it.
    """
    mark = f"sightings indexed at {place}"
    with lock:
        if index.status().entries == 0:
            ledger.state.set(mark, "0")
        _write_incidents(ledger, index, embedder, mark)
        if index.status().entries < ledger.incidents.count():
            ledger.state.set(mark, "0")
            _write_incidents(ledger, index, embedder, mark)
    if index.status().entries < ledger.incidents.count():
        why = f"it holds {index.status().entries} incidents, the ledger {ledger.incidents.count()}"
        raise KnowledgeError("The index of incidents is not complete", why, "Run `mcp-rag knowledge rebuild`")


def _write_incidents(ledger: Ledger, index: KnowledgeIndex, embedder: Embedder, mark: str) -> None:
    after = int(ledger.state.get(mark) or 0)
    while seen := ledger.incidents.seen_after(after, CHANGES_PER_STEP):
        index.upsert(list(incident_entries([stored for _, stored in seen], embedder)))
        after = seen[-1][0]
        ledger.state.set(mark, str(after))


def record_outcome(
    ledger: Ledger,
    incident_id: str,
    kind: OutcomeKind,
    issue: str | None = None,
    fix: str | None = None,
    face: str = "library",
) -> tuple[StoredIncident, KnownIssue | None]:
    """Write down what a person says of a diagnosis; a fix in their own words becomes a known issue at once.

    ``incident_id`` is an incident's id, the start of one, or ``last``; ``issue`` an issue's id or key, by default
    the one that the diagnosis named; ``face`` is where it was said. A known issue that a fix makes names incident, day
    and face as its origin.

    Raises:
        NotFound: there is no such incident or issue, or the diagnosis named no issue and none is given.
    """
    incident = ledger.incidents.last() if incident_id == "last" else ledger.incidents.get(incident_id)
    at = datetime.now(UTC)
    made = _issue_from_fix(incident, fix, face, at) if fix and kind is OutcomeKind.CONFIRMED else None
    if made is not None:
        ledger.issues.put(made, at, f"incident {incident.id}, confirmed by {face}")
    key = made.key if made else one_issue(ledger, issue).key if issue else incident.issue_key
    if key is None:
        raise NotFound(
            f"Incident {incident.id} has no known issue to {kind.value.removesuffix('ed')}",
            "its diagnosis was unknown",
            'Name one with --issue ID, or tell what fixed it with --fix "…"',
        )
    ledger.outcomes.add(incident.id, kind, key, fix, at)
    return incident, made or ledger.issues.get(key)


def _issue_from_fix(incident: StoredIncident, fix: str, face: str, at: datetime) -> KnownIssue:
    cause = (
        f"Seen before as incident {incident.id}, first on {incident.history.first_seen:%Y-%m-%d}; what fixed it was "
        f"confirmed on {at:%Y-%m-%d} by {face}."
    )
    drafted = draft(incident)
    # A sentence that says little is the same failure in the same place alone: its fingerprint then finds it.
    symptoms = drafted.symptoms if is_telling(incident.incident.template, incident.incident.error_type) else ()
    text = "" if symptoms else incident.incident.message
    return replace(drafted, id=incident.id, source=CONFIRMED, cause=cause, fix=fix, symptoms=symptoms, text=text)


def draft(incident: StoredIncident) -> KnownIssue:
    """A known issue to be completed by a person, with all that the incident itself says filled in.

    Its id is made of the error's name and the first words of its message.
    """
    failure = incident.incident
    said = failure.message or failure.template
    seen = ", ".join(f"{name} {version}" for name, version in failure.versions.items())
    words = re.findall(r"[a-z][a-z0-9]+", re.sub(r"<\w+>", " ", failure.template).lower())
    return KnownIssue(
        id="-".join(words[:WORDS_OF_AN_ID]) or incident.id,
        source=PROJECT_PREFIX,
        title=said,
        symptoms=(symptom_of(failure.template),) if failure.template else (),
        language=failure.language or "",
        package=failure.tool or "",
        text=f"Seen as incident {incident.id}{f' with {seen}' if seen else ''}.",
    )


def one_issue(ledger: Ledger, name: str) -> KnownIssue:
    """The issue of that key, or the only one of that id.

    Raises:
        NotFound: there is none, or several sources have one of that id.
    """
    keys = ledger.issues.find(name)
    if len(keys) == 1:
        return ledger.issues.get(keys[0])
    if not keys:
        raise NotFound(f"There is no known issue {name!r}", "", "`mcp-rag search TEXT` finds issues by their words")
    raise NotFound(f"{len(keys)} known issues are called {name!r}", ", ".join(keys[:5]), "Name one in full")
