"""Lines whose words of failure mean none: counts of zero, passing tests, commands, packages so called."""

# ruff: noqa: E501
# fmt: off
# A rule is one line of a table: broken up, the patterns could no longer be compared.

from __future__ import annotations

import re

_AT_START = (
    r"\s*(?:✓|✔|√|PASS(?:ED)?\b|ok \d+|ok\b|--- PASS|\[\s+OK \]|\[ RUN|test .* \.\.\. ok$)",  # passing tests
    r"(?:Selecting previously|Preparing to unpack|Unpacking|Setting up|Get:\d|Downloading|Collecting|Fetching)\b",  # packages so called
    r"(?:Installing|Using|Processing)\b",
    r"\s*(?:\S*/)?(?:gcc|g\+\+|cc|c\+\+|clang(?:\+\+)?|rustc|javac|ar|ld|libtool|nvcc)(?:-[\d.]+)? (?:-|\S+\.\w+ )",  # commands
    r"\s*\[\s*\d+%\] |\s+(?:CC|CXX|LD|AR|Compiling|Building)\s",
    r"\s*(?:export|set|declare) |\s*(?:#|//)\s|\+?\s*#(?!#\[error\])",  # source code and scripts, printed
    r"\s*(?:if|elif|while|then|echo|def|function|return|raise|throw|catch|except)\b",
    r"-- (?!Configuring incomplete)|[Cc]hecking (?:for|whether|if|how) ",  # probes of CMake and autoconf
    r"AH00558: |\s*(?:old )?log \S+ (?:does not|doesn't) exist|Please note ",  # Apache knows no name of its own; logrotate; advice
    r"\s*[A-Z][\w ()-]{1,30}:\s+0\s*$|\s*Expected [Ff]ail\w*:?\s+\d+\s*$|FAILED - RETRYING: |[A-Z]\w+ version: undefined$|- (?:MISSING|UNEXPECTED):\s",  # counts of nothing; Meson; transformers explains its report
    r"Unable to find image|info |W: |debconf: ",  # docker pulls it next; yarn, apt and debconf are talking
    r"invoke-rc\.d: (?:could not determine current runlevel|policy-rc\.d denied execution)",  # Debian's packages, in containers
    r"\s*\d+ \| (?!\s*(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|WARN))",  # source code and rows of tables, shown
    r"\[ERROR\] \[Help",
    r"[A-Z][A-Z0-9_]*=\S*$|Total: 0 \(",  # variables of an environment; Trivy found nothing
    r"[<>] (?:HTTP/\d|[A-Z][\w-]*: )",  # headers of HTTP, as curl -v shows them
    r"(?:commit |Merge: )[0-9a-f]{7,40} (?:\([^)]*\) )?(?!(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|ERR)\b)[A-Z]",  # subjects of commits
    r"(?:\+{1,4}|\$) (?!\S*:)\S",  # commands, as set -x and a prompt show them
    r"(?!.*(?i:fail|err|\bnot\b)).*\b(?:tests?|checks?|suite|drill|gate) passed\b",  # verdicts
    r"\s*[✖✗] .*\(\d[\d.]*m?s\) # \S",  # tests that need not pass yet
    r"(?i:caught|handled|ignored|recovered|simulated)(?: \w+)?: ",  # said by a program that goes on
)

_ANYWHERE = (
    r"\((?:(?:as|this is|that is) )?expected\)[.!]?\s*$",  # the script knew that it would come
    r"\b(?:0|no) (?:errors?|failures?|failed|problems|warnings|unexpected)\b",  # counts of nothing
    r"\b(?:0|no|zero) (?:\w+ )?(?:rejected|missing|mismatche?s?|conflicts?|unknown|refused|invalid|lost)\b",
    r"\b(?:missing|unexpected)(?:[_ ]keys)?\W{1,3}\[\]",  # PyTorch loaded all weights
    r"There were (?:missing|unexpected) keys in the checkpoint model loaded|you may observe unexpected behavior",  # transformers
    r"\[\d+\] (?:\S+ )?FATAL:  terminating connection due to administrator command",  # PostgreSQL was asked to
    r"\bcode 4\d\d, message ",  # Python's HTTP server tells a client
    r"\b(?:CRITICAL|FATAL|SEVERE|HIGH)\s?[:=]\s?0(?=$|[,;|)]|\s{2}|\s[A-Z]+\s?[:=])",
    r"\b(?:[Ss]tandard|[Mm]ean|[Ss]quared|[Aa]bsolute|[Ww]ord|[Pp]ercentage) [Ee]rror\b",  # statistics
    r"\b(?:[Ee]rrors?|[Ff]ail(?:ed|ures?))(?: [a-z]+)?\s?[:=]\s*0\b(?!\.\d)",
    r"\b(?:[Ee]rrors?|[Ff]ail(?:ed|ures?)|[Ff]atal)(?: (?!(?:after|at|because|by|for|from|in|of|on|to|with)\b)[a-z]+)?(?::? |[\t,])0(?=[\s,;)]|$)",
    r"\b(?:[Ee]rrors?|[Ff]ail(?:ed|ures?)|[Ff]atal|FAILED|ERRORS?)\"?\s?[:=]\s*(?i:false|no|none|null|nil|\[\]|\{\})(?=[,;)}|]|\s*$)",  # that nothing did
    r"(?:错误|失败|异常)数?\s?[:：=]\s?0(?!\d)|(?<!\d)0 ?[个条项处次]?(?:错误|失败|异常)|(?:无|没有|未发现|未见)(?:任何)?(?:错误|异常|失败)|(?:后|正在|准备)重试|重试中",  # the same in Chinese
    r"\bPASSED\b|\.\.\. ok$|\bok$|: OK$|xfail",  # passing tests and checks
    r"-W(?:no-)?error|[Ee]rror[_-]?(?:log|page|reporting|level)\b\s*[=:]",  # options and settings
    r"[Ee]rrors? (?:were )?ignored|\(ignored\)|ignoring|[Ee]xpected (?:error|failure|exception)|expected by|\bas (?:expected|intended)\b",
    r"[Rr]etry(?:ing)?\b",  # tried again: what came of it stands below
    r"\b[Ss]kipped(?:: | \()",  # and why
    r"\|\| (?:exit|die|echo)",  # scripts, printed
    r"(?:^|: )W (?:[\w-]+/)+[\w-]+\.cc:\d+\]",  # warnings of TensorFlow and its kin
    r"DeviceProperties\.cpp:\d+\] gpuGetDeviceCount failed",  # PyTorch's profiler where no GPU is
    r"Unable to register cu\w+ factory: Attempting to register factory for plugin",  # TensorFlow beside PyTorch or itself
    r"\bNOTICE:  |NOTICE: Config file \".*\" not found - using defaults",  # PostgreSQL says what it did; rclone needs none
    r"\[gc\b|\[(?:Full )?GC ",  # Java collects what it no longer needs, because an allocation would fail
    r"LOG:  (?:aborting any active transactions|invalid record length at )",  # PostgreSQL shuts down, or has read its log to the end
    r"A complete log of this run|To see the full stack trace|Re-run Maven|For more information about the errors",
)

_MATCHES_AT_START = re.compile("|".join(_AT_START))
_MATCHES_ANYWHERE = re.compile("|".join(_ANYWHERE))


def is_harmless(text: str) -> bool:
    """Whether the words of failure in a line mean none."""
    # Apart, because a search tries each alternative at every character, also those that stand at the start alone.
    return bool(_MATCHES_AT_START.match(text) or _MATCHES_ANYWHERE.search(text))
