"""A project's own exception says nothing of a public failure; a package's, a built-in one's and a cause's do."""

from __future__ import annotations

import pytest

from mcp_rag.knowledge.own_exceptions import without_own_exceptions
from mcp_rag.records import Excerpt

OWN = """\
Traceback (most recent call last):
  File "/srv/gate/turnstile.py", line 3, in check
    raise GateError("NOAUTH Authentication required. %r" % code)
GateError: NOAUTH Authentication required. 'Z9'"""

PACKAGE = """\
Traceback (most recent call last):
  File "/srv/app.py", line 3, in <module>
    client.ping()
  File "/opt/venv/lib/python3.11/site-packages/redis/client.py", line 9, in ping
    raise AuthenticationError(message)
redis.exceptions.AuthenticationError: Authentication required."""


def kept(log: str) -> list[str]:
    return [
        line.text for line in without_own_exceptions([Excerpt(n, text) for n, text in enumerate(log.split("\n"), 1)])
    ]


def test_an_exception_of_the_projects_own_code_is_left_out_with_the_line_that_raises_it() -> None:
    assert kept(OWN) == OWN.split("\n")[:2]


@pytest.mark.parametrize("name", ["gate.errors.GateError", "E   gate.errors.GateError"])
def test_its_module_may_stand_before_it(name: str) -> None:
    assert len(kept(OWN.replace("\nGateError:", f"\n{name}:"))) == 2


def test_a_packages_exception_stays() -> None:
    assert kept(PACKAGE) == PACKAGE.split("\n")


def test_a_built_in_exception_stays_whoever_raises_it() -> None:
    log = OWN.replace("GateError", "ValueError")
    assert kept(log) == log.split("\n")


def test_what_an_own_exception_was_raised_from_stays() -> None:
    chain = f"{PACKAGE}\n\nThe above exception was the direct cause of the following exception:\n\n{OWN}"
    assert "redis.exceptions.AuthenticationError: Authentication required." in kept(chain)


def test_a_log_without_a_traceback_is_as_it_was() -> None:
    assert kept("Error: raise GateError(x)\nGateError: y") == ["Error: raise GateError(x)", "GateError: y"]
