"""Two surroundings → what differs, the suspects first: those that the failure itself names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Literal

from mcp_rag.records import Incident
from mcp_rag.runs.interpreters import modules_of
from mcp_rag.runs.repository import changed_files, last_subject
from mcp_rag.runs.surroundings import Surroundings

Kind = Literal["package", "file", "variable", "python", "lock", "commit"]
_ORDER: tuple[Kind, ...] = ("package", "python", "file", "variable", "lock", "commit")

MOST_SUBJECTS = 20
"""Changed files whose newest commit is looked up. Chosen by eye."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was ``before`` and is ``after`` (None: was not there, or is not). ``detail`` says where, or in
    which commit; ``suspect`` how the failure names it, and is empty when it does not."""

    kind: Kind
    name: str
    before: str | None
    after: str | None
    detail: str = ""
    suspect: str = ""


def find_changes(before: Surroundings, after: Surroundings, incident: Incident | None = None) -> tuple[Change, ...]:
    """What differs, things that ``incident`` names first, else by kind and name."""
    found = [*_packages(before, after), *_locks(before, after), *_files(before, after)]
    found += _variables(before.variables, after.variables)
    if before.python != after.python:
        found.append(Change("python", "interpreter", before.python or None, after.python or None))
    if incident is not None:
        found = _suspected(found, incident, after)
    return tuple(sorted(found, key=lambda c: (not c.suspect, _ORDER.index(c.kind), c.name)))


def _packages(before: Surroundings, after: Surroundings) -> Iterator[Change]:
    """Versions that differ, installed or pinned; one that is both is told once, with the places where it is."""
    told: dict[tuple[str, str | None, str | None], list[str]] = {}
    places = [
        (p, before.locks[p].versions, after.locks[p].versions) for p in sorted(before.locks.keys() & after.locks.keys())
    ]
    if before.packages and after.packages:
        places.insert(0, ("installed", before.packages, after.packages))
    for place, old, new in places:
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                told.setdefault((name, old.get(name), new.get(name)), []).append(place)
    for (name, old_version, new_version), where in told.items():
        yield Change("package", name, old_version, new_version, ", ".join(where))


def _locks(before: Surroundings, after: Surroundings) -> Iterator[Change]:
    """Lock files that came, went, or changed in something that is not told as a version."""
    for path in sorted(before.locks.keys() | after.locks.keys()):
        old, new = before.locks.get(path), after.locks.get(path)
        if old is None or new is None or (old.digest != new.digest and old.versions == new.versions):
            yield Change("lock", path, old.digest[:12] if old else None, new.digest[:12] if new else None)


def _files(before: Surroundings, after: Surroundings) -> Iterator[Change]:
    """The commit, and the files that differ; lock files are told of elsewhere."""
    old, new = before.state, after.state
    if old is None or new is None or old.root != new.root:
        return
    if old.commit != new.commit:
        yield Change("commit", "commit", old.commit[:12] or None, new.commit[:12] or None, new.subject)
    names = [name for name in changed_files(old, new) or () if name not in before.locks and name not in after.locks]
    for place, name in enumerate(names):
        now = name in new.dirty
        subject = "" if now or place >= MOST_SUBJECTS else last_subject(Path(new.root), old.commit, new.commit, name)
        yield Change("file", name, None, None, "not committed" if now else subject)


def _variables(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield Change("variable", name, before.get(name), after.get(name))


def _suspected(found: Sequence[Change], incident: Incident, after: Surroundings) -> list[Change]:
    """``found`` with a word on each that the failure names, in a frame or in what it says."""
    packages = [c.name for c in found if c.kind == "package"]
    modules = modules_of(after.python, packages) if after.python else {}
    return [replace(change, suspect=_suspicion(change, incident, modules, after)) for change in found]


def _suspicion(change: Change, incident: Incident, modules: Mapping[str, Sequence[str]], after: Surroundings) -> str:
    if change.kind == "package":
        return _package_named(modules.get(change.name) or [change.name.replace("-", "_")], incident)
    if change.kind == "file":
        return _file_named(change.name, incident, after)
    return f"the failure names {change.name}" if change.kind == "variable" and _says(change.name, incident) else ""


def _package_named(names: Sequence[str], incident: Incident) -> str:
    for name in names:
        inside = re.compile(
            rf"(?:site|dist)-packages[/\\]{re.escape(name)}(?:[/\\]|\.\w+$)|node_modules[/\\]{re.escape(name)}[/\\]"
        )
        frame = next((f for f in reversed(incident.frames) if inside.search(f.file)), None)
        if frame:
            return f"a frame is in it: {PurePath(frame.file.replace(chr(92), '/')).name}:{frame.line}"
    return next((f"the failure names {name}" for name in names if _says(name, incident)), "")


def _file_named(name: str, incident: Incident, after: Surroundings) -> str:
    root = Path(after.state.root) if after.state else Path(after.folder)
    place = root / name
    shown = {name, str(place), os.path.relpath(place, after.folder)}
    for frame in reversed(incident.frames):
        file = frame.file.removeprefix("file://").replace("\\", "/").removeprefix("./")
        # Java's frames name a file without its folder.
        if file in shown or (
            file and "/" not in file and file == place.name and place.suffix in (".java", ".kt", ".scala")
        ):
            return f"a frame names line {frame.line}" if frame.line else "a frame names it"
    return "the failure names it" if any(_says(form, incident) for form in shown) else ""


def _says(name: str, incident: Incident) -> bool:
    word = re.compile(rf"(?<![\w/.-]){re.escape(name)}(?![\w/-])")
    return any(word.search(excerpt.text) for excerpt in incident.excerpt)
