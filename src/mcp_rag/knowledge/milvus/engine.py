"""The one embedded engine of a home, shared by all processes that use it.

Milvus Lite's engine is a program of its own that must be alone on its database file. It waits for an exclusive lock
on a file named to it and ends when it gets that lock. This module starts it so that it outlives its starter:

- every process that uses the home holds a *shared* lock on ``clients.lock``: the engine ends, within
  milliseconds, when the last of them has let go or died, and no orphan is left;
- the engine itself holds ``engine.lock``, inherited when it is started: whoever can take that lock knows that no
  engine lives, whatever was killed in whatever order;
- who looks for the engine or starts it holds ``start.lock`` meanwhile; who writes holds ``write.lock``, because
  two upserts of one key at once are not safe in the engine.

The engine is started as a program, not through the package ``milvus_lite``, whose import needs ``pkg_resources``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock

from mcp_rag.errors import IndexUnavailable, UnsupportedByEngine
from mcp_rag.knowledge.milvus.locks import (
    POLL_SECONDS,
    Notify,
    held,
    is_free,
    locked,
    read_text,
    try_lock,
    wait_for,
    wait_for_lock,
)

SILENT_ENGINE_SECONDS = 10.0
"""An engine that lives but takes no connection for so long is ended. By eye: it starts in 0.02 s."""

MAX_SOCKET_BYTES = 100
"""``sun_path`` holds 104 bytes on macOS, 108 on Linux."""

REAP_SECONDS = 0.1
"""Wait, by who started the engine, for its end: it takes some 10 ms (measured) unless others still use it."""

QUIET = {"GLOG_minloglevel": "2", "GLOG_logtostderr": "1"}
"""The engine's errors go to ``engine.log``. Left alone, every start leaves its own log of all calls in the folder for
temporary files, some hundred kilobytes."""

ENGINE = 'cd "$0" && echo $$ > engine.pid && exec "$@" > engine.log 2>&1 < /dev/null'
LINGER = 'cd "$0" && exec "$@" > /dev/null 2>&1 < /dev/null'


class EmbeddedEngine:
    """This process's share in the engine of ``folder``. Use ``engine_of``: one process must have only one share,
    because closing any descriptor of a file gives up all of the process's record locks on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = RLock()
        self._users = 0
        self._share: int | None = None
        self._child: int | None = None

    def address(self, notify: Notify) -> str:
        """The address of the living engine, started if need be.

        Raises:
            IndexUnavailable: it cannot be started or reached, or another process did not make room in time.
        """
        _engine_folder()
        with self._lock, _reported(self.folder):
            self._take_share(notify)
            with held(self.folder / "start.lock", notify):
                return self._published(notify) or self._start()

    def join(self) -> None:
        """Count one more user in this process."""
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        """Count one user less; with the last, the engine is free to end."""
        with self._lock:
            self._users -= 1
            self.touch()
            if self._users <= 0 and self._share is not None:
                os.close(self._share)
                self._share = None
                self._reap(REAP_SECONDS)

    def touch(self) -> None:
        """Say that the index is in use, to who lingers for it."""
        with suppress(OSError):
            (self.folder / "used").touch()

    def keep_loaded(self, seconds: float) -> None:
        """Keep the engine alive until nobody has used it for ``seconds``, beyond the end of this process."""
        self.touch()
        if sys.executable:
            program = str(Path(__file__).with_name("linger.py"))
            _spawn(self.folder, LINGER, [sys.executable, "-I", "-S", program, str(self.folder), str(seconds)])
            self._child = None  # it stays: not waited for

    def discard(self, notify: Notify) -> None:
        """Throw the database away, when no engine can open it."""
        with self._lock, _reported(self.folder), held(self.folder / "start.lock", notify):
            lock = try_lock(self.folder / "engine.lock")
            if lock is None:
                return
            for path in self.folder.glob("milvus.db*"):
                path.unlink()
            os.close(lock)

    def _take_share(self, notify: Notify) -> None:
        """Blocks only while a dying engine holds the lock, some milliseconds."""
        import fcntl

        if self._share is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / "clients.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            wait_for(
                lambda: locked(fcntl.lockf, descriptor, fcntl.LOCK_SH),
                lambda: f"the engine, process {read_text(self.folder / 'engine.pid')}, that is ending",
                notify,
            )
        except BaseException:
            os.close(descriptor)
            raise
        self._share = descriptor

    def _published(self, notify: Notify) -> str | None:
        """The address of the living engine; None when none lives any more."""
        lock = try_lock(self.folder / "engine.lock")
        if lock is not None:
            os.close(lock)
            return None
        kept = json.loads(read_text(self.folder / "engine.json") or "{}")
        if kept.get("host") != socket.gethostname():
            raise IndexUnavailable(
                f"The index in {self.folder} is in use on another machine",
                f"its engine runs on {kept.get('host', 'an unknown host')}",
                "Wait until it is free there, or set MCP_RAG_HOME or MCP_RAG_MILVUS_URI",
            )
        if self._answers(kept["socket"]):
            return f"unix:{kept['socket']}"
        if not is_free(self.folder / "engine.lock"):
            self._end_silent_engine(notify)
        return None

    def _reap(self, seconds: float) -> None:
        """Take the end of the engine that this process started: not every container has somebody else who would."""
        deadline = time.monotonic() + seconds
        while self._child is not None:
            with suppress(ChildProcessError):
                if os.waitpid(self._child, os.WNOHANG)[0] == 0:
                    if time.monotonic() > deadline:
                        return
                    time.sleep(POLL_SECONDS / 5)
                    continue
            self._child = None

    def _answers(self, path: str) -> bool:
        """Whether an engine takes connections at ``path``, waited for as long as it lives."""
        deadline = time.monotonic() + SILENT_ENGINE_SECONDS
        while time.monotonic() < deadline:
            with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
                probe.connect(path)
                return True
            if is_free(self.folder / "engine.lock"):
                return False
            time.sleep(POLL_SECONDS)
        return False

    def _end_silent_engine(self, notify: Notify) -> None:
        pid = read_text(self.folder / "engine.pid")
        notify(f"the index's engine, process {pid}, does not answer: starting another")
        with suppress(ProcessLookupError, ValueError):
            os.kill(int(pid), signal.SIGKILL)

    def _start(self) -> str:
        path = _socket_path(self.folder)
        path.unlink(missing_ok=True)
        (self.folder / "engine.json").write_text(json.dumps({"host": socket.gethostname(), "socket": str(path)}))
        lock = wait_for_lock(self.folder / "engine.lock")
        try:
            self._reap(0.0)
            self._child = _launch(self.folder, path, lock)
        finally:
            os.close(lock)
        if not self._answers(str(path)):
            raise BrokenEngine(
                f"The index in {self.folder} cannot be opened",
                f"Milvus Lite's engine did not start ({_last_line(self.folder / 'engine.log')})",
                "Run `mcp-rag knowledge rebuild` to make the index anew",
            )
        return f"unix:{path}"


class BrokenEngine(IndexUnavailable):
    """The engine cannot open its own database: it may be thrown away."""


_ENGINES: dict[tuple[int, Path], EmbeddedEngine] = {}
"""By process and folder: a forked child must not believe that it holds its parent's locks."""

_ENGINES_LOCK = RLock()


def engine_of(folder: Path) -> EmbeddedEngine:
    """This process's only share in the engine of ``folder``, with one more user."""
    folder = folder.absolute()
    with _ENGINES_LOCK:
        engine = _ENGINES.setdefault((os.getpid(), folder), EmbeddedEngine(folder))
        engine.join()
        return engine


def _launch(folder: Path, path: Path, lock: int) -> int:
    libraries = _engine_folder()
    environment = dict(os.environ) | QUIET
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        environment[name] = os.pathsep.join(p for p in (str(libraries), environment.get(name, "")) if p)
    command = [str(libraries / "milvus"), str(folder / "milvus.db"), f"unix:{path}", "ERROR"]
    os.set_inheritable(lock, True)
    return _spawn(folder, ENGINE, [*command, str(folder / "clients.lock")], environment)


def _spawn(folder: Path, script: str, command: list[str], environment: dict[str, str] | None = None) -> int:
    """Start a program in ``folder`` that may outlive this process, out of reach of its terminal's signals."""
    arguments = ["sh", "-c", script, str(folder), *command]
    return os.posix_spawn("/bin/sh", arguments, os.environ if environment is None else environment, setsid=True)


def _engine_folder() -> Path:
    """Where the installed package keeps its program.

    Raises:
        UnsupportedByEngine: there is none for this platform, or a version without one.
    """
    found = importlib.util.find_spec("milvus_lite")
    for place in (found.submodule_search_locations if found else None) or ():
        if (Path(place) / "lib" / "milvus").exists():
            return Path(place) / "lib"
    raise UnsupportedByEngine(
        "There is no embedded Milvus here",
        f"Milvus Lite 2.5 is not installed, or not made for {sys.platform}",
        "Install milvus-lite==2.5.1, or set MCP_RAG_MILVUS_URI to a Milvus server",
    )


def _socket_path(folder: Path) -> Path:
    """A socket for ``folder`` in a private folder, short whatever the home's name is.

    Raises:
        IndexUnavailable: that folder belongs to someone else.
    """
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    private = Path(tempfile.gettempdir()) / f"mcp-rag-{os.getuid()}"
    if len(os.fsencode(private)) + 1 + len(name) > MAX_SOCKET_BYTES or not str(private).isascii():
        private = Path(f"/tmp/mcp-rag-{os.getuid()}")
    private.mkdir(mode=0o700, exist_ok=True)
    kept = private.lstat()
    if kept.st_uid != os.getuid() or kept.st_mode & 0o077 or private.is_symlink():
        raise IndexUnavailable(
            f"The folder {private} is not private to you",
            "the index's engine listens there, and others could reach it",
            "Remove it, or set TMPDIR to a folder of your own",
        )
    return private / name


@contextmanager
def _reported(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise IndexUnavailable(
            f"The index in {folder} cannot be used", str(fault), "Set MCP_RAG_HOME to a folder that you may write"
        ) from fault


def _last_line(path: Path) -> str:
    lines = read_text(path).splitlines()
    return lines[-1][:200] if lines else "it said nothing"
