"""The words by which a line of whatever tool says how it went: of failure, of success, of advice, of a severity."""

from __future__ import annotations

import re

MILD = re.compile(
    r"^.{0,90}?(?:^|[\s\[(|<])"
    r"(?:(?:[Ww]arn(?:ing)?|[Ii]nfo(?:rmation)?|[Dd]ebug|[Nn]otice|[Nn]ote|NOTE|[Hh]int|HINT|[Ss]tyle)(?=[\]):>|])"
    r"|(?:INFO|DEBUG|WARN(?:ING)?|NOTICE|TRACE)\b)|^\[?[WID](?:\d{4}|[:,])? |level=(?:info|debug|warn)"
)
WARNS = re.compile(
    r"^(?!Warning: Permanently added ).{0,90}?(?:^|[\s\[(|<])(?:[Ww]arn(?:ing)?(?=[\]):>|])|WARN(?:ING)?\b)"
    r"|^\[?W(?:\d{4}|[:,])? |level=warn"
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
GOES_ON = re.compile(
    r"(?i)\b(?:retry(?:ing)?|try(?:ing)? again|ignor(?:ed|ing)|skipp(?:ed|ing)|fall(?:s|ing)? ?back|continu\w+|going on)\b"
)
COULD_NOT = re.compile(
    r"(?i)\b(?:abort(?:ed|ing)?|giving up|gave up|exit(?:ing|ed)?|terminat\w+|unhandled|uncaught|killed|core dumped"
    r"|stopp(?:ed|ing)|refus\w+|cannot|can't|unable|must|fatal|denied|required)\b"
)
PLACE = re.compile(r"\S+\.\w{1,10}[:(]\d+|line \d+")
DATA = re.compile(r"^\s*(?:[-*•]\s|[\w.-]{1,30}: \S+$|\|)|^\s*[\w.\"']+ ?= ?\S|[{\[(,;]$|[|│].*[|│]")
EXCEPTION = re.compile(r"\b[A-Z]\w+(?:Error|Exception|Failure)\b")
GOOD = re.compile(
    r"(?i)\b(?:success\w*|succeeded|pass(?:ed|ing)?|done|ok(?!=)|complet(?!e log)\w+|finished|ready(?! to exit)|built|installed"
    r"|saved|created|written|started|listening|up[- ]to[- ]date|in sync|clean|healthy|valid|synced"
    r"|committed|published|exported|uploaded|delivered|rendered|restored|migrated|imported|deployed|verified|reconciled"
    r"|resolved|applied|(?<!=)(?:no|0) (?:errors?|issues?|problems?|failures?|failed|warnings?))\b"
    r"|[✓✔√]|\b100 ?%(?! +/)|成功|完成|通过|就绪"
    r"|\b(?:com sucesso|con éxito|avec succès|erfolgreich|con successo|успешно)\b"
)
BAD = re.compile(
    r"(?i)\b(?:error|failed|failures?|fatal|exception|abort\w*|cannot|denied|refused|killed|not found|no such|invalid|unable"
    r"|missing|exit(?:ed)? (?:with )?(?:code |status )?[1-9]\d*|must|unknown|undefined|unreachable=[1-9]"
    r"|erros?|falh(?:a|ou)|erreurs?|échec|échoué|fehler|fehlgeschlagen|errore|fallito|falló|ошибк[аи])\b|错误|失败|异常|无法"
)
NONE_BAD = re.compile(
    r"(?i)(?<!=)\b(?:no|0|zero|without) (?:\w+ )?(?:errors?|failed|failures?|problems?|issues?)"
    r"|(?:errors?|failed|failures?)\W{1,3}0\b|\b(?:error|failure)s? (?:summary|count|total)\W{1,3}0\b"
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
    r"(?i)\b(?:shut(?:s|ting)? ?down|exit(?:s|ing|ed)?|clos(?:e|es|ing|ed)|stopp?(?:s|ing|ed)?|terminat\w+|bye"
    r"|finished (?:server|worker|child))\b"
)
ROUTINE = re.compile(r"LOG:  (?:checkpoint|restartpoint) complete|\[notice\] \d+#\d+: signal process started")
COUNTS_BAD = re.compile(
    r"(?i)(?<![\w.])[1-9]\d* (?:\w+ ){0,2}(?:errors?|problems?|fail(?:ed|ures?|ing)|issues?)\b"
    r"|\b(?:errors?|failed|failures?)\W{1,3}[1-9]"
)
COUNTS_GOOD = re.compile(
    r"(?i)(?<!=)\b(?:0|no) (?:errors?|problems?|fail(?:ed|ures?|ing)|issues?)\b|(?<![\w.])[1-9]\d* (?:\w+ )?pass(?:ed|ing)\b"
)
_LOST = r"errors?|failed|failures?|lost|missing|dropped|rejected"
LOST = re.compile(
    rf"(?i)^(?!.*\(ignored\)).*?(?:(?<![\w.])[1-9]\d* (?:\w+ )?(?:{_LOST}|violations?)\b|\b(?:{_LOST})\W{{1,3}}[1-9])"
)
NONE_LOST = re.compile(
    rf"(?i)\b(?:0|no) (?:\w+ )?(?:{_LOST}|issues?|problems?|violations?)\b|\b(?:{_LOST}|unreachable)\W{{1,3}}0\b"
)
COUNT = re.compile(
    r"^\W{0,8}(?:\d+ +)?[A-Za-z][\w ()/.-]{0,60}?(?: ?[:=|] ?| {2,}|\t| )"
    r"[-+]?\d[\d.,]*(?: ?%| ?[a-z]{1,3}\b)?(?:[\s|%][\s\d.,|%]*)?$"
)
OF_ALL = re.compile(r"(?<![\w./:-])(\d{1,7}) ?(?:/|of|out of) ?(\d{1,7})(?![\w./:-]| {3,}\S)")
ALL_DONE = re.compile(
    r"(?i)\ball (?:\d+ |the )?[\w-]+ [\w -]{0,20}?"
    r"(?:passed|done|ok|good|committed|answered|valid|complete|present|healthy)\b"
)
VERDICT = re.compile(
    r"(?i)\b(?:result|verdict|outcome|status|drill|check|gate|run|suite|selftest|test)s?\W{1,3}(?:is |was )?"
    r"pass(?:ed)?\b|^\W*PASS\b"
)
BLOCKS_NOTHING = re.compile(r"(?i)\b(?:informational|advisory|non-?blocking|not blocking|report[- ]only)\b")
ROW = re.compile(r"\s*[|│]?\s*\d+(?:\t|\s*[|│]\s)")
TRY_NUMBERED = re.compile(r"(?i)\b(?:attempt|try|retry)\W{0,2}(\d{1,9})\b(?! ?(?:/|of) ?\d)")
TRY = re.compile(r"(?i)\b(?:attempts?|tr(?:y|ies|ying)|retry(?:ing)?|retries|round|poll)\b")
_REFUSED_REQUEST = r"HTTP/\d[\d.]*\"?\W{1,4}4[012]\d\b"
CLIENT = re.compile(
    r"\b(?:client|peer|remote|rhost|user|referer|request)[ =:]|\b(?:role|database) \"|\bfrom \d+\.\d+"
    r"|\b(?:GET|POST|PUT|HEAD|DELETE|PATCH) /|[\"'](?:url|path|client|method)[\"']: ?"
    rf"|\b(?:status(?:_code|Code)?|code)\W{{1,4}}4[012]\d\b|{_REFUSED_REQUEST}"
)
ANSWER = re.compile(r"\"(?:GET|POST|PUT|HEAD|DELETE|PATCH) \S+ HTTP/[\d.]+\"\s+(\d)\d\d\b")
ASKED = re.compile(rf"\bSTATEMENT:|{_REFUSED_REQUEST}")
BEHIND = re.compile(r"(?i)upstream|backend|\(13: permission denied\)")
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`")
NUMBERED = re.compile(r"\W{0,8}([A-Za-z]\w{0,30})[ #:-]{1,2}(\d{1,7})\b")
_EXIT = (
    r"(?i)^(?!\s*(?:[✓✔√]|ok\b|(?:--- )?pass)|.*\b(?:worker|pid|expect\w*|want(?:s|ed)?|should|must"
    r"|(?:done|finished) \((?!exit|rc\b|return)\w+ )\b)"
    r"(?:.*[\s(:])?(?:exit(?:ed|s)?(?: (?:code|status|with))*|rc|return ?code)\s?[:=]?\s?\(?"
)
EXITED = re.compile(rf"{_EXIT}(?!143\b)[1-9]\d{{0,2}}\)?\.?$")
EXITED_WELL = re.compile(rf"{_EXIT}0\)?\.?$")
OTHER_LOG = re.compile(
    r"^[\w./-]*\.(?:log|txt|out|gz|jsonl?)(?:[.:-]\d+)*[:-]|^\s*\d{1,7}(?:[:-]|\s)\s?\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d"
)
UNUSUAL = tuple(" \t│|╵╷└├")


def says_good(text: str) -> bool:
    """Whether a line says that something went well."""
    return bool(GOOD.search(text)) and not ADVICE.search(text) and not NEGATED.search(text) and not says_bad(text)


def counts_in(text: str) -> list[tuple[int, int]]:
    """What a line counts of a whole: how many, and of how many (``7 of 8``)."""
    return [(int(some), int(of)) for some, of in OF_ALL.findall(text)]


def counts_all(text: str) -> bool:
    """Whether a line counts all of what there was (``6 of 6``), or none that was lost, and holds no word of failure."""
    text = TRY_NUMBERED.sub("", text)
    if NEGATED.search(text) or TRY.search(text) or says_bad(text):
        return False
    if counts := counts_in(text):
        return all(some == of > 0 for some, of in counts)
    return bool(NONE_LOST.search(text) or ALL_DONE.search(text)) and not LOST.search(text)


def is_row(text: str) -> bool:
    """Whether a line is a row of a table whose rows are numbered: it tells of something else than the run."""
    return bool(ROW.match(text))


def ends_well(text: str) -> bool:
    """Whether a last line says that the run went well, or that what it found blocks nothing; that it left is no such word."""
    good = says_good(text) and not SHUTS_DOWN.search(text) and not ROUTINE.search(text)
    return good or bool(BLOCKS_NOTHING.search(text))


def says_passed(text: str) -> bool:
    """Whether a line is a verdict on the whole: that it passed, or all of it was done."""
    return counts_all(text) or (bool(VERDICT.search(text)) and not NEGATED.search(text) and not says_bad(text))


def says_bad(text: str) -> bool:
    """Whether a line holds a word of failure that does not count to nothing."""
    return bool(BAD.search(NONE_BAD.sub("", text)))


def is_ordinary(text: str) -> bool:
    """Whether a line neither goes on with what stands above it nor advises nor tells of a failure."""
    return not text.startswith(UNUSUAL) and not ADVICE.search(text) and not says_bad(text)
