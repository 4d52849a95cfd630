"""What a grammar is made of: a rule says how a failure's first line looks and how far the failure reaches.

A rule is tried only on lines that hold one of its trigger words, so that ordinary lines cost next to nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

LONGEST_BLOCK = 400
"""Lines after which a block is taken to have been misread; the longest labelled traceback seen is shorter."""

LONGEST_EXAMINED = 2_000
"""Characters of a line that patterns are tried on: what a failure is called stands at the front of its line."""


class Role(IntEnum):
    """What a block says about the failure, the most telling last."""

    HARMLESS = -1
    """Looks like a failure and is none (a list of pending tests): what stands in it is passed over."""
    CONSEQUENCE = 0
    """Says that something failed, not what: ``make: *** [all] Error 2``."""
    WEAK = 1
    """A warning, or a word that is as often harmless."""
    LOGGED = 2
    """A record of severity ERROR: perhaps handled."""
    GENERIC = 3
    """``error: …`` by a tool whose grammar is not known."""
    TOOL = 4
    """A known tool's own fatal message."""
    TEST = 5
    """A failed test, with what was expected."""
    COMPILE = 6
    """A diagnostic that names a place in the source."""
    CRASH = 7
    """An exception that nobody caught, a signal, a panic."""


class Pattern:
    """A regular expression that is compiled when it is first searched for.

    Of some 600 in the tables a log needs a few; compiling all took 0.1 s of every start.
    """

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._compiled: re.Pattern[str] | None = None

    def search(self, line: str) -> re.Match[str] | None:
        """The first match in ``line``. Raises re.error when the text is no regular expression."""
        if self._compiled is None:
            self._compiled = re.compile(self.text)
        return self._compiled.search(line)


def _optional(text: str | None) -> Pattern | None:
    return Pattern(text) if text else None


_DIGITS = re.compile(r"\d")


def _shape(text: str) -> str:
    return _DIGITS.sub("0", text)


PREFIX = re.compile(
    r"(?:#\d+ \d+\.\d+ |[\w.-]{1,40} +\| "
    r"|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]?\s(?:\d\d[OE][ +])?"
    r"|p=\d+ u=\S{1,40} (?:n=\S{1,40} )?\| +"
    r"|\[ {1,8}(?:\+[\d,]+ m?s)?\] {1,3}"
    r"|\s{2,}\[[a-z][\w:-]{1,20}\] |\[pod/[\w.-]+/[\w.-]+\] "
    r"|\[\d\d:\d\d:\d\d\]\s|\[(?:rank)?\d+\]:\s?|\(\w+ pid=\d+\)\s|[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \S+ \S+: )+"
)
"""What programs that pass on others' lines put before them: times (GitLab's with its stream), Ansible's log, docker's steps
and services, Ant's tasks, kubectl's pods, ranks, syslog."""


class Passage:
    """The lines from a failure's first on, without the prefix (time, rank, ``E   ``) that each of them bears.

    Indices are 0-based. The prefix is what stands before ``column`` on the first line; it is taken off a
    line that bears one of the same shape.
    """

    def __init__(self, texts: Sequence[str], at: int, column: int) -> None:
        self._texts, self._column = texts, column
        self._prefix = _shape(texts[at][:column])

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, index: int) -> str:
        text = self._texts[index][:LONGEST_EXAMINED]
        if self._column and _shape(text[: self._column]) == self._prefix:
            return text[self._column :]
        if self._column and (worn := PREFIX.match(text)):
            return text[worn.end() :]
        return text


Extent = tuple[int, int, int]
"""First line, last line and key line of a block, 0-based and inclusive."""

Reach = Callable[[Passage, int], Extent | None]
"""Measures the block that begins at a line; None when what follows shows that it is none of its kind."""


def reach(
    body: str | None = None,
    *,
    stop: str | None = None,
    blanks: int = 0,
    key: str | None = None,
    last_key: bool = False,
    before: str | None = None,
    limit: int = LONGEST_BLOCK,
    skips_head: bool = False,
    deeper: bool = False,
    over: str | None = None,
    needs: str | None = None,
    needs_above: str | None = None,
) -> Reach:
    """A reach that goes on while lines match ``body`` and do not match ``stop``, over ``blanks`` empty lines at most.

    ``key`` finds the key line in it (the first, or with ``last_key`` the last); ``before`` are lines above
    the head that belong to it. Without ``body`` every line fits; without ``body`` and ``stop`` it is one line.
    With ``skips_head`` the head is a mere heading and the block begins behind it; with ``deeper`` lines belong
    to it that are indented deeper than the head. Lines that match ``over`` are passed over, as those of
    processes that write between. Where ``needs`` is given, one of the four lines below the head must match it, and one
    of the six above it where ``needs_above`` is.
    """
    goes_on = _optional(body)
    stops = _optional(stop)
    is_key = _optional(key)
    leads = _optional(before)
    passed = _optional(over)
    proof = _optional(needs)
    proof_above = _optional(needs_above)
    single = body is None and stop is None and not blanks and not deeper

    def measure(passage: Passage, at: int) -> Extent | None:
        if proof and not any(proof.search(passage[i]) for i in range(at + 1, min(at + 5, len(passage)))):
            return None
        if proof_above and not any(proof_above.search(passage[i]) for i in range(max(0, at - 6), at)):
            return None
        last = at
        if not single:
            inner = _deeper_than(passage[at]) if deeper else goes_on
            last = _last_line(passage, at, inner, stops, passed, blanks, min(len(passage), at + limit))
        first = at
        if skips_head and last > at:
            first = next(i for i in range(at + 1, last + 1) if passage[i].strip())
        while leads and 0 < first <= at and at - first < 12 and leads.search(passage[first - 1]):
            first -= 1
        found = at if leads else first
        if is_key:
            keys = [i for i in range(first, last + 1) if is_key.search(passage[i])]
            found = (keys[-1] if last_key else keys[0]) if keys else found
        return first, last, found

    return measure


def _deeper_than(head: str) -> Pattern:
    return Pattern(rf"[ \t]{{{len(head) - len(head.lstrip()) + 1}}}")


def _last_line(
    passage: Passage,
    at: int,
    goes_on: Pattern | None,
    stops: Pattern | None,
    passed: Pattern | None,
    blanks: int,
    end: int,
) -> int:
    last, empty = at, 0
    for i in range(at + 1, end):
        text = passage[i]
        if not text.strip():
            empty += 1
            if empty > blanks:
                break
            continue
        if passed and passed.search(text):
            continue
        if (stops and stops.search(text)) or (goes_on and not goes_on.search(text)):
            break
        last, empty = i, 0
    return last


ONE_LINE = reach()
INDENTED = reach(r"^[ \t]")
PARAGRAPH = reach(stop=r"^\s*$|^The command \"|^travis_time:|^##\[")


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of failure looks.

    ``triggers`` are lower-case words of which a line must hold one before ``head`` is tried on it.
    ``merges`` is the number of other lines across which two neighbouring blocks of this kind are one; below 0
    they never are. A block of fewer than ``least`` lines is none.
    """

    kind: str
    role: Role
    triggers: tuple[str, ...]
    head: Pattern
    reach: Reach
    reason: str
    language: str | None = None
    tool: str | None = None
    merges: int = 1
    least: int = 1


def rule(
    kind: str,
    role: Role,
    triggers: str,
    head: str,
    reach: Reach = ONE_LINE,
    reason: str = "",
    language: str | None = None,
    tool: str | None = None,
    merges: int = 1,
    least: int = 1,
) -> Rule:
    """A :class:`Rule` as one line of a table; ``triggers`` are parted by ``|``."""
    words = tuple(triggers.split("|"))
    return Rule(
        kind, role, words, Pattern(head), reach, reason or kind.replace("-", " "), language, tool, merges, least
    )
