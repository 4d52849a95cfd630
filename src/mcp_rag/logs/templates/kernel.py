"""Compiled loops over the bytes of many lines; only imported where the ``fast`` extra is installed.

Whatever is compared is compared by 64-bit hashes of its text, in open hash tables of two arrays (keys, values) whose
number of places is a power of two. A key of 0 is a free place. The hashes are seeded anew in every process.
"""

# A compiled loop is one function: a call for each of its steps would cost what it saves.

from __future__ import annotations

import numpy as np
from numba import njit

from mcp_rag.logs.templates.kernel_words import MIX, PRIME, S29, final, hashes, split_words

FREE, KEEPS, WANTED = -1, -2, -3
"""Values: not in the table; a word whose digits stay, so that its own text decides; asked for, not yet answered."""

ODD = -2
"""In place of a template: a line that is masked as a whole."""

TEMPLATES, POOLED, SHAPES, REMEMBERED, OVERFLOW, REASON, GROUPS = range(7)
"""Places of a miner's numbers."""

DONE, CLEARED, FULL = range(3)
"""Reasons to return."""

_EXACT = np.uint64(0x5851F42D4C957F2D)
NO_KEY = np.uint64(0)
WILD_VALUE = np.uint64(1)


@njit(cache=True)
def find(keys, values, h):
    """The value of a hash, or FREE."""
    mask = np.uint64(len(keys) - 1)
    i = h & mask
    while keys[i] != np.uint64(0):
        if keys[i] == h:
            return values[i]
        i = (i + np.uint64(1)) & mask
    return FREE


@njit(cache=True)
def put(keys, values, h, value):
    """Set the value of a hash; 1 when it is new."""
    mask = np.uint64(len(keys) - 1)
    i = h & mask
    while keys[i] != np.uint64(0):
        if keys[i] == h:
            values[i] = value
            return 0
        i = (i + np.uint64(1)) & mask
    keys[i] = h
    values[i] = value
    return 1


@njit(cache=True)
def put_all(keys, values, hashes, given):
    """Set the values of many hashes; how many are new."""
    new = 0
    for n in range(len(hashes)):
        new += put(keys, values, hashes[n], given[n])
    return new


@njit(cache=True)
def rehash(keys, values, wider_keys, wider_values):
    """Copy a table into a larger one."""
    for i in range(len(keys)):
        if keys[i] != np.uint64(0):
            put(wider_keys, wider_values, keys[i], values[i])


@njit(cache=True)
def scan(
    buf, starts, ends, first, seed, lines, line_values, words, word_values, room, found, wanted, wanted_hashes,
    line_hashes, line_words, split,
):  # fmt: skip
    """Look lines up from ``first`` on: in ``found`` a template, FREE or ODD for each.

    ``wanted`` receives where the words stand that no table knows, ``split`` the hashes and the places of all words of the
    lines that are FREE, at most ``room`` of each; ``line_hashes`` and ``line_words``, by number of line from ``first``, the
    hashes of a line and where its words begin in ``split``. Returns the line before which it stopped, and how many words
    are wanted.
    """
    asked = many = 0
    line_words[0] = 0
    for n in range(first, len(starts)):
        start, end = starts[n], ends[n]
        alike, exact = hashes(buf, start, end, seed)
        exact = final(exact ^ _EXACT)
        known = find(lines, line_values, alike)
        if known == FREE:
            known = find(lines, line_values, exact)
        if known == FREE:
            if many + (end - start) // 2 + 2 > room:
                return n, asked
            line_hashes[n - first, 0], line_hashes[n - first, 1] = alike, exact
            until = split_words(buf, start, end, seed, split, many)
            if until < 0:
                known = ODD
            for w in range(many, until):
                like = split[w, 0]
                if find(words, word_values, like) == FREE:
                    put(words, word_values, like, WANTED)
                    wanted[asked, 0], wanted[asked, 1] = split[w, 2], split[w, 3]
                    wanted_hashes[asked] = like
                    asked += 1
            many = max(many, until)
        found[n] = known
        line_words[n - first + 1] = many
    return len(starts), asked


@njit(cache=True)
def scan_exact(words, word_values, exacts, exact_values, split, many, wanted, wanted_hashes):
    """Of the words that were split, those whose own text decides and that no table knows: how many."""
    asked = 0
    for w in range(many):
        own = split[w, 1]
        if find(words, word_values, split[w, 0]) == KEEPS and find(exacts, exact_values, own) == FREE:
            put(exacts, exact_values, own, WANTED)
            wanted[asked, 0], wanted[asked, 1] = split[w, 2], split[w, 3]
            wanted_hashes[asked] = own
            asked += 1
    return asked


@njit(cache=True)
def shape_of(entries, count, sub_starts, subs):
    """The hash of a masked line, from what its words were masked to."""
    h = MIX
    for k in range(count):
        for j in range(sub_starts[entries[k]], sub_starts[entries[k] + 1]):
            h = (h ^ subs[j]) * PRIME
            h ^= h >> S29
    return final(h)


@njit(cache=True)
def _nearest(first, following, offsets, pool, tokens, count, similarity):
    """The most similar template of a group, the eldest of equals; -1 for none."""
    best, best_similarity = -1, similarity
    t = first
    while t >= 0:
        same = constant = 0
        at = offsets[t]
        for k in range(count):
            if pool[at + k, 0] != NO_KEY:
                same += 1
                constant += 1
            elif pool[at + k, 1] != WILD_VALUE:
                constant += 1
                if pool[at + k, 1] == tokens[k, 1]:
                    same += 1
        alike = same / constant if constant else 1.0
        if alike > best_similarity or (best < 0 and alike == best_similarity):
            best, best_similarity = t, alike
        t = following[t]
    return best


@njit(cache=True)
def add_template(tokens, count, group, groups, group_values, heads, tails, following, offsets, pool, numbers):
    """A template of its own for these tokens, in its group unless that is 0."""
    t = numbers[TEMPLATES]
    at = numbers[POOLED]
    for k in range(count):
        for j in range(3):
            pool[at + k, j] = tokens[k, j]
    offsets[t] = at
    offsets[t + 1] = at + count
    following[t] = -1
    numbers[TEMPLATES] = t + 1
    numbers[POOLED] = at + count
    if group != np.uint64(0):
        g = find(groups, group_values, group)
        if g == FREE:
            g = numbers[GROUPS]
            numbers[GROUPS] = g + 1
            put(groups, group_values, group, g)
            heads[g] = tails[g] = t
        else:
            following[tails[g]] = t
            tails[g] = t
    return t


@njit(cache=True)
def group_of(tokens, count, leading):
    """The hash of what all lines of a group have in common."""
    h = np.uint64(count) ^ _EXACT
    for k in range(count):
        h = (h ^ (tokens[k, 3] if k < leading else tokens[k, 4])) * PRIME
        h ^= h >> S29
    return final(h)


@njit(cache=True)
def grow(
    base, first, last, found, odd_starts, odd_entries, line_hashes, line_words, split,
    words, word_values, exacts, exact_values, sub_starts, subs, token_starts, word_tokens,
    lines, line_values, shapes, shape_values, groups, group_values, heads, tails, following,
    offsets, pool, counts, numbers, similarity, leading, max_templates, max_remembered, entries, tokens,
):  # fmt: skip
    """Count each line from ``first`` to ``last`` under its template, made or widened where it must be; ``base`` is the
    line from which ``scan`` looked.

    Returns the line before which it stopped; the reason stands in ``numbers``.
    """
    numbers[REASON] = DONE
    for n in range(first, last):
        if found[n] >= 0:
            counts[found[n]] += 1
            continue
        many = 0
        of_all = True
        if found[n] == ODD:
            for j in range(odd_starts[n - base], odd_starts[n - base + 1]):
                entries[many] = odd_entries[j]
                many += 1
        else:
            for w in range(line_words[n - base], line_words[n - base + 1]):
                entry = find(words, word_values, split[w, 0])
                if entry == KEEPS:
                    of_all = False
                    entry = find(exacts, exact_values, split[w, 1])
                entries[many] = entry
                many += 1
        shape = shape_of(entries, many, sub_starts, subs)
        t = find(shapes, shape_values, shape)
        if t == FREE:
            if numbers[SHAPES] >= max_remembered:
                shapes[:] = np.uint64(0)
                lines[:] = np.uint64(0)
                numbers[SHAPES] = numbers[REMEMBERED] = 0
                numbers[REASON] = CLEARED
                return n
            count = 0
            for k in range(many):
                for j in range(token_starts[entries[k]], token_starts[entries[k] + 1]):
                    for c in range(5):
                        tokens[count, c] = word_tokens[j, c]
                    count += 1
            if numbers[POOLED] + count > len(pool):
                numbers[REASON] = FULL
                return n
            group = group_of(tokens, count, leading)
            g = find(groups, group_values, group)
            if g != FREE:
                t = _nearest(heads[g], following, offsets, pool, tokens, count, similarity)
            if t >= 0:
                at = offsets[t]
                for k in range(count):
                    if (
                        pool[at + k, 0] != tokens[k, 0]
                        or pool[at + k, 1] != tokens[k, 1]
                        or pool[at + k, 2] != tokens[k, 2]
                    ):
                        pool[at + k, 1] = WILD_VALUE
                        if pool[at + k, 2] != tokens[k, 2]:
                            pool[at + k, 2] = WILD_VALUE
            elif numbers[OVERFLOW] >= 0:
                t = numbers[OVERFLOW]
            elif numbers[TEMPLATES] >= max_templates:
                tokens[0, 0], tokens[0, 1], tokens[0, 2] = NO_KEY, WILD_VALUE, WILD_VALUE
                t = add_template(
                    tokens, 1, np.uint64(0), groups, group_values, heads, tails, following, offsets, pool, numbers
                )
                numbers[OVERFLOW] = t
            else:
                t = add_template(
                    tokens, count, group, groups, group_values, heads, tails, following, offsets, pool, numbers
                )
            put(shapes, shape_values, shape, t)
            numbers[SHAPES] += 1
        counts[t] += 1
        if found[n] != ODD:
            if numbers[REMEMBERED] >= max_remembered:
                lines[:] = np.uint64(0)
                numbers[REMEMBERED] = 0
            numbers[REMEMBERED] += put(lines, line_values, line_hashes[n - base, 0 if of_all else 1], t)
        found[n] = t
    return last
