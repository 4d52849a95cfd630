"""Compiled: where a word of a line ends, and the hashes of it. Only imported where the ``fast`` extra is installed."""

from __future__ import annotations

import numpy as np
from numba import njit

PRIME = np.uint64(0x100000001B3)
MIX = np.uint64(0x9E3779B97F4A7C15)
S29 = np.uint64(29)
_S32 = np.uint64(32)
SEVEN, SPACE = np.uint8(55), np.uint8(32)

S7 = np.uint64(7)
ALL_BITS = np.uint64(0xFF)
ZEROS, SEVENS, LOW_BITS, HIGH_BITS, BELOW_TEN = (
    np.uint64(0x0101010101010101 * byte) for byte in (0x30, SEVEN.item(), 0x7F, 0x80, 0x76)
)


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
def split_words(buf, start, end, seed, split, at):
    """Write the words of a line into ``split`` from row ``at`` on: the hash of its likeness, that of its own text, where it
    begins and ends. Returns the row behind them, or -1 for a line that must be masked as a whole.
    """
    alike = exact = seed
    begun = start
    for i in range(start, end + 1):
        b = buf[i] if i < end else SPACE
        if b == 0 or b == 10:
            return -1
        if b == 32:
            spans = _spans(buf, i, start, end) if i < end else 0
            if spans < 0:
                return -1
            if spans == 0:
                split[at, 0], split[at, 1] = final(alike), final(exact)
                split[at, 2], split[at, 3] = begun, i
                at += 1
                alike = exact = seed
                begun = i + 1
                continue
        alike = (alike ^ np.uint64(SEVEN if digit(b) else b)) * PRIME
        exact = (exact ^ np.uint64(b)) * PRIME
    return at


@njit(cache=True, inline="always")
def _eight(buf, at):
    return (
        np.uint64(buf[at])
        | np.uint64(buf[at + 1]) << np.uint64(8)
        | np.uint64(buf[at + 2]) << np.uint64(16)
        | np.uint64(buf[at + 3]) << np.uint64(24)
        | np.uint64(buf[at + 4]) << np.uint64(32)
        | np.uint64(buf[at + 5]) << np.uint64(40)
        | np.uint64(buf[at + 6]) << np.uint64(48)
        | np.uint64(buf[at + 7]) << np.uint64(56)
    )


@njit(cache=True)
def hashes(buf, start, end, seed):
    """The hash of a line's likeness and that of its own text, eight bytes at a time."""
    alike = exact = seed ^ np.uint64(end - start)
    at = start
    while at + 8 <= end:
        exact, alike = _both(_eight(buf, at), exact, alike)
        at += 8
    rest = np.uint64(0)
    shift = np.uint64(0)
    while at < end:
        rest |= np.uint64(buf[at]) << shift
        shift += np.uint64(8)
        at += 1
    exact, alike = _both(rest, exact, alike)
    return final(alike), exact


@njit(cache=True, inline="always")
def _both(eight, exact, alike):
    # Digits are the bytes that are below ten once 0x30 is taken away bit by bit; a carry never leaves its byte.
    low = eight ^ ZEROS
    other = ((low & LOW_BITS) + BELOW_TEN) | low
    digits = ((~other & HIGH_BITS) >> S7) * ALL_BITS
    same = (eight & ~digits) | (SEVENS & digits)
    exact = (exact ^ eight) * PRIME
    alike = (alike ^ same) * PRIME
    # A product carries upwards only: without this the last byte of two eights could cancel out.
    return exact ^ (exact >> _S32), alike ^ (alike >> _S32)
