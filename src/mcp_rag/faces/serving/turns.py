"""Whose turn it is: who waits for an answer on the screen goes before a log that is being read.

Threads of one process share its processors, and Python's interpreter: what runs beside a search makes it slower. So
only as many searches run at once as there are processors for, and logs are read beside them one by one, when no search
waits. Logs are never shut out: of so many turns one is theirs.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import os
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread

CALLS_AT_ONCE = 32
"""Short questions to the ledger at the same time. Chosen by eye."""

SEARCHES_BESIDE_PROCESSORS = 1
"""More searches at once than processors: one that waits for the index leaves its own to another. Chosen by eye."""

LOG_EVERY = 8
"""Of so many turns one at least is a log's, when one waits. Chosen by eye: under a load of more than the machine can
do, logs are to wait for searches, not for ever."""

P = ParamSpec("P")
T = TypeVar("T")


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Turns:
    """Who runs now, and who hears what came of it; one for all houses of a process, asked on one event loop."""

    def __init__(
        self, on_verdict: Callable[[str], None] = lambda _: None, cores: int | None = None, model_calls: int = 0
    ) -> None:
        """``model_calls``: diagnoses that may wait for a language model at the same time."""
        self.on_verdict = on_verdict
        cores = cores or processors()
        # Not anyio's threads, whose way there takes twice as long: a short question is mostly the way.
        self._calls = ThreadPoolExecutor(CALLS_AT_ONCE, "mcp-rag-call")
        self._searches_left = cores + SEARCHES_BESIDE_PROCESSORS
        self._logs_left = max(1, cores // 2, model_calls)
        self._threads = anyio.CapacityLimiter(self._searches_left + self._logs_left)
        self._searches: deque[anyio.Event] = deque()
        self._logs: deque[anyio.Event] = deque()
        self._since_log = 0

    async def call(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Run a short question to the ledger in a thread."""
        begun, loop = contextvars.copy_context(), asyncio.get_running_loop()
        return await loop.run_in_executor(self._calls, functools.partial(begun.run, work, *args, **named))

    async def search(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Run ``work`` that asks the index in a thread, before every log."""
        async with self._turn(self._searches):
            return await anyio.to_thread.run_sync(functools.partial(work, *args, **named), limiter=self._threads)

    async def log(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Run ``work`` that reads a log in a thread, when its turn has come."""
        async with self._turn(self._logs):
            return await anyio.to_thread.run_sync(functools.partial(work, *args, **named), limiter=self._threads)

    @asynccontextmanager
    async def _turn(self, queue: deque[anyio.Event]) -> AsyncIterator[None]:
        mine = anyio.Event()
        queue.append(mine)
        self._start()
        try:
            await mine.wait()
        except BaseException:  # whoever asked went away while it waited
            if mine.is_set():
                self._end(queue)
            else:
                queue.remove(mine)
            raise
        try:
            yield
        finally:
            self._end(queue)

    def _end(self, queue: deque[anyio.Event]) -> None:
        if queue is self._logs:
            self._logs_left += 1
        else:
            self._searches_left += 1
        self._start()

    def _start(self) -> None:
        """Wake everybody whose turn has come."""
        while True:
            is_owed = self._since_log >= LOG_EVERY - 1 or not self._searches
            if self._logs and self._logs_left and is_owed:
                self._logs_left, self._since_log = self._logs_left - 1, 0
                self._logs.popleft().set()
            elif self._searches and self._searches_left:
                self._searches_left, self._since_log = self._searches_left - 1, self._since_log + 1
                self._searches.popleft().set()
            else:
                return
