"""What a run is remembered by: the state of everything around the command that commonly breaks it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mcp_rag.errors import InputError
from mcp_rag.records import NO_VALUES
from mcp_rag.runs.interpreters import packages_of, python_of
from mcp_rag.runs.repository import State, read_state

LOCK_FILES = (
    "requirements*.txt", "constraints*.txt", "pylock*.toml", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock",
    "environment.y*ml", "conda-lock.yml", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "Cargo.lock", "go.mod",
    "go.sum", "Gemfile.lock", "composer.lock", "gradle.lockfile", "flake.lock",
)  # fmt: skip
"""Names of files that pin what others have written."""

MOST_LOCK_FILES, MOST_LOCK_BYTES, MOST_VERSIONS = 40, 20_000_000, 5_000
"""Beyond these a file is not looked at and a version not kept, so that what is remembered stays small. By eye."""

_PLAIN = re.compile(r"[\w.+!*-]{1,60}")
"""A version that is no address."""

ReadVersions = Callable[[Path], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class LockFile:
    """A lock file's SHA-256 and the versions it pins, as far as its format is understood."""

    digest: str
    versions: Mapping[str, str] = field(default_factory=lambda: NO_VALUES)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``folder`` is where the command ran. ``python`` is the interpreter that it uses (empty: none was found),
    ``packages`` what is installed there (name → version, ``python`` among them); ``locks`` are by their path from
    the repository's root, or from the folder; ``variables`` those that may be remembered, secrets masked."""

    folder: str
    state: State | None = None
    python: str = ""
    packages: Mapping[str, str] = field(default_factory=lambda: NO_VALUES)
    locks: Mapping[str, LockFile] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=lambda: NO_VALUES)


def observe(
    command: Sequence[str],
    folder: Path,
    variables: Mapping[str, str],
    read_versions: ReadVersions,
    redact: Callable[[str], str],
) -> Surroundings:
    """The surroundings of ``command`` in ``folder`` as they are now; what can't be told is left out.

    ``variables`` are kept as they are given; ``read_versions`` gives the versions that a lock file pins; ``redact``
    masks secrets in what else could hold one: a commit's subject, a version that is an address.
    """
    state = read_state(folder)
    if state is not None:
        state = replace(state, subject=redact(state.subject))
    python = python_of(command, folder)
    return Surroundings(
        folder=str(folder),
        state=state,
        python=python,
        packages=_cut(packages_of(python), redact) if python else NO_VALUES,
        locks=_locks(folder, Path(state.root) if state else folder, lambda path: _cut(read_versions(path), redact)),
        variables=variables,
    )


def _locks(folder: Path, root: Path, read_versions: ReadVersions) -> dict[str, LockFile]:
    """The lock files of ``folder`` and of those above it up to ``root``."""
    within = [folder, *folder.parents]
    folders = within[: within.index(root) + 1] if root in within else [folder]
    found: dict[str, LockFile] = {}
    for place in (path for where in folders for name in LOCK_FILES for path in sorted(where.glob(name))):
        if len(found) < MOST_LOCK_FILES and (lock := _lock(place, read_versions)):
            found[place.relative_to(folders[-1]).as_posix()] = lock
    return found


def _lock(path: Path, read_versions: ReadVersions) -> LockFile | None:
    """The lock file at ``path``; None when it cannot be read or is too large for one."""
    try:
        if not path.is_file() or path.stat().st_size > MOST_LOCK_BYTES:
            return None
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
    try:
        return LockFile(digest, read_versions(path))
    except InputError:
        # Half-written, or of a format that pins nothing that is understood here: that it changed is seen all the same.
        return LockFile(digest)


def _cut(versions: Mapping[str, str], redact: Callable[[str], str]) -> Mapping[str, str]:
    kept = sorted(versions.items())[:MOST_VERSIONS]
    return {name: version if _PLAIN.fullmatch(version) else redact(version) for name, version in kept}
