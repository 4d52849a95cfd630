"""What words are masked to, as the compiled loops look it up: open hash tables and rows of numbers, filled by the same
patterns that mask in Python alone; only imported where the ``fast`` extra is installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import RLock
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import numpy as np

from mcp_rag.logs.templates import kernel
from mcp_rag.logs.templates.plain import in_groups, token_of
from mcp_rag.logs.templates.template import WILD, Token
from mcp_rag.logs.templates.variables import Kept, masked, masked_alike, same_digits

if TYPE_CHECKING:
    from mcp_rag.logs.templates.fast import FastEngine

REMEMBERED_WORDS = 1_000_000
"""Words known to all miners of a process; all are forgotten together when there are more. Some 200 MB at most."""


def _hash(text: str) -> int:
    """64 bits for a text; 0 and 1 are taken."""
    # Python hashes the characters as they lie in memory, where ⨯, U+2A2F, looks like ``/*``.
    same = hash(text) if text.isascii() else hash(text.encode("utf-8", "surrogatepass"))
    same &= 0xFFFF_FFFF_FFFF_FFFF
    return same if same > 1 else 2


class Table:
    """Hash → number, growing."""

    def __init__(self, places: int = 1 << 12) -> None:
        self.keys = np.zeros(places, np.uint64)
        self.values = np.zeros(places, np.int32)
        self.count = 0

    def reserve(self, more: int) -> None:
        """Make room for ``more`` keys."""
        places = len(self.keys)
        while (self.count + more) * 2 > places:
            places *= 2
        if places > len(self.keys):
            wider = Table(places)
            kernel.rehash(self.keys, self.values, wider.keys, wider.values)
            self.keys, self.values = wider.keys, wider.values

    def put_all(self, hashes: Any, values: Sequence[int]) -> None:
        self.reserve(len(hashes))
        kernel.put_all(self.keys, self.values, hashes, np.asarray(values, np.int32))


class Rows:
    """Rows of 64-bit numbers in groups: what entry ``n`` consists of stands from ``starts[n]`` to ``starts[n + 1]``."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.starts = np.zeros(1 << 10, np.int64)
        self.rows = np.zeros((1 << 10, *shape), np.uint64)

    def append(self, first: int, sizes: Sequence[int], flat: Sequence[int]) -> None:
        """Rows of the entries ``first``, ``first + 1`` …: how many each has, and the numbers in all of them."""
        at = int(self.starts[first])
        self.starts = longer(self.starts, first + len(sizes) + 1)
        self.starts[first + 1 : first + len(sizes) + 1] = np.cumsum(sizes) + at
        new = np.array(flat, np.uint64).reshape(-1, *self.rows.shape[1:])
        self.rows = longer(self.rows, at + len(new))
        self.rows[at : at + len(new)] = new


def longer(array: Any, needed: int) -> Any:
    """The array, or a longer one that begins with it."""
    if needed <= len(array):
        return array
    wider = np.zeros((max(needed, 2 * len(array)), *array.shape[1:]), array.dtype)
    wider[: len(array)] = array
    return wider


class Lexicon:
    """What words are masked to, for all miners of a process: it does not depend on who asks."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.engines: WeakSet[FastEngine] = WeakSet()
        self.strings: dict[int, str] = {}
        self._forget()

    def _forget(self) -> None:
        self.words, self.exacts = Table(), Table()
        self.subs, self.tokens = Rows(()), Rows((5,))
        self._entries: dict[str, int] = {}
        self._kept: dict[str, Kept | None] = {}

    def forget_if_full(self) -> None:
        """Forget all words when there are too many."""
        if self.words.count + self.exacts.count > REMEMBERED_WORDS:
            self.forget()

    def forget(self) -> None:
        """Forget all words; strings that templates need are kept by their engines."""
        for engine in self.engines:
            engine.keep_strings()
        self.strings.clear()
        self._forget()

    def learn(self, texts: Sequence[str], hashes: Any) -> None:
        """Words, all their digits alike."""
        answers = [kernel.KEEPS] * len(texts)
        told = []
        for n, said in enumerate(masked_alike(texts)):
            if isinstance(said, str):
                told.append((n, said))
            else:
                self._kept[texts[n]] = said
        entries = self.entries_of([said for _, said in told])
        for (n, _), entry in zip(told, entries, strict=True):
            answers[n] = entry
        self.words.put_all(hashes, answers)

    def learn_exact(self, texts: Sequence[str], hashes: Any) -> None:
        """Words as they are, whose likenesses are learnt."""
        kept = map(self._kept.__getitem__, same_digits("\n".join(texts)).split("\n"))
        said = [known.of(text) if known else masked(text) for known, text in zip(kept, texts, strict=True)]
        self.exacts.put_all(hashes, self.entries_of(said))

    def entries_of(self, said: Sequence[str]) -> list[int]:
        """The number of each masked word."""
        known = self._entries
        first = len(known)
        sub_sizes: list[int] = []
        subs: list[int] = []
        token_sizes: list[int] = []
        tokens: list[int] = []
        for text in said:
            if text not in known:
                known[text] = len(known)
                parts = text.split(" ") if " " in text else (text,)
                sub_sizes.append(len(parts))
                subs += map(_hash, parts)
                parts = text.split()
                token_sizes.append(len(parts))
                for part in parts:
                    tokens += self.row_of(*in_groups(token_of(part)))
        if subs:
            self.subs.append(first, sub_sizes, subs)
            self.tokens.append(first, token_sizes, tokens)
        return [known[text] for text in said]

    def row_of(self, token: Token, leading: str, behind: str) -> tuple[int, ...]:
        """Key, value, how it is shown, and what it is in a group's key among the first tokens and behind: as hashes."""
        key, value, shown = token
        number = self._known(value)
        first = _hash(leading) if leading else 2
        return (
            self._known(key) if key else 0,
            number,
            number if shown is value else self._known(shown),
            first,
            first if leading is behind else _hash(behind) if behind else 2,
        )

    def _known(self, text: str) -> int:
        if text == WILD:
            return 1
        number = _hash(text) if text else 0
        self.strings[number] = text
        return number


LEXICON = Lexicon()
