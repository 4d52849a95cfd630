"""Compiled: where a word of a line ends, and the hashes of it. Only imported where the ``fast`` extra is installed."""

from __future__ import annotations

import numpy as np
from numba import njit

PRIME = np.uint64(0x100000001B3)
MIX = np.uint64(0x9E3779B97F4A7C15)
S29 = np.uint64(29)
_S32 = np.uint64(32)
SEVEN = np.uint8(55)


@njit(cache=True, inline="always")
def final(h):
    h ^= h >> _S32
    h *= MIX
    h ^= h >> S29
    return h if h > np.uint64(1) else np.uint64(2)


@njit(cache=True, inline="always")
def digit(b):
    return 48 <= b <= 57


@njit(cache=True, inline="always")
def _wordy(b):
    return 48 <= b <= 57 or 65 <= b <= 90 or 97 <= b <= 122 or b == 95


@njit(cache=True)
def _boundary(buf, at, end):
    """Whether a word ends at ``at``: 1, 0, or -1 where only Unicode could tell."""
    if at >= end:
        return 1
    if buf[at] >= 128:
        return -1
    return 0 if _wordy(buf[at]) else 1


@njit(cache=True)
def _unit(buf, at, end):
    """Whether a unit of size or time begins at ``at`` and ends with a word: 1, 0 or -1."""
    if at >= end:
        return 0
    b = buf[at]
    second = buf[at + 1] if at + 1 < end else 0
    third = buf[at + 2] if at + 2 < end else 0
    if b == 75 or b == 77 or b == 71 or b == 84:
        if second == 66:
            return _boundary(buf, at + 2, end)
        return _boundary(buf, at + 3, end) if second == 105 and third == 66 else 0
    if b == 66:
        return _boundary(buf, at + 1, end)
    if (b == 109 or b == 117 or b == 110) and second == 115:
        return _boundary(buf, at + 2, end)
    if b == 98 and end - at >= 5 and second == 121 and third == 116 and buf[at + 3] == 101 and buf[at + 4] == 115:
        return _boundary(buf, at + 5, end)
    if b == 115 and second == 101 and third == 99:
        if end - at >= 7 and buf[at + 3] == 111 and buf[at + 4] == 110 and buf[at + 5] == 100 and buf[at + 6] == 115:
            return _boundary(buf, at + 7, end)
        if end - at >= 4 and buf[at + 3] == 115:
            return _boundary(buf, at + 4, end)
        return _boundary(buf, at + 3, end)
    return 0


@njit(cache=True)
def _spans(buf, at, start, end):
    """Whether the space at ``at`` is one that a variable may hold: 1, 0 or -1."""
    if at - 1 < start or not digit(buf[at - 1]):
        return 0
    if (
        at - 7 >= start
        and at + 5 < end
        and digit(buf[at - 2])
        and (buf[at - 3] == 45 or buf[at - 3] == 47)
        and digit(buf[at - 4])
        and digit(buf[at - 5])
        and (buf[at - 6] == 45 or buf[at - 6] == 47)
        and digit(buf[at - 7])
        and digit(buf[at + 1])
        and digit(buf[at + 2])
        and buf[at + 3] == 58
        and digit(buf[at + 4])
        and digit(buf[at + 5])
    ):
        return 1
    return _unit(buf, at + 1, end)


@njit(cache=True)
def word(buf, at, start, end, seed):
    """The word that begins at ``at``: its end, the hash of its likeness and that of its own text."""
    alike = exact = seed
    i = at
    while i < end:
        b = buf[i]
        if b == 32 and _spans(buf, i, start, end) == 0:
            break
        alike = (alike ^ np.uint64(SEVEN if digit(b) else b)) * PRIME
        exact = (exact ^ np.uint64(b)) * PRIME
        i += 1
    return i, final(alike), final(exact)


@njit(cache=True)
def is_odd(buf, start, end):
    for i in range(start, end):
        b = buf[i]
        if b == 0 or b == 10 or (b == 32 and _spans(buf, i, start, end) < 0):
            return True
    return False
