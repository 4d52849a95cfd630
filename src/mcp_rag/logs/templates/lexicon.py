"""What words are masked to, as the compiled loops look it up: open hash tables and rows of numbers, filled by the same
patterns that mask in Python alone; only imported where the ``fast`` extra is installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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

    def append(self, first: int, sizes: Sequence[int], new: Any) -> None:
        """Rows of the entries ``first``, ``first + 1`` …: how many each has, and those of all of them."""
        at = int(self.starts[first])
        self.starts = longer(self.starts, first + len(sizes) + 1)
        self.starts[first + 1 : first + len(sizes) + 1] = np.cumsum(sizes) + at
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
        told: list[str] = []
        of_told: list[int] = []
        for n, said in enumerate(masked_alike(texts)):
            if said is None or isinstance(said, Kept):
                self._kept[texts[n]] = said
            else:
                told.append(said)
                of_told.append(n)
        for n, entry in zip(of_told, self.entries_of(told), strict=True):
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
        new = [text for text in dict.fromkeys(said) if text not in known]
        if new:
            first = len(known)
            known.update(zip(new, range(first, first + len(new)), strict=True))
            # Flat lists: tens of thousands of small ones would keep the garbage collector busy.
            sizes, parts = _split(new, " ")
            self.subs.append(first, sizes, _hashes(parts))
            sizes, parts = _split(new, None)
            self.tokens.append(first, sizes, self.rows_of(map(token_of, parts)))
        return [known[text] for text in said]

    def rows_of(self, tokens: Iterable[Token]) -> Any:
        """Of each token as hashes: key, value, how it is shown, and what it is in a group's key among the first tokens and
        behind."""
        columns: tuple[list[str], ...] = ([], [], [], [], [])
        keys, values, shown, leading, behind = columns
        for token in tokens:
            _, first, later = in_groups(token)
            keys.append(token[0])
            values.append(token[1])
            shown.append(token[2])
            leading.append(first)
            behind.append(later)
        return np.stack([*map(self._known, columns[:3]), *map(_hashes, columns[3:])], axis=1)

    def _known(self, texts: Sequence[str]) -> Any:
        """Their hashes, 0 for an empty text and 1 for one that varies, which are remembered."""
        numbers = _hashes(texts)
        numbers[numbers == _EMPTY] = 0
        numbers[numbers == _WILD] = 1
        self.strings.update(zip(numbers.tolist(), texts, strict=True))
        return numbers


def _split(texts: Sequence[str], separator: str | None) -> tuple[list[int], list[str]]:
    """The parts of all texts, and how many each has."""
    sizes, parts = [], []
    for text in texts:
        of_text = text.split(separator)
        sizes.append(len(of_text))
        parts += of_text
    return sizes, parts


def _hashes(texts: Sequence[str]) -> Any:
    """64 bits for each text; 0 and 1 are taken."""
    # Python hashes the characters as they lie in memory, where ⨯, U+2A2F, looks like ``/*``.
    same = [hash(text) if text.isascii() else hash(text.encode("utf-8", "surrogatepass")) for text in texts]
    numbers = np.array(same, np.int64).view(np.uint64)
    numbers[numbers < 2] = 2
    return numbers


_EMPTY, _WILD = _hashes(["", WILD])

LEXICON = Lexicon()
