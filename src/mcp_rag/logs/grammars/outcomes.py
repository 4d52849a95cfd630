"""Lines that say how a step or the whole run ended, apart from what it was that failed."""

# ruff: noqa: E501
# fmt: off
# A rule is one line of a table: broken up, the patterns could no longer be compared.

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from mcp_rag.logs.grammars.rule import Pattern


class Ending(IntEnum):
    """What a line says about how something ended, and how far it may be trusted."""

    EXIT = 0
    """A command or the run ended with a code other than 0: an unbribable witness."""
    FAILURE = 1
    """A tool says in its own words that it failed."""
    STEP_DONE = 2
    """A step went well; others may not have."""
    RUN_DONE = 3
    """The whole run went well: it outweighs whatever was said before it."""
    STEP = 4
    """A step of a continuous-integration run begins."""
    TRY_DONE = 5
    """What was tried again went well in the end: that counts for those tries alone."""
    SUITE_DONE = 6
    """A run of tests went well, of which a build has many: it says nothing of which failure comes first."""
    GATE = 7
    """Something is asked of a run beside its tests, and it falls short: that they all passed outweighs it not."""


@dataclass(frozen=True, slots=True)
class EndingRule:
    ending: Ending
    triggers: tuple[str, ...]
    pattern: Pattern
    above: Pattern | None = None
    """What one of the two lines above must match, for words that others print too."""
    unless: Pattern | None = None
    """What none of the two lines below may match, where they take the words back."""


def _ending(
    ending: Ending, triggers: str, pattern: str, above: str | None = None, unless: str | None = None
) -> EndingRule:
    return EndingRule(
        ending,
        tuple(triggers.split("|")),
        Pattern(pattern),
        Pattern(above) if above else None,
        Pattern(unless) if unless else None,
    )


EXITED_WITH_ZERO = r"^Done\. Your build exited with 0|^Process (?:finished|completed) with exit code 0"
"""The end of a run of which the exit code is told: no other word of it outweighs that."""

ENDINGS = (
    _ending(Ending.RUN_DONE, "exited with 0|exit code 0", EXITED_WITH_ZERO),
    _ending(
        Ending.STEP_DONE,
        "exited with |exit code|exit status",
        r"^(?!.*\bworker process ).*(?:exited with (?:code |status )?0\b|[Ee]xit (?:code|status):? 0\b)",
    ),
    _ending(Ending.FAILURE, "hook(s) made changes", r"^pre-commit hook\(s\) made changes\.$"),
    _ending(Ending.FAILURE, "exited with ", r"^Done\. Your build exited with [1-9]"),
    _ending(
        Ending.EXIT,
        "exited with |exit code|exit status|failed and exited|stopped your build",
        r"^The command .*exited with (?:code |status )?(?!0\b)-?\d+|exited with (?:code:? |status:? )?(?!0\b)-?\d+(?: and signal: \w+)?\.?$|(?:completed|finished|failed) with exit code (?!0\b)\d+|failed and exited with|stopped your build|^(?!.*LOG:  background worker ).*[Ee]xit code:? (?!0\b)\d+\b(?! (?:means|if|when)\b)",
    ),
    _ending(Ending.EXIT, "##[error]", r"^##\[error\]"),
    _ending(
        Ending.FAILURE,
        "*** [|build fail|tests failed|test fail",
        r"make(?:\[\d+\])?: \*\*\* |\bBUILD FAIL(?:ED|URE)\b|^Build FAILED|^TEST FAIL",
    ),
    _ending(
        Ending.FAILURE,
        "npm err!|npm error|error command failed|elifecycle",
        r"^npm (?:ERR!|error) (?:code|errno|Test failed)|^error Command failed|ELIFECYCLE",
    ),
    _ending(
        Ending.FAILURE,
        "could not compile|ninja: build stopped|test result: failed|aborting due to|returned a non-zero|exit status",
        r"^error: could not compile|^ninja: build stopped|^test result: FAILED|^error: aborting due to|returned a non-zero|^exit status [1-9]",
    ),
    _ending(
        Ending.FAILURE,
        "failed|failures!|errors:|errors=|failures:",
        r"={3,} .*\b[1-9]\d* (?:failed|error)|^FAILED \((?:failures|errors)=|^FAILURES!|\bFailed: [1-9]|\b(?:Failures|Errors): [1-9]|^Tests: .*\b[1-9]\d* failed",
    ),
    _ending(
        Ending.GATE,
        "coverage",
        r"^Jest: \".*\" coverage threshold for .* not met|^ERROR: Coverage f(?:ailure: total of|or \w+ \([\d.]+%\) does not meet)|^FAIL Required test coverage of",
    ),
    _ending(Ending.FAILURE, "unreachable=", r":\s+ok=\d+\s.*\b(?:unreachable|failed)=[1-9]"),
    _ending(Ending.FAILURE, "done. pass=", r"Done\. PASS=\d+ WARN=\d+ ERROR=[1-9]"),
    _ending(Ending.FAILURE, "too many warnings", r"^ESLint found too many warnings"),
    _ending(
        Ending.FAILURE,
        "exiting the build|build error occurred|build failed because of|error during build",
        r"^Export encountered .*exiting the build|^> Build error occurred|^> Build failed because of|^error during build:",
    ),
    _ending(
        Ending.FAILURE,
        "flutter crash report|detected by the java runtime|insufficient memory for the java",
        r"^Flutter crash report|^# (?:A fatal error has been detected by|There is insufficient memory for) the Java Runtime",
    ),
    _ending(Ending.FAILURE, "finished with status", r"^\s+\S.*: finished with status 'error'$"),
    _ending(Ending.FAILURE, "fail", r"^FAIL$|^FAIL\t\S"),
    _ending(Ending.EXIT, "error stop", r"^ERROR STOP(?: |$)(?!0$)"),
    _ending(Ending.FAILURE, "hydra_full_error=1", r"^Set the environment variable HYDRA_FULL_ERROR=1"),
    _ending(Ending.FAILURE, "✖ ", r"^✖ \d+ problems? \([1-9]\d* errors?, "),
    _ending(Ending.FAILURE, "> task", r"^> Task \S+ FAILED$"),
    _ending(Ending.EXIT, " verbose exit ", r"^\d+ verbose exit (?:\[ )?-?[1-9]"),
    _ending(Ending.GATE, "test suites: ", r"^Test Suites: [1-9]\d* failed"),
    _ending(Ending.FAILURE, " fail ", r"^[#ℹ] fail [1-9]\d*$"),
    _ending(Ending.FAILURE, "no tests ran", r"^=* ?no tests ran in "),
    _ending(Ending.FAILURE, " example", r"^\d+ examples?, [1-9]\d* failures?\b"),
    _ending(Ending.FAILURE, "progress looks :(", r"^This progress looks :\("),
    _ending(Ending.RUN_DONE, "progress looks :)", r"^This progress looks :\)"),
    _ending(Ending.RUN_DONE, "build success", r"\bBUILD SUCCESS(?:FUL)?\b"),
    _ending(
        Ending.RUN_DONE,
        " passed|succeeded|finished: success|fail 0",
        r"^=+ .*\d+ passed(?!.*\b(?:failed|errors?)\b)|^\d+ passed(?:, \d+ (?!failed|error)\w+(?: passed)?)* in [\d.]+s|^(?:#|ℹ) fail 0$|^[Bb]uild succeeded|^Finished: SUCCESS|^Job succeeded|^Tests?:\s+(?:\d+ (?!failed)\w+, )*\d+ passed, \d+ total|^\s*Tests\s+\d+ passed(?!.*\bfailed)",
    ),
    _ending(
        Ending.RUN_DONE,
        "pass|ok  |status 0|succeeded|: success",
        r"^PASS$|^ok\s+\S+\s+(?:[\d.]+s|\(cached\))|[Ee]xit status:? 0$|^status:? 0$|: success$|\bsucceeded after\b",
    ),
    _ending(
        Ending.RUN_DONE,
        "test result: ok|all tests passed|tests successful|0 failures|100% tests passed|errors: 0|0 failed|ran ",
        r"^test result: ok|[Aa]ll (?:\d+ )?tests (?:passed|successful)|\b0 failures\b(?!.*[1-9]\d* errors?)|^100% tests passed|Failures: 0, Errors: 0|(?<!=)\b0 failed\b(?!=| (?:to|with|at|on|in|while|because)\b)(?!.*[1-9]\d* errors?)",
    ),
    _ending(Ending.RUN_DONE, " passing", r"^\s*[1-9]\d* passing \([\d.]+ ?\w+\)$", unless=r"^\s*[1-9]\d* failing$"),
    _ending(Ending.RUN_DONE, "ok", r"^OK$", above=r"^Ran \d+ tests? in "),
    _ending(Ending.SUITE_DONE, "ok|congratulations", r"^OK \(\d+ tests?(?:, \d+ assertions?)?\)|^OK, but (?:incomplete, |skipped, |or |risky |there were issues)+|^\s*congratulations :\)"),
    _ending(Ending.TRY_DONE, "health", r"\b[Hh]ealth[ -]?checks? (?:passed|succeeded|ok)\b|\b(?:is|became|now) healthy\b"),
    _ending(Ending.TRY_DONE, "connected.", r"^Connecting to .*\.\.\. connected\.$"),
    _ending(Ending.TRY_DONE, "ready", r"^ready[.!]?$|\b(?:server|service|database|container|app|api|host|endpoint|url|port)\b.*\b(?:is|now) ready\b"),
    _ending(
        Ending.TRY_DONE,
        " after ",
        r"\b(?:connected|reconnected|reachable|available|ready|downloaded|fetched|uploaded|pulled|installed|succeeded|completed|done)\b.*\bafter \d+ (?:attempts?|tries|retry|retries)\b",
    ),
    _ending(
        Ending.RUN_DONE,
        "expected failures=|ok (skipped=",
        r"^OK \((?:(?:skipped|expected failures)=\d+(?:, )?)+\)$",
    ),
    _ending(
        Ending.STEP_DONE,
        "success",
        r"^Successfully |[Cc]omp(?:leted|iled) successfully|(?:[Bb]uild|[Tt]ests?|[Ii]nstall\w*|[Dd]eploy\w*|[Rr]un) (?:was )?(?:successful|succeeded|passed)",
    ),
    _ending(
        Ending.STEP_DONE,
        "added |finished |found 0 ",
        r"^(?:added|changed)\b.* in \d|^found 0 vulnerabilities|^\s+Finished `?\w",
    ),
    _ending(
        Ending.STEP,
        "travis_fold:start|##[group]|##[section]|[pipeline]",
        r"travis_fold:start|^##\[(?:group|section)\]|^\[Pipeline\]",
    ),
    _ending(Ending.STEP, "$ ", r"^\$ \S"),
)
