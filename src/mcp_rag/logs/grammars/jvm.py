"""The Java machine's languages and build tools: stack traces, javac, kotlinc, scalac, Maven, Gradle, sbt, JUnit."""

# ruff: noqa: E501
# fmt: off
# A rule is one line of a table: broken up, the patterns could no longer be compared.

from __future__ import annotations

import re

from mcp_rag.logs.grammars.rule import ONE_LINE, Extent, Passage, Role, reach, rule

FRAME = r"^\s*(?:at [\w$./<>@~-]+[\w$<>]\(|at .+\.\w+:\d+|\.\.\. \d+ (?:more|common frames|elided)|(?:Caused by|Suppressed): |\tSuppressed: )"
_TRACE = reach(FRAME + r"|^\s*(?:Caused by|Suppressed|Wrapped by):?|^\s+\[CIRCULAR|^\s+(?:at |- locked|org\.|java\.|com\.)", key=r"^\s*Caused by: ", last_key=True)

_under_javac = re.compile(r"^\s|^(?:\[ERROR\] )?\s+(?:symbol|location|required|found|reason)")
_caret = re.compile(r"^\s*\^\s*$")


def _javac(passage: Passage, at: int) -> Extent:
    """The error, the source line that javac prints as it stands, the caret under it, what is said further."""
    last, end = at, min(len(passage), at + 40)
    while last + 1 < end and passage[last + 1].strip():
        source = last == at and any(_caret.match(passage[i]) for i in range(last + 2, min(last + 4, end)))
        if not (source or _under_javac.match(passage[last + 1])):
            break
        last += 1
    return at, last, at


_NAMED = re.compile(r"^(?:[\w$]+\.)*[A-Z](?!arning\b)[\w$]*[a-z][\w$]*(?:: |$)")


def _thrown_above(passage: Passage, at: int) -> Extent | None:
    """The frames from the first one on, and above them an exception whose class is not called one."""
    if at == 0 or not _NAMED.match(passage[at - 1]):
        return None
    extent = _TRACE(passage, at)
    return (at - 1, extent[1], extent[2] if extent[2] > at else at - 1) if extent else None


RULES = (
    rule("jvm-option", Role.TOOL, "unrecognized vm option|unrecognized option: |invalid maximum heap size|invalid initial heap size|conflicting collector combinations",
         r"^(?:Error: )?(?:Unrecognized VM option '|Unrecognized option: -|Invalid (?:maximum|initial) heap size: -|Conflicting collector combinations)",
         reach(r"^Error: (?:Could not create the Java Virtual Machine|A fatal exception has occurred)|^Did you mean|^The specified size"), "the JVM refused an option", "java", "java"),
    rule("java-exception", Role.CRASH, "exception in thread",
         r"Exception in thread \"[^\"]*\" ", _TRACE, "uncaught exception of a Java thread", "java", "java", merges=1),
    rule("java-thrown", Role.CRASH, "\tat ", r"^\tat [\w$.<>/]+\(\w[\w$]*\.(?:java|scala|kt|groovy|clj):\d+\)$", _thrown_above, "uncaught exception of a Java thread", "java", "java"),
    rule("java-fatal", Role.CRASH, "fatal error has been detected|insufficient memory for the java|could not find or load main class|unable to access jarfile|could not create the java virtual machine|unsupportedclassversionerror|outofmemoryerror",
         r"A fatal error has been detected by the Java|There is insufficient memory for the Java|^Error: (?:Could not find or load|Unable to access jarfile|Could not create the Java)|java\.lang\.(?:OutOfMemoryError|UnsupportedClassVersionError)",
         reach(r"^#|^Caused by|^Error: |^\s+at ", limit=60), "the Java machine could not go on", "java", "java"),
    rule("javac-error", Role.COMPILE, ".java:", r"^\S*\.java:\d+: error: |^(?:\[ERROR\] )?\S*\.java:\[\d+,\d+\] ",
         _javac, "Java compile error", "java", "javac", merges=1),
    rule("kotlin-error", Role.COMPILE, ".kt|.kts", r"^e: (?:file://)?\S+\.kts?(?::|\s)|^\S+\.kts?:\d+:\d+: error: ", reach(r"^[ \t]"), "Kotlin compile error", "kotlin", "kotlinc"),
    rule("sbt-gave-up", Role.CONSEQUENCE, "[error]", r"^\[error\] (?:\(.*\) |Total time|\s*$|java\.lang\.RuntimeException)", reach(r"^\[error\] \s*(?:at |\(|Total|$)"), "sbt gave up", "scala", "sbt"),
    rule("sbt-error", Role.COMPILE, "[error]|-- error|-- [e", r"^\[error\] (?!\s*at )(?:\S|\s+\S)|^-- (?:\[E\d+\] )?.*Error: ",
         reach(r"^\[error\] (?!\(.* / |Total time|java\.lang\.RuntimeException)"), "errors reported by sbt", "scala", "sbt", merges=1),
    rule("scala-error", Role.COMPILE, ".scala:", r"^\S+\.scala:\d+: error: ", reach(r"^\s"), "Scala compile error", "scala", "scalac"),
    rule("gradle-gave-up", Role.CONSEQUENCE, "* what went wrong", r"^\* What went wrong:",
         reach(stop=r"^\* (?:Try|Get more|Exception is)", blanks=1, key=r"^> Process 'command", needs=r"^> Process 'command .* finished with non-zero exit value"), "what Gradle ran ended with an error", "java", "gradle"),
    rule("gradle-went-wrong", Role.TOOL, "* what went wrong", r"^\* What went wrong:",
         reach(stop=r"^\* (?:Try|Get more|Exception is)", blanks=1, key=r"^(?!\* What)(?!Execution failed for task)\s*\S", limit=60), "what Gradle says went wrong", "java", "gradle", merges=3),
    rule("gradle-says-failed", Role.CONSEQUENCE, "failed for task|failed with an exception", r"^Execution failed for task '|^FAILURE: Build failed with an exception", reason="that the build failed", language="java", tool="gradle"),
    rule("gradle-task-failed", Role.CONSEQUENCE, "> task", r"^> Task \S+ FAILED$", reason="the task that Gradle gave up on", language="java", tool="gradle"),
    rule("gradle-test-failure", Role.TEST, " failed", r"^\S.* > .+ FAILED$", reach(r"^\s", blanks=0), "failed JUnit test", "java", "gradle", merges=2),
    rule("junit-failure", Role.TEST, "<<< failure!|<<< error!", r"^(?!.*Tests run:).*<<< (?:FAILURE|ERROR)!",
         reach(r"^(?:\[ERROR\] )?\s*(?:at |(?:[\w$]+\.)+[\w$]*(?:Exception|Error|Failure)\b|Expected|expected|but|\.\.\. )|^\S+(?:Exception|Error)\b|^\s+\S", key=r"^(?:[\w$]+\.)+[\w$]*(?:Exception|Error)"),
         "failed JUnit test", "java", "surefire", merges=2),
    rule("maven-error", Role.TOOL, "[error]", r"^\[ERROR\] (?:Failed to execute goal|COMPILATION ERROR|Non-resolvable|Malformed POM|The build could not|Unknown lifecycle|Some problems were|Plugin \S+ or one of its|The goal you specified|No goals have been|Unknown packaging|Failed to )",
         ONE_LINE, "Maven gave up", "java", "maven"),
    rule("maven-error-lines", Role.GENERIC, "[error]", r"^\[ERROR\] (?!.*(?:re-run Maven|Re-run Maven|full stack trace|For more information|\[Help \d|After correcting|Please refer|-> \[Help|^\[ERROR\]\s*$))\s*\S",
         reach(r"^\[ERROR\] .*\S"), "errors reported by Maven", "java", "maven"),
    rule("lein-error", Role.TOOL, "could not find artifact|could not transfer artifact|could not resolve dependencies", r"Could not (?:find|transfer) artifact |Could not resolve (?:dependencies|all)",
         reach(r"^Could not|^This could be|^If you are|^Failed to"), "an artifact could not be had", "java", None),
    rule("spring-failed", Role.TOOL, "application failed to start", r"^APPLICATION FAILED TO START", reach(stop=r"^Action:", blanks=2, before=r"^\*+$", key=r"^(?![*]|APPLICATION|Description)\S"), "the Spring application could not start", "java", "spring"),
    rule("build-failed", Role.CONSEQUENCE, "build fail", r"^(?:\[INFO\] |\[ERROR\] )?BUILD FAIL(?:ED|URE)\b", reason="the build ended in failure"),
)
