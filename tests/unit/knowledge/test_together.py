"""Questions asked at the same time are answered in one batch, each caller its own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from mcp_rag.knowledge.together import Together


class Recorder:
    """Squares numbers, refuses negative ones, and keeps the first batch until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.first_began, self.go_on = Event(), Event()

    def work(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        if len(self.batches) == 1:
            self.first_began.set()
            self.go_on.wait(60)
        if any(number < 0 for number in numbers):
            raise ValueError(f"negative: {numbers}")
        return [number * number for number in numbers]


def waiting(together: Together[int, int]) -> int:
    with together._lock:
        return len(together._waiting)


def asked_while_the_first_runs(recorder: Recorder, most: int, questions: list[list[int]]) -> list[object]:
    """What each of ``questions`` was answered, or the fault that it met, all asked during a first batch."""
    together = Together[int, int](recorder.work, most)

    def ask(numbers: list[int]) -> object:
        try:
            return together.ask(numbers)
        except ValueError as fault:
            return fault

    with ThreadPoolExecutor(len(questions) + 1) as threads:
        first = threads.submit(ask, [100])
        assert recorder.first_began.wait(60)
        begun = []
        for count, numbers in enumerate(questions, 1):
            begun.append(threads.submit(ask, numbers))
            while waiting(together) < count:
                pass
        recorder.go_on.set()
        assert first.result(60) == [10_000]
        answers = [one.result(60) for one in begun]
    assert waiting(together) == 0
    assert together.ask([3]) == [9]
    return answers


def test_who_comes_while_a_batch_runs_goes_next_together() -> None:
    recorder = Recorder()
    assert asked_while_the_first_runs(recorder, 100, [[1, 2], [3], [], [4]]) == [[1, 4], [9], [], [16]]
    assert recorder.batches == [[100], [1, 2, 3, 4], [3]]


def test_a_batch_has_no_more_than_it_may_and_a_single_caller_all_it_asks() -> None:
    recorder = Recorder()
    answers = asked_while_the_first_runs(recorder, 3, [[1, 2], [3], [4, 5, 6, 7], [8]])
    assert answers == [[1, 4], [9], [16, 25, 36, 49], [64]]
    assert recorder.batches[:-1] == [[100], [1, 2, 3], [4, 5, 6, 7], [8]]


def test_a_fault_is_told_to_whoever_made_it() -> None:
    recorder = Recorder()
    good, bad, other = asked_while_the_first_runs(recorder, 100, [[1], [-1], [2]])
    assert (good, other) == ([1], [4])
    assert isinstance(bad, ValueError)


def test_a_fault_leaves_it_usable() -> None:
    together = Together[int, int](lambda numbers: [1 // number for number in numbers], 10)
    with pytest.raises(ZeroDivisionError):
        together.ask([0])
    assert together.ask([1]) == [1]
