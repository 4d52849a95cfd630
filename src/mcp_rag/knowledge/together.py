"""What many ask at the same time is asked once: a batch costs an embedding model or an index little more than one
question does. Nobody waits for company: whoever comes alone is answered at once, and those who come meanwhile go next,
together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event, Lock
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class _Asked(Generic[Question, Answer]):
    """One caller's questions, until they are answered or their caller is told to answer the next batch."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self.questions = questions
        self.answers: list[Answer] | None = None
        self.fault: BaseException | None = None
        self.woken = Event()

    @property
    def is_done(self) -> bool:
        return self.answers is not None or self.fault is not None


class Together(Generic[Question, Answer]):
    """Answers lists of questions by ``work``, one batch at a time, at most ``most`` questions in one unless a single
    caller has more.

    ``work`` answers each question the same in any company. Safe between threads; a fault is raised to those whose
    questions made it.
    """

    def __init__(self, work: Callable[[Sequence[Question]], Sequence[Answer]], most: int) -> None:
        self._work, self._most = work, most
        self._lock = Lock()
        self._waiting: list[_Asked[Question, Answer]] = []
        self._is_busy = False

    def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """The answers, in order."""
        mine = _Asked[Question, Answer](questions)
        with self._lock:
            self._waiting.append(mine)
            leads, self._is_busy = not self._is_busy, True
        if not leads:
            mine.woken.wait()
        if not mine.is_done:
            self._lead()
        if mine.fault is not None:
            raise mine.fault
        assert mine.answers is not None
        return mine.answers

    def _lead(self) -> None:
        """Answer the first that wait, the leader among them, and hand the lead on."""
        with self._lock:
            batch = self._take()
        try:
            self._answer(batch)
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._is_busy = following is not None
            if following is not None:
                following.woken.set()
            for asked in batch:
                asked.woken.set()

    def _take(self) -> list[_Asked[Question, Answer]]:
        count = size = 0
        for asked in self._waiting:
            size += len(asked.questions)
            if count and size > self._most:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    def _answer(self, batch: Sequence[_Asked[Question, Answer]]) -> None:
        try:
            answers = list(self._work([question for asked in batch for question in asked.questions]))
        except BaseException as fault:  # noqa: BLE001 - told to each caller, in whose thread it is raised
            if len(batch) == 1:
                batch[0].fault = fault
                return
            for asked in batch:
                self._answer([asked])
            return
        for asked in batch:
            asked.answers, answers = answers[: len(asked.questions)], answers[len(asked.questions) :]
