"""JavaScript and TypeScript: Node, tsc, bundlers, linters, npm, yarn, pnpm, jest, mocha, karma, TAP."""

# ruff: noqa: E501
# fmt: off
# A rule is one line of a table: broken up, the patterns could no longer be compared.

from __future__ import annotations

from mcp_rag.logs.grammars.rule import INDENTED, LONGEST_BLOCK, ONE_LINE, Role, reach, rule

_FRAMES = r"^\s+at |^\s*\^|^\s+(?:code|errno|syscall|path|requireStack|cause|\[cause\]|details?): |^\s*[{}]\s*,?$|^\s+- |^Require stack:|^- /|^\s+\[?\w"

_THROWN = r"^(?!\w*Error\b)[A-Z]\w*(?: \[\w+\])?: (?=\S)"
"""A class of one's own that is not called an error; ``node-exception`` finds the others."""

_REJECTED = r"^(?!\w*Error\b)[a-zA-Z][\w.]*: (?=\S)"
"""What nobody awaited, where it begins with the call and not with a class."""

RULES = (
    rule("node-exception", Role.CRASH, "error: |error [err_|error:|[err_|error]: ", r"^(?:Uncaught |Unhandled |\(node:\d+\) UnhandledPromiseRejectionWarning: |\[?)?(?:(?:[A-Z]\w*)?Error(?: \[[A-Z_]+\])?|[A-Z]\w* \[\w*Error\]): (?=.)",
         reach(_FRAMES, limit=80, needs=r"^\s+at |^\s+code: |^Require stack|^node:|^\s*throw "), "JavaScript exception", "javascript", "node"),
    rule("node-uncaught", Role.CRASH, "js:|ts:", r"^(?:file://)?(?:/|[A-Za-z]:\\)\S+\.[cm]?[jt]s:\d+$",
         reach(stop=r"^Node\.js v", blanks=2, limit=40, needs=_THROWN, key=_THROWN), "uncaught JavaScript exception", "javascript", "node"),
    rule("node-uncaught", Role.CRASH, "promises:", r"^node:internal/process/promises:\d+$",
         reach(stop=r"^Node\.js v", blanks=2, limit=40, needs=_REJECTED, key=_REJECTED), "uncaught JavaScript exception", "javascript", "node"),
    rule("node-fatal", Role.CRASH, "fatal error: |javascript heap out of memory|node::abort", r"FATAL ERROR: .*(?:heap|Allocation|v8|node)", reach(r"^\s*\d+: 0x|^----", blanks=1, limit=40), "Node ran out of memory or aborted", "javascript", "node"),
    rule("browser-cors", Role.CRASH, "cors policy|cross-origin request blocked", r"has been blocked by CORS policy|Cross-Origin Request Blocked: ", ONE_LINE, "the browser blocked a request to another origin", "javascript", "browser", merges=2),
    rule("tsc-error", Role.COMPILE, "error ts|ts(", r"error (?:\w*\x1b\S*)?TS\d+: ", reach(r"^\s+\S|^\d+\s|^\s*~+", blanks=1), "TypeScript compile error", "typescript", "tsc", merges=2),
    rule("eslint", Role.COMPILE, "  error  |✖", r"^\s+\d+:\d+\s+(?:error|warning)\s+\S", reach(r"^\s+\d+:\d+\s+(?:error|warning)", before=r"^(?:/|[A-Za-z]:\\|\./)?\S+\.\w+$"), "linter finding", "javascript", "eslint", merges=2),
    rule("eslint-total", Role.CONSEQUENCE, "problem", r"^✖ \d+ problems?", reason="the linter's count", language="javascript", tool="eslint"),
    rule("webpack-error", Role.COMPILE, "error in |module not found|✘ [error]|[!] |failed to compile", r"^ERROR in (?!\w+: )|^Module not found: |^✘ \[ERROR\]|^\[!\] (?:\(|\w*Error\b|Could not)|^Failed to compile", reach(r"^\s|^@ |^Module (?:not found|build failed)|^(?:TS\d+|Error|SyntaxError):", blanks=1, limit=40, key=r"^Module (?:not found|build failed)|Error: |TS\d+:"), "the bundler failed", "javascript", "webpack", merges=1),
    rule("vite-error", Role.COMPILE, "error during build:", r"^error during build:", reach(stop=r"^\s+at |^\s*$", blanks=1, limit=40, key=r"^\[[A-Z_]+\] |^(?!error during|Build failed with)\S"), "vite could not build", "javascript", "vite"),
    rule("jest-failure", Role.TEST, "  ● |fail ", r"^\s*FAIL\s+\S+\.(?:[cm]?[jt]sx?|coffee|vue)\b|^\s+● (?!Console)", reach(stop=r"^\s?(?:PASS|RUNS)\s|^(?:Test Suites|Tests|Snapshots|Time):|^-{10,}\|", blanks=3, limit=LONGEST_BLOCK, key=r"^\s+(?:expect\(|Expected|[A-Z]\w*Error:)|^[A-Z]\w*Error:"), "failed jest test", "javascript", "jest", merges=2),
    rule("vite-import", Role.COMPILE, "failed to resolve import", r"^(?:\[plugin:\S*vite:import-analysis\] |(?:\S+ (?:[AP]M )?)?\[vite\] (?:\(\w+\) )?(?:Pre-transform|Internal server) error: )Failed to resolve import ", reach(r"^\s+at |^\d+ +\||^\s+\| |^/\S+:\d+:\d+$|^  (?:Plugin|File): ", limit=20), "an import that vite does not find", "javascript", "vite"),
    rule("vitest-failure", Role.TEST, "failed tests|failed suites| fail  ", r"^\s*FAIL\s+\S+.* > ", reach(stop=r"^⎯{5,}|^\s*(?:Test Files|Tests) ", blanks=2), "failed vitest test", "javascript", "vitest", merges=3),
    rule("mocha-failure", Role.TEST, " failing", r"^\s+\d+ failing$", reach(r"^\s", blanks=2, limit=LONGEST_BLOCK, key=r"Error", skips_head=True), "failed mocha test", "javascript", "mocha", least=2),
    rule("karma-failure", Role.TEST, " failed|disconnected|) error", r"^(?:\S+ )*[\w. ]+ \([\w .]+\) .*\bFAILED$|^[\w. ]+ \([\w .]+\)(?: ERROR|: Executed \d+ of \d+ .*DISCONNECTED)", reach(r"^[ \t]|DISCONNECTED|ERROR \[reporter"), "failed karma test", "javascript", "karma", merges=1),
    rule("torchrun-failures", Role.CONSEQUENCE, "failures:|root cause (first", r"^(?:Failures|Root Cause \(first observed failure\)):", reach(stop=r"^={10,}", needs=r"^\s+(?:time  |<NO_OTHER)|^\[\d+\]:$"), "torchrun's list of failed workers", "python", "torchrun"),
    rule("jasmine-failure", Role.TEST, "failures:", r"^Failures:\s*$", reach(stop=r"^(?:Finished in|\d+ (?:tests?|specs?|examples?),|Pending:|TEST FAIL|Executed \d+)|^=+$", blanks=2, key=r"^\s*(?:Message|expected|.*(?:Error\b(?!:)|Error: |[Ee]xpected ))", limit=LONGEST_BLOCK, skips_head=True), "a test runner's list of failures", None, None),
    rule("tap-failure", Role.TEST, "not ok ", r"^\s*not ok \d+(?!.*# (?:TODO|SKIP|todo|skip))", reach(r"^\s+(?!ok )\S|^#\s+\S", stop=r"^\s*not ok|^# (?:Subtest|tests|pass|fail|suites|skipped|todo|duration_ms|cancelled|time|Looks like)\b", key=r"^\s+(?:message|error|operator|expected):|^# .*\bfailed\b"), "failed TAP test", None, "tap", merges=-1),
    rule("npm-error", Role.TOOL, "npm err!|npm error", r"^npm (?:ERR!|error) (?!code ELIFECYCLE|errno|A complete log|    /|$|.*This is probably not a problem|\S+@\S+ \w+: `|Exit status|Failed at the|Test failed)", reach(r"^npm (?:ERR!|error)"), "npm failed", "javascript", "npm"),
    rule("npm-debug-log", Role.TOOL, " error ", r"^\d+ error (?!(?:Linux|Darwin|Windows\w*|argv|node|npm|errno|code|path|syscall|dest|cwd|command|signal|This|If|For|You|There|A complete) )\S",
         reach(r"^\d+ (?:error|verbose stack)\b", needs_above=r"^\d+ (?:error|verbose|info|silly|http|warn|timing) "), "npm failed", "javascript", "npm", merges=12),
    rule("next-error", Role.LOGGED, "⨯ ", r"^\s?⨯ (?!Next\.js build worker)\S+ \S", INDENTED, "Next.js could not go on", "javascript", "next"),
    rule("next-build-error", Role.TOOL, "build error occurred", r"^> Build error occurred", reach(r"^\S.*Error\b|^\s+\S|^\[?\w*Error: |^\}", limit=30, skips_head=True), "Next.js could not build", "javascript", "next"),
    rule("next-prerender", Role.TOOL, "error occurred prerendering", r"^Error occurred prerendering page ", reach(stop=r"^Export encountered|^> Export|^\s*$", key=r"^(?!Error occurred)\S.*Error\b"), "Next.js could not render a page", "javascript", "next", merges=2),
    rule("npm-lifecycle", Role.CONSEQUENCE, "elifecycle|npm err! test failed|exit status|npm error lifecycle", r"^npm (?:ERR!|error) (?:code ELIFECYCLE|Test failed|.*: `.*`$|Exit status|errno|lifecycle|command)|ELIFECYCLE", reach(r"^npm (?:ERR!|error)"), "a script that npm ran failed", "javascript", "npm"),
    rule("yarn-error", Role.TOOL, "error ", r"^error (?!Command failed|An unexpected error|\S+\.\w+:\d)(?:[A-Z\"'`(]|\S+@\S|https?:)", INDENTED, "yarn failed", "javascript", "yarn"),
    rule("yarn-error-log", Role.CRASH, "trace:", r"^Trace: ?$", reach(r"^\s+\S", needs=r"^  \w*(?:Error|Exception)\b", key=r"^  \w*(?:Error|Exception)\b"), "what yarn died of", "javascript", "yarn"),
    rule("yarn-gave-up", Role.CONSEQUENCE, "error command failed", r"^error Command failed", reason="a script that yarn ran failed", language="javascript", tool="yarn"),
    rule("yarn-berry", Role.TOOL, "➤ yn", r"^➤ YN(?!0000)\d+: .*(?:✘|rror|failed|doesn't|couldn't)", ONE_LINE, "yarn failed", "javascript", "yarn", merges=1),
    rule("pnpm-error", Role.TOOL, "err_pnpm|elifecycle", r"ERR_PNPM_(?!RECURSIVE_RUN)\w+", INDENTED, "pnpm failed", "javascript", "pnpm"),
    rule("yarn-berry-refused", Role.TOOL, "➤ yn", r"^➤ YN(?:0001|0009|0016|0018|0027|0028|0035|0041|0078|0082): [│└] \S", ONE_LINE, "yarn failed", "javascript", "yarn", merges=1),
    rule("yarn-berry-gave-up", Role.CONSEQUENCE, "failed with errors", r"^➤ YN0000: · Failed with errors", reason="yarn gave up", language="javascript", tool="yarn"),
    rule("eslint-crash", Role.TOOL, "oops! something went wrong", r"^Oops! Something went wrong! :\(", reach(stop=r"^(?:\$ |##\[|npm |error )", blanks=1, limit=8, key=r"^(?!Oops|ESLint:)\S"), "ESLint could not run", "javascript", "eslint"),
    rule("cypress-missing", Role.TOOL, "cypress", r"^(?:No version of Cypress is installed in|The cypress npm package is installed, but|Cypress (?:executable not found|failed to (?:verify|start)|could not verify))", INDENTED, "Cypress could not start", "javascript", "cypress"),
    rule("coverage-gate", Role.TEST, "coverage", r"^Jest: \".*\" coverage threshold for .* not met|^ERROR: Coverage for \w+ \([\d.]+%\) does not meet", ONE_LINE, "too little is covered by tests", "javascript", merges=1),
    rule("phpstan", Role.COMPILE, "  line   ", r"^\s+Line\s+\S+\.\w+\s*$", reach(r"^\s|^-", blanks=0), "phpstan finding", "php", "phpstan", least=3),
    rule("prettier", Role.COMPILE, "[error] |[warn] |code style issues", r"^\[error\] \S+: \w*Error:|Code style issues", INDENTED, "prettier found fault", "javascript", "prettier"),
    rule("markdownlint", Role.COMPILE, ": md0|: md1|: md2|: md3|: md4|: md5", r"^\S+:\s?\d+(?::\d+)?:? MD\d+", ONE_LINE, "markdown linter finding", "markdown", "markdownlint"),
)
