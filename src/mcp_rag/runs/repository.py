"""What git says of a folder at the time of a run, and which files differ between two runs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcp_rag.records import NO_VALUES

GIT_SECONDS = 10
"""A repository that takes git longer is left out. Chosen by eye."""

MOST_DIRTY = 500
"""Files changed since the commit whose content is told apart; further ones are not looked at. Chosen by eye."""

MOST_CHANGED = 2_000
"""Files that differ between two runs; of more, none is a suspect. Chosen by eye."""

GONE = ""
"""The blob of a file that is not there."""


@dataclass(frozen=True, slots=True)
class State:
    """A working tree: its root, the commit (empty before the first one), that commit's subject, and the files that
    differ from it, with the id of their content (path from the root → blob, ``GONE`` of a deleted one)."""

    root: str
    commit: str = ""
    subject: str = ""
    dirty: Mapping[str, str] = field(default_factory=lambda: NO_VALUES)


def read_state(folder: Path) -> State | None:
    """The working tree around ``folder``; None when there is none, or git is missing or gives no answer."""
    root = _git(folder, "rev-parse", "--show-toplevel")
    if root is None:
        return None
    top = Path(root.rstrip("\n"))
    head = _git(top, "log", "-1", "--format=%H%x00%s") or ""
    commit, _, subject = head.strip("\n").partition("\0")
    return State(str(top), commit, subject[:200], _dirty(top))


def changed_files(before: State, after: State) -> list[str] | None:
    """The files whose content differs between two states of one working tree, by path from its root.

    None when it can't be told: the earlier commit is no longer there, or git gives no answer.
    """
    root = Path(after.root)
    names = {*before.dirty, *after.dirty}
    if before.commit != after.commit:
        told = _git(root, "diff", "--name-only", "--no-renames", "-z", before.commit, after.commit)
        if told is None or not before.commit or not after.commit:
            return None
        names.update(name for name in told.split("\0") if name)
    if len(names) > MOST_CHANGED:
        return sorted(names)
    old = {**_blobs(root, before.commit, names), **_within(before.dirty, names)}
    new = {**_blobs(root, after.commit, names), **_within(after.dirty, names)}
    return sorted(name for name in names if old.get(name, GONE) != new.get(name, GONE))


def last_subject(root: Path, before: str, after: str, path: str) -> str:
    """Short id and subject of the newest commit between two that touched ``path``; empty when none did."""
    said = _git(root, "log", "-1", "--format=%h %s", f"{before}..{after}", "--", path) if before and after else ""
    return (said or "").strip()[:200]


def _dirty(root: Path) -> Mapping[str, str]:
    told = _git(root, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules")
    if not told:
        return NO_VALUES
    names = sorted(entry[3:] for entry in told.split("\0") if len(entry) > 3)[:MOST_DIRTY]
    there = [name for name in names if (root / name).is_file()]
    ids = _git(root, "hash-object", "--stdin-paths", given="\n".join(there)) if there else ""
    blobs = (ids or "").split()
    if len(blobs) != len(there):  # a file went away, or a name has a newline in it
        blobs = [f"size {_size(root / name)}" for name in there]
    return {**dict.fromkeys(names, GONE), **dict(zip(there, blobs, strict=True))}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _blobs(root: Path, commit: str, names: Iterable[str]) -> dict[str, str]:
    """Path → blob in ``commit``, of those files that it has."""
    asked = sorted(names)
    if not commit or not asked:
        return {}
    told = _git(root, "ls-tree", "-r", "-z", "--full-tree", commit, "--", *asked) or ""
    entries = (entry.partition("\t") for entry in told.split("\0") if "\t" in entry)
    return {name: meta.split()[2] for meta, _, name in entries}


def _within(blobs: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: blobs[name] for name in names if name in blobs}


def _git(folder: Path, *arguments: str, given: str | None = None) -> str | None:
    """What git prints; None when it is missing, refuses or takes too long. It takes no lock and asks nobody."""
    call: Sequence[str] = ("git", "-c", "core.quotePath=false", "-c", "core.fsmonitor=false", *arguments)
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            call,
            cwd=folder,
            input=given,
            stdin=None if given is not None else subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=GIT_SECONDS,
            check=True,
            env={**own, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"},
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return done.stdout
