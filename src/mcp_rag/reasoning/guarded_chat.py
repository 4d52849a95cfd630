"""A chat model that several threads share: how many ask at once, when a failing server is left in peace, what was spent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import BoundedSemaphore, Lock
from typing import Any, Protocol

from mcp_rag.errors import ChatError, ChatUnreachable
from mcp_rag.reasoning.chat import ChatModel, Message, Reply, Tool, Window, estimated_tokens
from mcp_rag.records import Usage

FAILURES = 3
"""So many calls in a row that a server did not answer, each with its own retries, and it is left in peace."""

REST_SECONDS = 30.0
"""So long; then one call probes it. Both chosen by eye."""

Account = Callable[[Usage], None]
Count = Callable[[str], int]


class Spent(Protocol):
    """Takes what was asked and answered, and how to count its tokens if not by the server that answered."""

    def __call__(self, messages: Sequence[Message], reply: Reply, count: Count | None = None) -> None: ...


def unaccounted(usage: Usage) -> None:
    """Spending is written down nowhere."""


@dataclass
class Breaker:
    """Closed: all calls pass. Open, after ``failures`` in a row: none does, for ``rest_seconds``. Then half open: one call
    probes, and closes it or opens it again."""

    failures: int = FAILURES
    rest_seconds: float = REST_SECONDS
    clock: Callable[[], float] = time.monotonic
    _failed: int = 0
    _opened_at: float | None = None
    _probing: bool = False
    _lock: Lock = field(default_factory=Lock)

    def enter(self, name: str) -> None:
        """Raises ChatUnreachable when no call may pass now."""
        with self._lock:
            if self._opened_at is None:
                return
            left = self._opened_at + self.rest_seconds - self.clock()
            if left > 0 or self._probing:
                when = f"in {max(1, round(left))} s" if left > 0 else "by another call right now"
                raise ChatUnreachable(
                    f"The language model {name} is not asked",
                    f"it failed {self._failed} times in a row; it is tried again {when}",
                    "Check that its server runs",
                )
            self._probing = True

    @property
    def is_resting(self) -> bool:
        """Whether no call would pass now."""
        with self._lock:
            return self._opened_at is not None and self.clock() < self._opened_at + self.rest_seconds

    def leave(self, *, answered: bool) -> None:
        """A call that passed has ended; ``answered``: the server is there, whatever it said."""
        with self._lock:
            self._probing = False
            if answered:
                self._failed, self._opened_at = 0, None
                return
            self._failed += 1
            if self._failed >= self.failures:
                self._opened_at = self.clock()


class GuardedChat:
    """``inner``, at most ``at_once`` calls at a time, behind a breaker, its spending told to ``account``.

    A call that gets no turn within ``patience_seconds`` is ChatUnreachable.
    """

    def __init__(
        self,
        inner: ChatModel,
        at_once: int,
        patience_seconds: float,
        account: Account = unaccounted,
        breaker: Breaker | None = None,
    ) -> None:
        self._inner = inner
        self._turns = BoundedSemaphore(at_once)
        self._patience_seconds = patience_seconds
        self._account = account
        self._breaker = breaker or Breaker()

    @property
    def name(self) -> str:
        return self._inner.name

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Reply:
        with self._turn() as spent:
            reply = self._inner.complete(messages, schema)
            spent(messages, reply)
        return reply

    def stream(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), schema: Mapping[str, Any] | None = None
    ) -> Iterator[str | Reply]:
        said: list[str] = []
        with self._turn() as spent:
            try:
                for piece in self._inner.stream(messages, tools, schema):
                    if isinstance(piece, Reply):
                        spent(messages, piece)
                        said.clear()
                    else:
                        said.append(piece)
                    yield piece
            finally:
                # Who went away, or a connection that broke, leaves tokens that were made and that nobody counted.
                if said:
                    spent(messages, Reply("".join(said), self.name), estimated_tokens)

    def window(self) -> Window:
        # A server that is left in peace is not asked for its window either; the call that follows says why.
        return Window() if self._breaker.is_resting else self._inner.window()

    @contextmanager
    def _turn(self) -> Iterator[Spent]:
        """One call's turn; what is yielded takes what was asked and answered."""
        if not self._turns.acquire(timeout=self._patience_seconds):
            raise ChatUnreachable(f"The language model {self.name} is busy", "all its places are taken", "Try again")
        answered, failed, begun = True, False, time.monotonic()
        told: list[tuple[Sequence[Message], Reply, Count | None]] = []

        def spent(messages: Sequence[Message], reply: Reply, count: Count | None = None) -> None:
            told.append((messages, reply, count))

        try:
            self._breaker.enter(self.name)
            try:
                yield spent
            except ChatError as error:
                answered, failed = not isinstance(error, ChatUnreachable), True
                raise
            finally:
                self._breaker.leave(answered=answered)
        finally:
            self._turns.release()
            seconds = time.monotonic() - begun
            for messages, reply, count in told:
                self._account(replace(self._usage(messages, reply, seconds, count), failed=failed))
            if failed and not told:
                self._account(Usage(self.name, seconds=seconds, failed=True))

    def _usage(self, messages: Sequence[Message], reply: Reply, seconds: float, count: Count | None) -> Usage:
        """What a call took; by ``count``, or else the window's own, where the server does not say."""
        if reply.prompt_tokens:
            return Usage(reply.model, reply.prompt_tokens, reply.completion_tokens, seconds)
        count = count or self._inner.window().count
        asked = sum(count(message.content) for message in messages)
        return Usage(reply.model, asked, count(reply.text), seconds, estimated=True)
