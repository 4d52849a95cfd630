"""Whether a failure's sentence names that one failure wherever it strikes, or only that something failed there."""

from __future__ import annotations

import builtins
import hashlib
import re

from mcp_rag.logs.grammars.outcomes import ENDINGS

WORDS = 6
"""Plain words from which on a sentence is telling, a quoted one counting three times, those of an error's own name once:
``No module named 'torch'`` is, ``No such file or directory`` is not. Chosen by eye."""

SENTENCE_DIGITS = 16
"""As of a fingerprint: 64 bits."""

_QUOTED = re.compile(r"'[^']+'|\"[^\"]+\"|`[^`]+`|‘[^’]+’")
_MASKED = re.compile(r"<\w+>")
_TYPE = re.compile(r"^(?:[\w.$]+\.)?\w*(?:Error|Exception|Failure|panic)\b:?\s*")
_WORD = re.compile(r"[^\W\d_]{2,}")
_TYPE_WORD = re.compile(r"[A-Z][a-z]+|[A-Z]+(?![a-z])")

_ANYBODYS_TYPES = frozenset({*dir(builtins), "IllegalArgumentException", "IllegalStateException", "RuntimeException"})
"""Names of errors that say nothing of what failed: Python's own, and those of Java that stand for any."""

_NAMES_A_KIND = frozenset({"Error", "Exception", "Failure", "Fault", "Warning"})

# ruff: noqa: E501
# fmt: off
_ONLY_ITS_PLACE = re.compile(
    r"'(?:NoneType|str|int|float|list|dict|tuple|set|bool|bytes|object|function|method|generator|coroutine)'"
    r"|\b(?:null|nil|undefined|None)\b.*(?:pointer|propert|reference|dereference|value|is not|object|invoke)"
    r"|Cannot (?:read|set) propert|because .* is null|must not be (?:null|empty|None)|NullPointerException"
    r"|is not a function|is not iterable|is not subscriptable|is not callable|cannot be cast to class|KeyError"
    r"|index .*out of (?:range|bounds)|out of range|divi(?:de|sion) by zero|indices must be|can only concatenate"
    r"|name '\w+' is not defined|cannot access local variable|referenced before assignment|borrow of|moved value|does not live long"
    r"|not assignable to|mismatched types|expected .{1,40} before|[Ss]yntax ?[Ee]rror|Unexpected token|Expecting (?:value|property|',')"
    r"|Cannot find module '(?:<path>|\.)"
    r"|shapes? .*cannot be|could not be broadcast|size of tensor|[Ss]ize mismatch|cannot reshape|invalid for input of size"
    r"|codec can't (?:de|en)code|JSONDecodeError|validation errors?\b"
    r"|\bassert\b|assert(?:ion)?(?: `?[^:]*)? failed|AssertionFailed|expect(?:ed)?\b.*\b(?:received|got|but|actual|was)\b|should (?:be|have|equal)\b.*\bwas\b|toBe\("
    r"|missing \d+ required positional|takes \d+ positional|unexpected keyword|not enough values|too many values"
    r"|invalid literal for int|could not convert string|maximum recursion|stack overflow|timed? ?out|Killed|core dumped"
    r"|No such file or directory|Permission denied|command not found|Is a directory|Connection (?:refused|reset)"
    r"|没有那个文件或目录|权限不[够足]|未找到命令|是一个目录|拒绝连接|连接被对方重设"
    r"|status code|non-zero exit|(?:Client|Server) Error|Command failed"
    r"|error (?:has )?occurred|went wrong|see the (?:log|output)|processing your request",
    re.IGNORECASE,
)
"""What a language, a test or a service says of a slip in anybody's code: the cause stands in the place, not in the sentence."""
# fmt: on

_PLACE = re.compile(
    r"^(?:thread '[^']*' (?:\(<num>\) )?panicked at )?(?:(?:[\w.@+~-]+[/\\])*[\w.@+~-]+\.\w+|<path>)[:(]<?(?:num|\d+)[^\s]*\s*"
)
_FILE = re.compile(r"[\w+~-]\.[A-Za-z]\w{0,4}(?::|\()")
_RELATIVE_PATH = re.compile(r"(?<![\w<>/@.])(?:(?:[\w.@+~-]|<\w+>)+/)+[\w@+~-][\w.@+~-]*\.[A-Za-z]\w*\b")
_VERSION = re.compile(
    r"(?<=[A-Za-z])\d+(?:\.\d+)+\w*|\bv\d[\w.]*|<num>(?:[.,-]?(?:a|b|rc|dev|post)\d+|\.\w*\d\w*)*(?:\+[\w.]+)?"
)


def is_telling(template: str, error_type: str | None = None) -> bool:
    """Whether the masked sentence alone tells which failure it is; otherwise its place must be the same too."""
    if any(rule.pattern.search(template) for rule in ENDINGS) or _ONLY_ITS_PLACE.search(template):
        return False
    plain = _MASKED.sub(" ", _TYPE.sub("", template))
    quoted = [text for text in _QUOTED.findall(plain) if _WORD.search(text)]
    return len(_WORD.findall(plain)) + 2 * len(quoted) + _words_of_type(error_type) >= WORDS


def names_a_file(template: str) -> bool:
    """Whether the sentence tells a file of the source in which it struck."""
    return _FILE.search(template) is not None


def _words_of_type(error_type: str | None) -> int:
    if not error_type or error_type in _ANYBODYS_TYPES:
        return 0
    return len(set(_TYPE_WORD.findall(error_type)) - _NAMES_A_KIND)


def sentence_key(family: str, error_type: str | None, template: str) -> str:
    """Sixteen hexadecimal digits over what a telling sentence says, whatever file, path and version it names; empty when
    it is not telling. ``family`` is the language or tool."""
    if not is_telling(template, error_type):
        return ""
    said = _VERSION.sub("<num>", _RELATIVE_PATH.sub("<path>", _PLACE.sub("", template)))
    parts = (family, error_type or "", re.sub(r"[+-]?<num>", "<num>", said).casefold())
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:SENTENCE_DIGITS]
