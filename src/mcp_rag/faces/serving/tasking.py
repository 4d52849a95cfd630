"""Runs the tasks that callers left, in threads of the server, and takes over those of a process that died."""

from __future__ import annotations

import io
import logging
import secrets
import time
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from mcp_rag.errors import LedgerError, McpRagError
from mcp_rag.faces.serving.houses import Houses
from mcp_rag.faces.serving.learning import learn_upload
from mcp_rag.faces.serving.shared_house import Wanted
from mcp_rag.ledger import StoredTask, TaskStanding
from mcp_rag.ledger.tasks import Tasks
from mcp_rag.logs.scanning import Progress
from mcp_rag.logs.sources import StreamSource

RUNNERS = 2
"""Tasks of this process at once: they share its processors with questions that somebody waits for. Chosen by eye."""

LOOK_SECONDS = 1.0
"""How often a runner looks for what another process left or lost. What this one is given it takes at once. By eye."""

BEAT_SECONDS = 2.0
"""How often a claim is extended, a far smaller span than it holds. Chosen by eye."""

STOP_SECONDS = 20.0
"""How long a stop waits for a task to be given back. Chosen by eye."""

DIAGNOSE = "diagnose"
LEARN = "learn"

_log = logging.getLogger(__name__)


class LetGo(Exception):
    """The task is to be left alone: called off, taken over, or the process is stopping."""


class Runners:
    """Works on the tasks of all teams until the block ends; what is unfinished then is given back."""

    def __init__(self, tasks: Tasks, houses: Houses) -> None:
        self.tasks, self._houses = tasks, houses
        self._owner = secrets.token_hex(8)
        self._stopping, self._something = Event(), Event()
        self._threads = [Thread(target=self._run, name=f"task-{n}", daemon=True) for n in range(RUNNERS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    @property
    def is_stopping(self) -> bool:
        """Whether no more is begun, and listeners are to go."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Begin nothing more, and give back what is being done; waits for nothing."""
        self._stopping.set()
        self._something.set()

    def wake(self) -> None:
        """Say that there is something to do."""
        self._something.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                task = self.tasks.claim(self._owner)
                if task is not None:
                    self._work(task)
                    continue
            except LedgerError as fault:
                # Its database may be down for a while; the claim runs out, and the work is done again.
                _log.warning("tasks: %s", fault)
            self._something.wait(LOOK_SECONDS)
            self._something.clear()

    def _work(self, task: StoredTask) -> None:
        """Do one task and write down what came of it."""
        heart = _Heart(self.tasks, self._owner, task.id, self._stopping)
        with heart:
            try:
                answer = self._answer(task, heart.progress)
            except LetGo:
                if self._stopping.is_set():
                    self.tasks.release(self._owner, task.id)
                else:
                    self.tasks.end(self._owner, task.id, TaskStanding.CANCELLED)
            except McpRagError as wrong:
                error = {"what": wrong.what, "why": wrong.why, "next": wrong.next_step}
                self.tasks.end(self._owner, task.id, TaskStanding.FAILED, error=error)
            except Exception as fault:  # noqa: BLE001  # told to who waits for it, and on standard error
                _log.exception("a task failed")
                error = {"what": "The server failed", "why": type(fault).__name__, "next": "Please report it"}
                self.tasks.end(self._owner, task.id, TaskStanding.FAILED, error=error)
            else:
                self.tasks.end(self._owner, task.id, TaskStanding.DONE, result=answer)

    def _answer(self, task: StoredTask, progress: Progress) -> dict[str, Any]:
        house, given = self._houses.of(task.team), self.tasks.given(task.id)
        if task.kind == LEARN:
            return learn_upload(house.house, task.name, given.body, progress)
        with io.BytesIO(given.body) as stream:
            return house.diagnose(StreamSource(task.name, stream), progress, Wanted(job=given.job, exited=given.exited))


class _Heart:
    """Extends a claim while the block runs, and hears when the task is to be let go."""

    def __init__(self, tasks: Tasks, owner: str, id: str, stopping: Event) -> None:
        self._tasks, self._owner, self._id, self._stopping = tasks, owner, id, stopping
        self._done, self._total = 0, 0
        self._ended, self._let_go = Event(), Event()
        self._thread = Thread(target=self._beat, name=f"beat-{id}", daemon=True)

    def progress(self, done: int, total: int) -> None:
        """Hear how far the work is.

        Raises:
            LetGo: it is to end here.
        """
        self._done, self._total = done, total
        if self._let_go.is_set() or self._stopping.is_set():
            raise LetGo

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            try:
                if not self._tasks.beat(self._owner, self._id, self._done, self._total):
                    self._let_go.set()
            except LedgerError as fault:
                _log.warning("tasks: %s", fault)
