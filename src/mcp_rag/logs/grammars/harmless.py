"""Lines whose words of failure mean none: counts of zero, passing tests, commands, packages so called."""

# ruff: noqa: E501
# fmt: off
# A rule is one line of a table: broken up, the patterns could no longer be compared.

from __future__ import annotations

import re

_PATTERNS = (
    r"\b(?:0|no) (?:errors?|failures?|failed|problems|warnings)\b",  # counts of nothing
    r"\b(?:[Ee]rrors?|[Ff]ail(?:ed|ures?))\s?[:=] ?0\b",
    r"^\s*(?:✓|✔|√|PASS(?:ED)?\b|ok \d+|ok\b|--- PASS|\[\s+OK \]|\[ RUN|test .* \.\.\. ok$)",  # passing tests
    r"\bPASSED\b|\.\.\. ok$|\bok$|xfail",
    r"-W(?:no-)?error|[Ee]rror[_-]?(?:log|page|reporting|level)\b\s*[=:]",  # options and settings
    r"[Ee]rrors? (?:were )?ignored|\(ignored\)|ignoring|[Ee]xpected (?:error|failure|exception)|expected by",
    r"[Rr]etry(?:ing)?\b",  # tried again: what came of it stands below
    r"^(?:Selecting previously|Preparing to unpack|Unpacking|Setting up|Get:\d|Downloading|Collecting|Fetching)\b",  # packages so called
    r"^(?:Installing|Using|Processing)\b",
    r"^\s*(?:\S*/)?(?:gcc|g\+\+|cc|c\+\+|clang(?:\+\+)?|rustc|javac|ar|ld|libtool|nvcc)(?:-[\d.]+)? (?:-|\S+\.\w+ )",  # commands
    r"^\s*\[\s*\d+%\] |^\s+(?:CC|CXX|LD|AR|Compiling|Building)\s",
    r"^\s*(?:export|set|declare) |\|\| (?:exit|die|echo)|^\s*(?:#|//)\s|^\+?\s*#",  # source code and scripts, printed
    r"^\s*(?:if|elif|while|then|echo|def|function|return|raise|throw|catch|except)\b",
    r"^-- (?!Configuring incomplete)|^[Cc]hecking (?:for|whether|if|how) ",  # probes of CMake and autoconf
    r"^Unable to find image|^info |^W: |^debconf: ",  # docker pulls it next; yarn, apt and debconf are talking
    r"A complete log of this run|To see the full stack trace|Re-run Maven|For more information about the errors|^\[ERROR\] \[Help",
)

HARMLESS = re.compile("|".join(_PATTERNS))
