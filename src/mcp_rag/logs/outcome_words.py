"""The words by which a line of whatever tool says how it went: of failure, of success, of advice, of a severity."""

from __future__ import annotations

import re

MILD = re.compile(
    r"^.{0,60}?(?:^|[\s\[(|<])(?:(?:[Ww]arn(?:ing)?|[Ii]nfo|[Dd]ebug|[Nn]otice|[Nn]ote|NOTE|[Hh]int|HINT)(?=[\]):>|])"
    r"|(?:INFO|DEBUG|WARN(?:ING)?|NOTICE|TRACE)\b)|^\[?[WID](?:\d{4}|[:,])? |level=(?:info|debug|warn)"
)
WARNS = re.compile(
    r"^.{0,60}?(?:^|[\s\[(|<])(?:[Ww]arn(?:ing)?(?=[\]):>|])|WARN(?:ING)?\b)|^\[?W(?:\d{4}|[:,])? |level=warn"
)
GRAVE = re.compile(
    r"\b(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|EMERG|ERR!?)\b|level=(?:error|fatal)|\[(?:error|crit|alert|emerg|fatal)\]"
    r"|错误|严重|致命|异常|失败|无法|不足"
)
SEVERE_RECORD = re.compile(
    r"^(?=.{0,60}\d\d:\d\d:\d\d).{0,80}?(?:^|[\s\[(|<:])"
    r"(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|EMERG|error|crit|alert|emerg|fatal)(?=[\]):>|\s/,])"
    r"|^\[(?:ERROR|FATAL|CRITICAL)\]: |^(?:ERROR|FATAL|CRITICAL)(?::| [\w.-]{1,40}:)|level=(?:error|fatal|critical)"
    r"|^\{.*\"(?:level|severity|levelname)\": ?\"(?i:error|fatal|critical)\""
)
MILD_FIELD = re.compile(r"\"(?:level|severity|levelname)\": ?\"(?i:warn(?:ing)?|notice|info|debug)\"")
HEADED = re.compile(
    r"^\S{0,60}?(?: \S{1,20}){0,2}?[:\[(]? ?(?i:error|fatal|exception|panic|failure|failed|cannot|abort\w*)\b"
)
DEALT_WITH = re.compile(
    r"(?i)\b(?:retry(?:ing)?|try(?:ing)? again|attempt|ignor(?:ed|ing)|skipp?(?:ed|ing)?|optional|fall(?:ing|s)? ?back|using"
    r"|instead|default(?:s|ing)?|expected|intended|should|handled|caught|rescued|recover(?:ed|ing)?|simulated|allowed|harmless"
    r"|non-fatal|may|might|possibly|continu\w+|yet|going on|already)\b"
)
COULD_NOT = re.compile(
    r"(?i)\b(?:abort(?:ed|ing)?|giving up|gave up|exit(?:ing|ed)?|terminat\w+|unhandled|uncaught|killed|core dumped"
    r"|stopp(?:ed|ing)|refus\w+|cannot|can't|unable|must|fatal|denied|required)\b"
)
PLACE = re.compile(r"\S+\.\w{1,10}[:(]\d+|line \d+")
DATA = re.compile(r"^\s*(?:[-*•]\s|[\w.-]{1,30}: \S+$|\|)|^\s*[\w.\"']+ ?= ?\S|[{\[(,;]$|[|│].*[|│]")
EXCEPTION = re.compile(r"\b[A-Z]\w+(?:Error|Exception|Failure)\b")
GOOD = re.compile(
    r"(?i)\b(?:success\w*|succeeded|pass(?:ed|ing)?|done|ok(?!=)|complet\w+|finished|ready|built|installed|saved|created|written"
    r"|started|listening|up[- ]to[- ]date|clean|healthy|valid|(?<!=)(?:no|0) (?:errors?|issues?|problems?|failures?|failed"
    r"|warnings?))\b|[✓✔√]|\b100 ?%(?! +/)|成功|完成|通过|就绪"
)
BAD = re.compile(
    r"(?i)\b(?:error|failed|failures?|fatal|exception|abort\w*|cannot|denied|refused|killed|not found|no such|invalid|unable"
    r"|missing|exit(?:ed)? (?:with )?(?:code |status )?[1-9]\d*|must|unknown|undefined|unreachable=[1-9])\b|错误|失败|异常|无法"
)
NONE_BAD = re.compile(
    r"(?i)(?<!=)\b(?:no|0|zero|without) (?:\w+ )?(?:errors?|failed|failures?|problems?|issues?)"
    r"|(?:errors?|failed|failures?)\W{1,3}0\b"
)
NEGATED = re.compile(r"(?i)\b(?:not|no longer|before|until|unless|without|false)\b|n't\b")
ADVICE = re.compile(
    r"(?i)\b(?:please|should|you|your|try|see|hint|help|use|run|rerun|check|consider|make sure|ensure|may|might|if|learn more"
    r"|more information|documentation)\b|https?://"
)
RECORD = re.compile(r"^.{0,40}\d\d:\d\d:\d\d|^.{0,30}\b(?:INFO|DEBUG|TRACE|NOTICE|WARN(?:ING)?)\b|level=(?:info|debug)")
TIMED = re.compile(r".{0,40}\d\d:\d\d:\d\d")
COMMAND = re.compile(r"^(?:\$|\+{1,3}|>|#|==+>?|-{3,}|={3,}|#\d+ \[|TASK \[|Step \d+|\[\d+/\d+\])\s?\S")
SHUTS_DOWN = re.compile(
    r"(?i)\b(?:shut(?:s|ting)? ?down|exit(?:s|ing|ed)?|clos(?:e|es|ing|ed)|stopp?(?:s|ing|ed)?|terminat\w+|bye)\b"
)
COUNTS_BAD = re.compile(
    r"(?i)(?<![\w.])[1-9]\d* (?:\w+ ){0,2}(?:errors?|problems?|fail(?:ed|ures?|ing)|issues?)\b"
    r"|\b(?:errors?|failed|failures?)\W{1,3}[1-9]"
)
COUNTS_GOOD = re.compile(
    r"(?i)(?<!=)\b(?:0|no) (?:errors?|problems?|fail(?:ed|ures?|ing)|issues?)\b|(?<![\w.])[1-9]\d* (?:\w+ )?pass(?:ed|ing)\b"
)
_LOST = r"errors?|failed|failures?|lost|missing|dropped|rejected"
LOST = re.compile(rf"(?i)(?<![\w.])[1-9]\d* (?:\w+ )?(?:{_LOST}|violations?)\b|\b(?:{_LOST})\W{{1,3}}[1-9]")
NONE_LOST = re.compile(
    rf"(?i)\b(?:0|no) (?:\w+ )?(?:{_LOST}|issues?|problems?|violations?)\b|\b(?:{_LOST}|unreachable)\W{{1,3}}0\b"
)
OF_ALL = re.compile(r"(?<![\w./:-])(\d{1,7}) ?(?:/|of|out of) ?(\d{1,7})(?![\w./:-])")
_REFUSED_REQUEST = r"HTTP/\d[\d.]*\"?\W{1,4}4[012]\d\b"
CLIENT = re.compile(
    r"\b(?:client|peer|remote|rhost|user|referer|request)[ =:]|\b(?:role|database) \"|\bfrom \d+\.\d+"
    r"|\b(?:GET|POST|PUT|HEAD|DELETE|PATCH) /|[\"'](?:url|path|client|method)[\"']: ?"
    rf"|\b(?:status(?:_code|Code)?|code)\W{{1,4}}4[012]\d\b|{_REFUSED_REQUEST}"
)
ASKED = re.compile(rf"\bSTATEMENT:|{_REFUSED_REQUEST}")
BEHIND = re.compile(r"(?i)upstream|backend")
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`")
NUMBERED = re.compile(r"\W{0,8}([A-Za-z]\w{0,30})[ #:-]{1,2}(\d{1,7})\b")
OTHER_LOG = re.compile(
    r"^[\w./-]*\.(?:log|txt|out|gz|jsonl?)(?:[.:-]\d+)*[:-]|^\s*\d{1,7}(?:[:-]|\s)\s?\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d"
)
UNUSUAL = tuple(" \t│|╵╷└├")


def says_good(text: str) -> bool:
    """Whether a line says that something went well."""
    return bool(GOOD.search(text)) and not ADVICE.search(text) and not NEGATED.search(text) and not says_bad(text)


def says_bad(text: str) -> bool:
    """Whether a line holds a word of failure that does not count to nothing."""
    return bool(BAD.search(NONE_BAD.sub("", text)))


def is_ordinary(text: str) -> bool:
    """Whether a line neither goes on with what stands above it nor advises nor tells of a failure."""
    return not text.startswith(UNUSUAL) and not ADVICE.search(text) and not says_bad(text)
