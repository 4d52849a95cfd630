"""The caller and the house of the request that is being answered.

The gate puts both into the request's state, where REST and the web page find them, and into a context variable for
code that sees no request, such as a tool of the Model Context Protocol.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import HTTPConnection

from mcp_rag.faces.serving.callers import Caller
from mcp_rag.faces.serving.shared_house import SharedHouse


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, and the house of its team."""

    caller: Caller
    house: SharedHouse
    details: dict[str, str] = field(default_factory=dict)
    """What the audit log says of the request besides its method and path, such as the incident that it is about."""


_now: ContextVar[Asked] = ContextVar("mcp_rag_asked")


def begin(scope: Any, asked: Asked) -> None:
    """Note down, for the rest of an ASGI request, who asks."""
    state = scope.setdefault("state", {})
    state["caller"], state["house"], state["asked"] = asked.caller, asked.house, asked
    _now.set(asked)


def asked_in(scope: Any) -> Asked | None:
    """Who asks, in an ASGI request; None before it was noted down."""
    asked: Asked | None = scope.get("state", {}).get("asked")
    return asked


def caller_of(request: HTTPConnection) -> Caller:
    """Who sent ``request``."""
    caller: Caller = request.state.caller
    return caller


def house_of(request: HTTPConnection) -> SharedHouse:
    """The house of the team of who sent ``request``."""
    house: SharedHouse = request.state.house
    return house


def asked_now() -> Asked:
    """Who sent the request that this code runs for, and the house of its team."""
    return _now.get()
