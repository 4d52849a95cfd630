"""Whose turn it is in a server: searches go before logs, and logs are never shut out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from threading import Event, Lock

import anyio
import pytest

from mcp_rag.faces.serving.turns import LOG_EVERY, Turns

CORES = 2


class Work:
    """Work that waits to be let go, and remembers in which order it was begun."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self._lock, self._go = Lock(), Event()

    def do(self, name: str) -> str:
        with self._lock:
            self.begun.append(name)
        assert self._go.wait(30)
        return name

    def let_go(self) -> None:
        self._go.set()


async def begun(work: Work, count: int) -> list[str]:
    """What was begun, once it is ``count`` things; a little longer, so that one too many would show."""
    with anyio.fail_after(30):
        while len(work.begun) < count:
            await anyio.sleep(0.001)
    await anyio.sleep(0.02)
    return work.begun[:]


def asked(scenario: Callable[[], Awaitable[None]]) -> None:
    anyio.run(scenario)


def test_few_searches_and_logs_run_at_once_and_ledger_questions_wait_for_neither() -> None:
    async def scenario() -> None:
        turns, work = Turns(cores=CORES), Work()
        async with anyio.create_task_group() as group:
            for number in range(6):
                group.start_soon(turns.search, work.do, f"search {number}")
                group.start_soon(turns.log, work.do, f"log {number}")
            running = await begun(work, CORES + 2)
            assert sorted(name.split()[0] for name in running) == ["log", "search", "search", "search"]
            assert await turns.call(lambda: "at once") == "at once"
            work.let_go()
        assert len(work.begun) == 12

    asked(scenario)


def test_a_search_goes_before_logs_that_came_before_it_and_of_so_many_turns_one_is_a_logs() -> None:
    async def scenario() -> None:
        turns, earlier, earlier_log = Turns(cores=CORES), Work(), Work()
        works = {f"log {n}": Work() for n in range(3)} | {f"search {n}": Work() for n in range(2 * LOG_EVERY)}
        order: list[str] = []

        def do(name: str) -> None:
            order.append(name)
            works[name].do(name)

        async with anyio.create_task_group() as group:
            for _ in range(CORES + 1):
                group.start_soon(turns.search, earlier.do, "search")
            group.start_soon(turns.log, earlier_log.do, "log")
            await begun(earlier, CORES + 1)
            await begun(earlier_log, 1)
            for name in works:
                group.start_soon(getattr(turns, name.split()[0]), do, name)
            await anyio.wait_all_tasks_blocked()
            earlier_log.let_go()
            await anyio.sleep(0.02)
            assert order == []  # a log could begin now, but searches wait
            earlier.let_go()
            # One by one, oldest first, and never before the searches that may follow have begun: no thread can overtake
            # another, but a log that is woken together with a search.
            for ended in range(len(works)):
                searches = sum(name.startswith("search") for name in order[:ended])
                with anyio.fail_after(30):
                    while len(order) <= ended or sum(name.startswith("search") for name in order) < min(
                        searches + CORES + 1, 2 * LOG_EVERY
                    ):
                        await anyio.sleep(0.001)
                works[order[ended]].let_go()
        kinds = [name.split()[0] for name in order]
        assert kinds[:3] == ["search"] * 3
        assert "log" in kinds[: LOG_EVERY + CORES + 1]
        assert kinds.count("log") == 3

    asked(scenario)


def test_who_goes_away_while_waiting_leaves_the_turn_to_others() -> None:
    async def scenario() -> None:
        turns, work = Turns(cores=CORES), Work()
        async with anyio.create_task_group() as group:
            group.start_soon(turns.log, work.do, "first")
            await begun(work, 1)
            with anyio.move_on_after(0.01) as gone:
                await turns.log(work.do, "gone")
            assert gone.cancelled_caught
            group.start_soon(turns.log, work.do, "second")
            work.let_go()
        assert work.begun == ["first", "second"]

    asked(scenario)


def test_a_fault_gives_the_turn_back() -> None:
    async def scenario() -> None:
        turns = Turns(cores=CORES)
        for _ in range(CORES + 2):
            with pytest.raises(ZeroDivisionError):
                await turns.log(lambda: 1 // 0)
            with pytest.raises(ZeroDivisionError):
                await turns.search(lambda: 1 // 0)
        assert await turns.log(lambda: "still") == "still"

    asked(scenario)


def test_as_many_logs_as_calls_to_a_model_may_wait_for_one() -> None:
    async def scenario() -> None:
        turns, work = Turns(cores=CORES, model_calls=4), Work()
        async with anyio.create_task_group() as group:
            for number in range(6):
                group.start_soon(turns.log, work.do, f"log {number}")
            assert len(await begun(work, 4)) == 4
            work.let_go()

    asked(scenario)
