"""A message with its variable parts masked, so that the same failure reads the same everywhere.

Masks are ``<uuid>``, ``<time>``, ``<ip>``, ``<url>``, ``<email>``, ``<path>``, ``<hex>``, ``<num>``;
masking is idempotent.

``templates/variables.py`` has a table of its own, on purpose. Here a failure's sentence becomes part of its fingerprint,
which ledgers keep: a pattern that changes lets what was confirmed be forgotten. There shapes of lines are counted a
hundred thousand a second, words apart from each other, and a unit or a MAC address is a type of its own. One table for
both would move either the fingerprints or the groups.
"""

# ruff: noqa: E501
# fmt: off
# A rule is one line of a table: broken up, the patterns could no longer be compared.

from __future__ import annotations

import re

LONGEST_MASKED = 4_000
"""Characters of a message that are masked; the rest is cut, so that a line of megabytes stays cheap."""

_MASKED = r"<(?:uuid|time|ip|url|email|path|hex|num)>"

_VARIABLE = re.compile(
    "|".join(
        (
            rf"(?P<masked>{_MASKED})",
            r"(?P<uuid>\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b)",
            r"(?P<time>\b\d{4}[-/]\d\d?[-/]\d\d?(?:[T ,]\s?\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?(?:Z\b|UTC|[+-]\d\d:?\d\d))?)?"
            r"|\b\d\d?:\d\d:\d\d(?:[.,]\d+)?\b"
            r"|\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s{1,2}\d\d?\b(?:,? \d{4})?)",
            r"(?P<url>\b[a-z][a-z0-9+.-]{1,15}://[^\s'\"<>`)\]]+)",
            r"(?P<email>\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}\b)",
            r"(?P<ip>\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b|\b(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}\b)",
            r"(?P<path>(?<![\w<>/\\.~-])(?:~|\.{1,2})?/(?:[\w.@+~=%-]+/)*[\w.@+~=%-]+(?::\d+)*|\b[A-Za-z]:\\[^\s'\"<>|:*?]+(?::\d+)*)",
            r"(?P<hex>\b0[xX][0-9a-fA-F]+\b|\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{7,128}\b)",
            r"(?P<num>(?<![\w<])[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?(?=(?:[kKMGT]i?[bB]|ms|us|ns|s|m|h|B|%)?(?!\w)))",
        )
    )
)
def _mask(found: re.Match[str]) -> str:
    return found.group() if found.lastgroup == "masked" else f"<{found.lastgroup}>"


def mask(text: str) -> str:
    """``text`` with numbers, addresses, paths, times and ids masked.

    What else stands in quotes is kept: in ``No module named 'torch'`` it is the very thing that tells failures apart.
    """
    return _VARIABLE.sub(_mask, text[:LONGEST_MASKED])
