"""Who asks, for which team, and what they may do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from mcp_rag.errors import Forbidden, InputError
from mcp_rag.wiring import DEFAULT_TEAM

_TEAM = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
"""A folder, a schema of PostgreSQL and a collection of Milvus are called after it, a hyphen as an underscore there."""


class Scope(StrEnum):
    """What a caller may do; none includes another."""

    READ = "read"
    """Ask: diagnose, search, read what is known and what was seen."""
    WRITE = "write"
    """Add to what is known: outcomes, known issues, groups, documents."""
    ADMIN = "admin"
    """See and change who may ask, and what was done."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who was let in."""

    name: str
    team: str
    scopes: frozenset[Scope]

    def demand(self, scope: Scope) -> None:
        """See that the caller may do what needs ``scope``.

        Raises:
            Forbidden: its token lacks it.
        """
        if scope not in self.scopes:
            have = ", ".join(sorted(self.scopes))
            raise Forbidden(
                f"This needs a token with the scope {scope.value}",
                f"{self.name} has {have}",
                "Ask whoever runs the server for one: `mcp-rag tokens create --scope`",
            )


LOCAL = Caller("local", DEFAULT_TEAM, frozenset(Scope))
"""Whoever reaches an open server, which listens on loopback alone."""


def team_named(name: str) -> str:
    """``name``, if a team can be called so.

    Raises:
        InputError: it cannot.
    """
    if not _TEAM.fullmatch(name):
        why = "a team is up to 32 lower-case letters, digits and hyphens, a hyphen neither first nor last"
        raise InputError(f"No team can be called {name!r}", why, "Choose another name")
    return name


def scopes_named(text: str) -> frozenset[Scope]:
    """The scopes in a list with commas.

    Raises:
        InputError: one is unknown, or there is none.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    try:
        found = frozenset(Scope(name) for name in names)
    except ValueError as wrong:
        raise InputError(f"There is no such scope in {text!r}", "", "Give some of read,write,admin") from wrong
    if not found:
        raise InputError("A token without a scope opens nothing", "", "Give some of read,write,admin")
    return found
