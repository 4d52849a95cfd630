"""Whether a failure's sentence names that one failure wherever it strikes, or only that something failed there."""

from __future__ import annotations

import re

from mcp_rag.logs.grammars.outcomes import ENDINGS

WORDS = 6
"""Plain words from which on a sentence is telling, a quoted one counting three times: ``No module named 'torch'`` is,
``No such file or directory`` is not. Chosen by eye."""

_QUOTED = re.compile(r"'[^']+'|\"[^\"]+\"|`[^`]+`|‘[^’]+’")
_MASKED = re.compile(r"<\w+>")
_TYPE = re.compile(r"^(?:[\w.$]+\.)?\w*(?:Error|Exception|Failure|panic)\b:?\s*")
_WORD = re.compile(r"[^\W\d_]{2,}")

_ONLY_ITS_PLACE = re.compile(
    r"'(?:NoneType|str|int|float|list|dict|tuple|set|bool|bytes|object|function|method|generator|coroutine)'"
    r"|\b(?:null|nil|undefined|None)\b.*(?:pointer|propert|reference|dereference|value|is not|object|invoke)"
    r"|Cannot (?:read|set) propert|because .* is null|NullPointerException|is not a function|is not iterable"
    r"|index .*out of (?:range|bounds)|out of range|divi(?:de|sion) by zero|assert(?:ion)?(?: `?[^:]*)? failed"
    r"|missing \d+ required positional|takes \d+ positional|unexpected keyword|not enough values|too many values"
    r"|invalid literal for int|could not convert string|maximum recursion|stack overflow|timed? ?out|Killed|core dumped"
    r"|No such file or directory|Permission denied|command not found|Is a directory",
    re.IGNORECASE,
)
"""What a language says of a slip in anybody's code: the cause stands in the place, not in the sentence."""


def is_telling(template: str) -> bool:
    """Whether the masked sentence alone tells which failure it is; otherwise its place must be the same too."""
    if any(rule.pattern.search(template) for rule in ENDINGS) or _ONLY_ITS_PLACE.search(template):
        return False
    plain = _MASKED.sub(" ", _TYPE.sub("", template))
    quoted = [text for text in _QUOTED.findall(plain) if _WORD.search(text)]
    return len(_WORD.findall(plain)) + 2 * len(quoted) >= WORDS
