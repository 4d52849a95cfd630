"""Words that turn out to be names: templates that differ in nothing else are one.

A plain word never varies while lines are mined, because one more word at a place may be another event: *started*,
*stopped*. When the templates are there, a place at which many words stand in otherwise equal templates holds a name
(``session opened for user root``), and so does one at which an identifier stands in an equal template
(``... for user svc_backup``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from mcp_rag.logs.templates.template import WILD, Template, Whole

WORDS_OF_A_NAME = 5
"""Words at one place of otherwise equal templates from which the place holds a name. Any from 5 to 10 group alike on logs
with labels; with 3 events are merged."""

WORDS_BESIDE_A_VALUE = 2
"""The same where one of those templates has a value at the place."""

FIRST_PLACE = 1
"""A line's first word is no name: most often it says who speaks."""

OTHER_CONSTANTS = 2
"""Constant tokens that such templates have beside the place, lest all short lines be one."""

ANY = 1
"""The number of the value that varies."""

_KEY, _VALUE, _PLACE = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9


class Numbers(NamedTuple):
    """Tokens as numbers: those of template ``n`` stand from ``starts[n]`` to ``starts[n + 1]``; equal numbers, equal
    texts. ``keys`` is 0 where there is no key, ``values`` is ``ANY`` where they vary. uint64."""

    starts: Any
    keys: Any
    values: Any


def number_tokens(templates: Sequence[Template]) -> Numbers:
    """The templates' own tokens as numbers."""
    import numpy as np

    known: dict[str, int] = {"": 0, WILD: ANY}
    own = [template.own_tokens for template in templates]
    flat = [known.setdefault(text, len(known)) for tokens in own for key, value, _ in tokens for text in (key, value)]
    numbers = np.array(flat, np.uint64).reshape(-1, 2)
    return Numbers(np.cumsum([0, *map(len, own)]), numbers[:, 0], numbers[:, 1])


def unite(templates: Sequence[Template], numbers: Numbers) -> list[Template]:
    """The templates, those that differ only in names as one, at the place of the eldest of them.

    What was united tells so from then on: its ``whole`` is what all of them have become.
    """
    families = _families(numbers)
    wholes: list[Template] = []
    for number, template in enumerate(templates):
        members = families.get(number)
        if members is None:
            if template.whole is not template:
                template.unite(None)
            wholes.append(template)
        elif members[0] == number:
            wholes.append(Whole([templates[member] for member in members]))
    return wholes


def _families(numbers: Numbers) -> dict[int, list[int]]:
    """Each template that is not alone → all that are one with it, the eldest first."""
    places = _Places(numbers)
    of: dict[int, list[int]] = {}
    while united := list(places.unite()):
        for members in united:
            family = sorted(kin for member in members for kin in of.get(member, [member]))
            of.update(dict.fromkeys(family, family))
    return of


class _Places:
    """The places of all templates that are still apart, as hashes of everything beside them."""

    def __init__(self, numbers: Numbers) -> None:
        import numpy as np

        self._np = np
        self._starts, self._keys = numbers.starts, numbers.keys
        self._values = np.where(numbers.keys == 0, numbers.values, np.uint64(0))
        sizes = np.diff(numbers.starts)
        self._owner = np.repeat(np.arange(len(sizes)), sizes)
        self._place = np.arange(len(self._owner)) - numbers.starts[self._owner]
        self._apart = sizes > 0

    def unite(self) -> Iterator[list[int]]:
        """One round: templates that are one, because they have become equal or differ in a name."""
        np = self._np
        of_token = self._mixed(self._keys * np.uint64(_KEY) + self._values * np.uint64(_VALUE), self._place)
        total = self._sums(of_token)
        taken: set[int] = set()
        alive = np.flatnonzero(self._apart)
        for members in _groups(np, total[alive], alive):
            yield self._into_the_eldest(members, taken)
        for number, members in self._open(of_token, total):
            apart = [member for member in members if member not in taken]
            place = int(self._place[number])
            if self._is_name(apart, place):
                self._values[self._starts[min(apart)] + place] = ANY
                yield self._into_the_eldest(apart, taken)

    def _open(self, of_token: Any, total: Any) -> list[tuple[int, list[int]]]:
        """(A token, the templates that are equal beside its place), most first, where they may be one."""
        np = self._np
        constant = (self._keys != 0) | (self._values != ANY)
        others = self._sums(constant.astype(np.int64))[self._owner] - constant
        asked = np.flatnonzero(
            self._apart[self._owner] & (self._place >= FIRST_PLACE) & (self._keys == 0) & (others >= OTHER_CONSTANTS)
        )
        hole = self._mixed(np.full(len(asked), _KEY ^ _VALUE, np.uint64), self._place[asked])
        beside = total[self._owner[asked]] - of_token[asked] + hole
        found = []
        for tokens in _groups(np, beside, asked, WORDS_BESIDE_A_VALUE + 1):
            varies = any(self._values[token] == ANY for token in tokens)
            if varies or len(tokens) >= WORDS_OF_A_NAME:
                found.append((tokens[0], [int(self._owner[token]) for token in tokens]))
        return sorted(found, key=lambda one: (-len(one[1]), one))

    def _is_name(self, templates: Sequence[int], place: int) -> bool:
        words = sum(bool(self._values[self._starts[template] + place] != ANY) for template in templates)
        least = WORDS_OF_A_NAME if words == len(templates) else WORDS_BESIDE_A_VALUE
        return words >= least

    def _into_the_eldest(self, members: Sequence[int], taken: set[int]) -> list[int]:
        ordered = sorted(map(int, members))
        taken.update(ordered)
        self._apart[ordered[1:]] = False
        return ordered

    def _sums(self, of_token: Any) -> Any:
        """For each template the sum over its tokens."""
        running = self._np.zeros(len(of_token) + 1, of_token.dtype)
        self._np.cumsum(of_token, out=running[1:])
        return running[self._starts[1:]] - running[self._starts[:-1]]

    def _mixed(self, of_token: Any, place: Any) -> Any:
        np = self._np
        mixed = of_token + (place.astype(np.uint64) + np.uint64(1)) * np.uint64(_PLACE)
        for shift in (31, 29):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(_KEY)
        return mixed ^ (mixed >> np.uint64(32))


def _groups(np: Any, hashes: Any, numbers: Any, least: int = 2) -> Iterator[list[int]]:
    """The numbers whose hashes are equal, where there are at least so many of them."""
    order = np.argsort(hashes)  # a stable order takes twice as long
    ordered = hashes[order]
    bounds = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1], [True])))
    for group in np.flatnonzero(np.diff(bounds) >= least):
        yield numbers[np.sort(order[bounds[group] : bounds[group + 1]])].tolist()
