"""The houses of a server's teams, each apart from the others by what it is made of.

A team has its own ledger and its own collection, so that no question needs to say whose answers it wants. The team
``default`` is the home itself. The known issues that ship are in each team's ledger and collection, because a score
depends on what else a collection holds.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from threading import Lock
from types import TracebackType
from typing import Self

from mcp_rag.faces.serving.callers import team_named
from mcp_rag.faces.serving.shared_house import SharedHouse
from mcp_rag.faces.serving.turns import Turns
from mcp_rag.records import Usage
from mcp_rag.wiring import DEFAULT_TEAM, House, open_team_house


class Houses:
    """The houses of all teams; those beside the default one are opened at their first use, and closed with the
    block. Safe between threads."""

    def __init__(
        self,
        root: House,
        tell: Callable[[str], None] = lambda _: None,
        *,
        use_chat: bool = True,
        on_verdict: Callable[[str], None] = lambda _: None,
        on_tokens: Callable[[int, int], None] = lambda prompt, completion: None,
    ) -> None:
        self._root, self._tell, self._use_chat = root, tell, use_chat
        settings = root.settings
        model_calls = settings.chat_concurrency if use_chat and settings.chat_base_url else 0
        self._turns, self._on_tokens = Turns(on_verdict, model_calls=model_calls), on_tokens
        root.ledger.usage.on_record = self._used
        self.default = SharedHouse(root, self._turns)
        self._opened = {DEFAULT_TEAM: self.default}
        self._locks: dict[str, Lock] = {}
        self._lock = Lock()
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def __len__(self) -> int:
        """How many are open."""
        return len(self._opened)

    def opened(self, team: str) -> SharedHouse | None:
        """The house of ``team`` if it is open already."""
        return self._opened.get(team)

    def of(self, team: str) -> SharedHouse:
        """The house of ``team``, opened and made when need be.

        Raises:
            InputError: no team can be called so.
            LedgerError: its ledger cannot be opened.
        """
        with self._lock:
            lock = self._locks.setdefault(team, Lock())
        with lock:  # one team's first use keeps no other waiting
            found = self._opened.get(team)
            return found if found is not None else self._open(team_named(team))

    def _open(self, team: str) -> SharedHouse:
        opening = open_team_house(self._root, team, self._tell, use_chat=self._use_chat)
        house = opening.__enter__()
        house.ledger.usage.on_record = self._used
        with self._lock:
            self._closing.push(opening.__exit__)
            shared = self._opened[team] = SharedHouse(house, self._turns)
        return shared

    def _used(self, call: Usage) -> None:
        self._on_tokens(call.prompt_tokens, call.completion_tokens)
