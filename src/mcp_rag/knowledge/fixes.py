"""Whether two fixes of one error say the same in other words, or otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mcp_rag.knowledge.tokens import stems
from mcp_rag.records import KnownIssue

if TYPE_CHECKING:
    from mcp_rag.knowledge.embedder import Vectors

Embed = Callable[[Sequence[str]], "Vectors"]
"""Texts → a vector each, of length 1."""

SHARED = 0.6
"""Share of the words of the shorter fix that the longer one has, from which they say the same. Chosen by eye."""

NEAR, NEAR_SHARED = 0.75, 0.25
"""Cosine of two fixes from which fewer common words are enough. Chosen by eye, on the pairs of the tests."""

_OPPOSITES = (
    ({"upgrad", "newer", "updat"}, {"downgrad", "older"}),
    ({"instal", "add"}, {"uninstal", "remov", "delet"}),
    ({"enabl"}, {"disabl"}),
    ({"rais", "increas"}, {"lower", "decreas", "reduc"}),
    ({"start", "restart"}, {"stop", "kill"}),
    ({"unpin"}, {"pin"}),
    ({"wait"}, {"restart", "kill", "delet"}),
)
"""Stems of words of which a fix that has one says otherwise than a fix that has another."""

_SILENT = frozenset(
    {"a", "an", "and", "any", "are", "as", "at", "be", "by", "for", "from", "if", "in", "into", "is", "it", "of", "on"}
    | {"one", "or", "so", "that", "the", "then", "this", "to", "use", "with", "you", "your", "again", "which", "where"}
    | {"when", "run", "set", "make"}
)
"""Words that say nothing of what is to be done."""
_NOT = re.compile(r"\b(?:not|never|don't|do not|instead of|without)\b", re.IGNORECASE)
_VERSION = re.compile(r"(?:[<>=~!]=?\s*)?\bv?\d+(?:\.\d+)+")
_ABOVE, _BELOW = re.compile(r">=?\s*\d"), re.compile(r"<=?\s*\d")


def say_the_same(one: KnownIssue, other: KnownIssue, embed: Embed | None = None) -> bool:
    """Whether the fixes of two issues that answer one error are alike.

    By the words that they share and, where ``embed`` is given, by what they mean; versions and directions (upgrade and
    downgrade) that differ make them unlike whatever else they share.
    """
    texts = tuple(f"{issue.fix or issue.text} {' '.join(issue.commands)}".strip() for issue in (one, other))
    mine, theirs = (frozenset(stems(text)) - _SILENT for text in texts)
    if _say_otherwise(texts, mine, theirs):
        return False
    if mine == theirs or not (mine and theirs):
        return mine == theirs
    shared = len(mine & theirs) / min(len(mine), len(theirs))
    if shared >= SHARED or embed is None or shared < NEAR_SHARED:
        return shared >= SHARED
    first, second = embed(texts)
    return float(first @ second) >= NEAR


def _say_otherwise(texts: Sequence[str], mine: frozenset[str], theirs: frozenset[str]) -> bool:
    """Whether one names another version, another direction, or forbids what the other wants."""
    versions = [{found.lstrip("<>=~! v") for found in _VERSION.findall(text)} for text in texts]
    if all(versions) and not versions[0] & versions[1]:
        return True
    above, below = ([bool(form.search(text)) for text in texts] for form in (_ABOVE, _BELOW))
    if (above[0] and below[1] and not below[0]) or (above[1] and below[0] and not below[1]):
        return True
    if bool(_NOT.search(texts[0])) != bool(_NOT.search(texts[1])):
        return True
    return any(
        (mine & up and theirs & down and not mine & down) or (theirs & up and mine & down and not theirs & down)
        for up, down in _OPPOSITES
    )
