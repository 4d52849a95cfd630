"""Locks between processes, with a word when one waits and an end to the waiting."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mcp_rag.errors import IndexUnavailable

Notify = Callable[[str], None]

WAIT_SECONDS = 60.0
"""Longest wait for another process. By eye: a batch of 1,000 entries takes about a second."""

TELL_AFTER_SECONDS = 1.0
POLL_SECONDS = 0.01
"""An engine starts and ends in some 20 ms (measured): a finer step gains nothing."""


@contextmanager
def held(path: Path, notify: Notify) -> Iterator[None]:
    """Hold the lock file ``path`` against other processes and threads.

    Raises:
        IndexUnavailable: its holder did not let go within ``WAIT_SECONDS``.
    """
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        wait_for(lambda: locked(fcntl.flock, descriptor, fcntl.LOCK_EX), lambda: f"process {read_text(path)}", notify)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def wait_for(done: Callable[[], bool], holder: Callable[[], str], notify: Notify) -> None:
    start, told = time.monotonic(), False
    while not done():
        waited = time.monotonic() - start
        if waited > WAIT_SECONDS:
            raise IndexUnavailable(
                "The index is in use",
                f"held by {holder()} for more than {WAIT_SECONDS:.0f} s",
                "Try again when that process is done, or end it",
            )
        if waited > TELL_AFTER_SECONDS and not told:
            notify(f"waiting for the index, held by {holder()}")
            told = True
        time.sleep(POLL_SECONDS)


def locked(how: Callable[[int, int], None], descriptor: int, kind: int) -> bool:
    import fcntl

    try:
        how(descriptor, kind | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def try_lock(path: Path) -> int | None:
    """A descriptor that holds ``path``, or None when somebody else does."""
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if locked(fcntl.flock, descriptor, fcntl.LOCK_EX):
        return descriptor
    os.close(descriptor)
    return None


def wait_for_lock(path: Path) -> int:
    """As ``try_lock``, waiting for an engine that is going."""
    taken: list[int] = []

    def take() -> bool:
        descriptor = try_lock(path)
        taken.extend([] if descriptor is None else [descriptor])
        return descriptor is not None

    wait_for(take, lambda: f"process {read_text(path.parent / 'engine.pid')}", lambda _: None)
    return taken[0]


def is_free(path: Path) -> bool:
    lock = try_lock(path)
    if lock is not None:
        os.close(lock)
    return lock is not None


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
