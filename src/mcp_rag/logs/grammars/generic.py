"""What failures have in common where no tool's own grammar fits: stack traces, ``error:`` and severity words."""

# ruff: noqa: E501
# fmt: off
# A rule is one line of a table: broken up, the patterns could no longer be compared.

from __future__ import annotations

import re

from mcp_rag.logs.grammars.rule import INDENTED, ONE_LINE, Extent, Passage, Role, reach, rule

_FRAME = r"^\s*(?:at |from |in )\S|^\s*\.\.\. \d+ (?:more|common)|^\s*(?:Caused by|Suppressed): |^\s*#\d+\s|^ *--- End of|^\s+\S+:\d+:in "
_trace = reach(_FRAME, key=r"^\s*Caused by: ", last_key=True)
_frame = re.compile(_FRAME)


def _thrown(passage: Passage, at: int) -> Extent | None:
    """An exception's line with the frames under it; its message may fill a few lines before them."""
    end = min(len(passage), at + 6)
    below = next((i for i in range(at + 1, end) if _frame.match(passage[i])), None)
    if below is None:
        return at, at, at
    extent = _trace(passage, below - 1)
    return (at, extent[1], extent[2] if extent[2] >= below else at) if extent else None


INSTALLS = ("pip-error", "uv-error", "poetry-error")
"""The kinds of failures after which something is missing that should be there."""

NOT_INSTALLED = re.compile(r"\bModuleNotFoundError: No module named ")
"""How it is missed."""

PASSED_ON = re.compile(
    r"\b(?:CalledProcessError|ChildFailedError|SystemExit|BackendCompilerFailed|ProcessExitedException|CellExecutionError|NonZeroExit\w*)\b"
    r"|See root cause above|see the (?:logs?|errors?|traceback) above"
)
"""Exceptions that only pass on that something else failed; what failed stands elsewhere."""

MILD = re.compile(r"\S+:\d+:(?:\d+:)? (?:information|style|performance|portability): |\W*(?:WARN(?:ING)?|NOTICE|INFO|DEBUG|TRACE)\b(?! ?:)|\S+\.py:\d+: \w*Warning: |[\d :.,T/-]{0,40}\[(?:W(?:arning|ARN)\w*|Note)\] |(?:(?:time|ts|t)=\S+ )?level=(?:info|debug|warn(?:ing)?)\b")
"""How a record begins whose program calls what it tells no error, whatever words follow: it was handled."""

WARNS = re.compile(r"(?:[a-z][\w.-]*: (?:WARNING|[Ww]arning)|warn): ")
"""A program's own warning, of whatever it says that some grammar knows as a failure."""

CHILD_FAILED = rule("child-failed", Role.GENERIC, "childfailederror", r"(?!)", reason="an exception that passes on another's failure")

WARNING = rule("warning-line", Role.WEAK, "warning:|warn", r"\bwarning\b ?:|\bWARN(?:ING)?\b|: Warning:", INDENTED, "a warning", merges=0)

SAID_LAST = rule("said-last", Role.LOGGED, "said last", r"(?!)", reason="the last line, which says that something is not as it must be")

ANSWERS_BADLY = rule("answers-badly", Role.LOGGED, "http/", r"(?!)", reason="from here on the server answers with errors alone")

_WOULD_NOT_GO_ON = (
    r"broken|halted|halting|declined|parked|frozen|sold ?out|exhausted|roll(?:ing|ed)? ?back|violat\w+|reject\w+|refus\w+"
    r"|blocked|abort\w*|withheld|regress\w*|corrupt\w*|exceed(?:s|ed)|overdue"
)
_OF_NONE = r"(?![\w ]{0,20}[=:] ?0\b)"

WOULD_NOT_GO_ON = re.compile(rf"(?i)\b(?:{_WOULD_NOT_GO_ON})\b{_OF_NONE}")
"""Words by which a program says, wherever it stands near the end, that it did not go on. Chosen by eye."""

NOT_AS_IT_MUST_BE = re.compile(
    rf"(?i)\b(?:{_WOULD_NOT_GO_ON}|not|cannot|can't|isn't|doesn't|below|exceed|beyond|missing|absent|stale|expired|drift\w*|differs?|mismatch\w*|unequal"
    r"|giving up|gave up|invalid|wrong|too (?:many|few|long|large|small|old"
    r"|low|high|big)|insufficient|conflict\w*|denied|forbidden|unexpected|inconsistent|out of(?! ?\d)"
    r"|bad|held|on hold|stopp(?:ed|ing) (?:run|after|at|early|because|here)|no longer|spent by|[1-9]\d* (?:findings?|violations?)|over (?:budget|quota|limit|the|\d)"
    r"|needs? (?:an? |to be )?(?:re\w+|approv\w+|attention|fix\w*)|already (?:running|held|locked)|another \w+ (?:is|holds|has)"
    r"|never (?:came|caught|became|got|went|rose|\w+ed)|without an? [\w-]+|un(?:signed|tested|reviewed|approved|balanced|billed|paid|confirmed|reachable|resolved)"
    r"|(?:fewer|less|more|lower|higher|slower|worse|larger|longer) than|[1-9]\d* breaking"
    r"|with (?:findings|differences|issues|problems)|ha(?:s|ve) no (?!(?:\w+ ){0,2}(?:errors?|fail\w*|problems?|issues?|warnings?|"
    r"conflicts?|changes?|diff\w*|findings?|violations?|vulnerab\w*|drift|gaps?|duplicates?|missing|need|effect)\b)\w+"
    rf"|(?:is|was|says?|has|expects?|wants?) .{{1,80}} but .{{0,80}}\b(?:is|was|has|says?|got|found|gives?|serves?|holds?))\b{_OF_NONE}"
    r"|\(status [1-9]|不(?!在)|未|没有|超过|低于|缺"
)
"""These, and words that say so in the very last line alone. Chosen by eye."""

HELD_UP_NOTHING = re.compile(r"(?<!not )\b(?:skipped|ignored|accepted|replaced|recovered)\b|\bEngine\W{1,3}ROLLBACK$")
"""How a last line tells of what kept nothing from going on; SQLAlchemy closes what was only read with a ROLLBACK."""

NOTHING = re.compile(
    r"(?i)\b(?:(?<![\d.,:])0|(?<!has )(?<!have )no(?! longer| more)|none|zero) [\w ]{1,40}|\bnothing to \w+|\bnot (?:needed|necessary|blocking|affected|required)\b"
    r"|\bwill not expire\b"
)
"""Of what there is none, or need be none: ``0 already expired``."""

RULES = (
    CHILD_FAILED,
    rule("exception", Role.CRASH, "exception|error", r"^(?:Caused by: |Uncaught |! )?(?:[a-zA-Z_$][\w$]*[./\\])+_?[A-Z][\w$]*(?:Exception|Error|Throwable|Failure)\b(?=[:\s]|$)", _thrown, "exception with a stack trace"),
    rule("exception-of-module", Role.CRASH, "exceptions.|exception.|exc.|errors.", r"^(?:[a-z_]\w*\.)+(?:exceptions?|exc|errors?)\.[A-Z](?!\w*Warning)\w*: \S", _thrown, "an exception"),
    rule("error-named", Role.CRASH, "error:|exception:",
         r"^(?:E\s+)?(?:[a-z_][\w]*\.)*[A-Z]\w*(?:Error|Exception): \S", INDENTED, "an exception"),
    rule("logged-exception", Role.LOGGED, "exception|error", r"(?:[a-z_$][\w$]*\.)+[A-Z][\w$]*(?:Exception|Error)\b", _thrown, "logged exception"),
    rule("fatal-line", Role.GENERIC, "fatal|panic|critical|emerg|abort", r"(?:^|[\s\[(|:])(?:FATAL|PANIC|CRITICAL|EMERG)(?:[\]):|\s]|$)|\[(?:emerg|fatal)\]|^(?:[\w./-]{1,40}: ){0,2}[Ff]atal(?: error)?[:!] |^Aborted\b", INDENTED, "a fatal record"),
    rule("error-line", Role.GENERIC, "error:|error -|error!|errors:|error :", r"^(?:[\w./+-]{1,80}: ){0,3}(?:\d+: )?(?:[Ff]atal |[Ii]nternal |[Ss]yntax |[Pp]arse )?(?:ERROR|[Ee]rror)S?s?\s?[:!-](?!\S*=)", INDENTED, "an error message"),
    rule("error-somewhere", Role.LOGGED, "error:|error -|[error]|error]|error |err!|err]|level=error|severe|\"error\"|failure:|✘|✗|✖|❌", r"\b(?:ERROR|SEVERE|ERR)\b|(?<![-_/])\berror\b\s?(?:[:\]](?!\s?\d+\.\d)|-(?![a-z]))|level=(?:error|fatal)|\"level\":\s?\"(?:error|fatal)|^\S*[✘✗✖❌]|\b[Ff]ailure:", INDENTED, "a record of severity error", merges=0),
    rule("error-line-european", Role.GENERIC, "erro:|erreur|fehler|errore:|шибка", r"^(?:[\w./+-]{1,80}: ){0,3}(?:ERRO|[Ee]rro|ERREUR|[Ee]rreur|FEHLER|[Ff]ehler|ERRORE|[Ee]rrore|[Оо]шибка)\s?[:!]", INDENTED, "an error message in another language"),
    rule("error-line-chinese", Role.GENERIC, "错误|异常|失败|故障|报错", r"^(?:[\w./+-]{1,80}[:：]\s?){0,3}(?:\d+[:：]\s?)?(?:致命|严重|编译|语法|内部|未知|系统)?(?:错误|异常|失败|故障|报错)\s?[:：!！]", INDENTED, "an error message in Chinese"),
    rule("error-somewhere-chinese", Role.LOGGED, "错误|严重|致命|异常|失败|超时|无法|未能|找不到|拒绝|不足", r"(?:^|[\s\[【(|])(?:错误|严重|致命|异常)(?=[\s\]】):：|]|$)|(?:错误|异常|失败)\s?[:：!！]|(?:连接|请求|加载|启动|执行|安装|下载|上传|打开|读取|写入|创建|解析|编译|构建|部署|登录|认证|初始化|分配|保存)\S{0,10}(?:失败|超时|被拒绝)|(?:无法|未能)(?:连接|加载|启动|执行|安装|下载|打开|读取|写入|创建|解析|找到|访问|分配|识别|保存)|找不到\S|(?:内存|空间|权限)不足", INDENTED, "a record of an error in Chinese", merges=0),
    rule("exception-in", Role.LOGGED, "exception in |exception while|exception during|exception at |exception occur", r"\b[Ee]xception (?:in (?!thread)|while |during |at |occurr?ed)", INDENTED, "a record of an exception", merges=0),
    rule("an-error-occurred", Role.GENERIC, "an error occur|error occured|unexpected error|went wrong|aborting|giving up|unrecoverable", r"[Aa]n (?:unexpected )?error occurr?ed|[Uu]nexpected error|[Ss]omething went wrong|\b[Aa]borting\b|[Gg]iving up|unrecoverable", INDENTED, "a tool says that an error occurred"),
    WARNING,
    rule("failed-to", Role.LOGGED, "failed|failure|cannot |could not|couldn't|unable to|invalid |missing |not found|unknown |unsupported|does not exist|doesn't exist|mismatch|conflict|not installed|no module|undefined|refused|rejected|refusing to|required|unexpected|incompatible|expected|but you have", r"(?:^|[\s:(\[])(?:[Ff]ailed (?:to|at|with|while|on|in|because)|[Cc]annot|[Cc]ould not|[Cc]ouldn't|[Uu]nable to|[Ii]nvalid|[Mm]issing|[Nn]ot found|[Uu]nknown|[Uu]nsupported|[Uu]ndefined|[Rr]efused|[Rr]ejected|[Rr]efusing to|[Uu]nexpected|[Ii]ncompatible|[Ee]xpected|FAILED|FAILURE|failed|Failed|Failure|mismatch|conflicts?)\b(?!-[a-z])|do(?:es)?(?: not|n't) exist|not found|not installed|is required|has requirement .{1,80}, but you have", ONE_LINE, "something failed", merges=0),
)
