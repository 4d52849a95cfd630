"""Ruby, PHP, Perl, Elixir, Erlang, Lua, R, Julia, Emacs Lisp, TeX, Sass: crashes, package managers, test runners."""

# ruff: noqa: E501
# fmt: off
# A rule is one line of a table: broken up, the patterns could no longer be compared.

from __future__ import annotations

from mcp_rag.logs.grammars.rule import INDENTED, LONGEST_BLOCK, ONE_LINE, Role, reach, rule

_NUMBERED = r"^\s*\d+\) \S"

RUBY = (
    rule("ruby-exception", Role.CRASH, ".rb:|:in `|:in '|(loaderror)|(nomethoderror)", r"^(?:\s*\S+:\d+:in [`'].*[`']: .*\(\w[\w:]*\)|.*: .*\((?:\w+::)*\w*(?:Error|Exception|Exit|Interrupt|NotFound)\)$)", reach(r"^\s+from |^\s+\d+: from |^\s*\S+:\d+:in |^\s", blanks=1), "Ruby exception", "ruby", "ruby"),
    rule("rake-aborted", Role.TOOL, "rake aborted!", r"^(?:rake|cap|thor) aborted!", reach(stop=r"^\(See full trace|^Tasks: TOP", blanks=1, key=r"^(?!rake aborted)(?!/)\S", limit=60), "rake gave up", "ruby", "rake"),
    rule("bundler-error", Role.TOOL, "could not find |bundler could not|an error occurred while installing|gemnotfound|gem::|bundler::|your bundle|could not find compatible|because every version|gem native extension", r"^(?:Could not find (?:gem|compatible|\S+-\d)|Bundler could not|Bundler::|An error occurred while installing|Gem::|Your (?:bundle|Ruby version)|Because every version|ERROR:\s+(?:Error installing|Failed to build gem|While executing))", reach(r"^\s|^\S", limit=30), "Bundler or gem could not install", "ruby", "bundler"),
    rule("rspec-pending", Role.HARMLESS, "pending: ", r"^Pending: \(Failures", reach(stop=r"^Failures:|^Finished in", blanks=2)),
    rule("rspec-failure", Role.TEST, "1) ", r"^\s{1,20}1\) (?!.* \d+\) )\S", reach(stop=r"^(?:Finished in|Failed examples:|Top \d+|Pending:|Randomized)|^\d+ (?:tests?|examples?|runs?|specs?|doctests?)\b|^Failures:$|^\.{5,}|^Coverage|^\s*[✓✔√]", blanks=2, key=r"(?:Error|Failure)[:/]|Assertion|\*\* \(|^\s+expected", limit=4 * LONGEST_BLOCK), "failed tests, with what was expected", None, None, merges=2, least=2),
    rule("rspec-load-error", Role.CRASH, "an error occurred while loading|an error occurred in a", r"^An error occurred (?:while loading|in an? )", reach(stop=r"^(?:Randomized|Finished|Run options|Top \d+)|^An error occurred", blanks=1, key=r"Error:$|: syntax error|Failure/Error", limit=80), "RSpec could not load a file", "ruby", "rspec", merges=2),
    rule("minitest-failure", Role.TEST, "failure:|error:", r"^(?:Failure|Error):\s*$|^\s+\d+\) (?:Failure|Error):", reach(blanks=0, stop=r"^(?:rails test|bin/rails)", key=r"^(?:\w+::)*\w*(?:Error|Exception|Assertion)\b|^\S.*#test", limit=120, needs=r"^\s*\S.*#\w+|\[\S+:\d+\]"), "failed minitest test", "ruby", "minitest", merges=3),
    rule("rubocop", Role.COMPILE, ": c: |: w: |: e: |: f: ", r"^\S+\.\w+:\d+:\d+: [CWEF]: ", reach(r"^\s|^\S.*\^|^[^:\s]+.*$", blanks=0, limit=5), "rubocop finding", "ruby", "rubocop", merges=1),
)

PHP = (
    rule("php-fatal", Role.CRASH, "fatal error: |parse error: |php fatal|uncaught ", r"^(?:\[[^\]]+\] )?(?:PHP )?(?:Fatal|Parse|Catchable fatal) error:\s(?!exception )", reach(r"^(?:Stack trace:|#\d+ |\s+thrown in|\s+\S)", blanks=0), "PHP fatal error", "php", "php"),
    rule("monolog-exception", Role.LOGGED, "error: |critical: |alert: |emergency: ", r"^(?:\[[^\]]+\] )?[\w-]+\.(?:ERROR|CRITICAL|ALERT|EMERGENCY): .*\{\".*\bexception\"",
         reach(r"^\[(?:stacktrace|previous exception)\]|^#\d+ |^\"\} ?$"), "an exception in Monolog's records", "php", "monolog", merges=-1),
    rule("phpunit-failure", Role.TEST, "failure|error", r"^There (?:was|were) \d+ (?:failure|error)s?:", reach(stop=r"^(?:FAILURES!|ERRORS!|WARNINGS!|OK\b|Tests: \d|--$|Generating code|There (?:was|were) \d+ (?:risky|skipped|incomplete|warning))", blanks=3, key=r"^Failed asserting|^\S*(?:Exception|Error):", limit=4 * LONGEST_BLOCK, skips_head=True), "failed PHPUnit tests", "php", "phpunit", merges=3),
    rule("composer-error", Role.TOOL, "your requirements could not|could not be resolved|[composer\\|runtimeexception|  problem 1", r"^\s*Your requirements could not be resolved|^\s+\[\w+(?:\\\w+)*Exception\]", reach(r"^\s", blanks=1, key=r"^\s+- |Exception\]?$|^\s+(?!Problem \d)\S", limit=60), "composer could not install", "php", "composer"),
    rule("php-lint", Role.COMPILE, "errors parsing", r"^Errors parsing ", ONE_LINE, "PHP syntax error", "php", "php"),
)

PERL = (
    rule("perl-died", Role.CRASH, "can't locate|begin failed|syntax error at|compilation aborted|execution of|died at| line ", r"^(?:Can't locate |BEGIN failed|syntax error at|Died at )|^(?:Can't |Global symbol |Bareword |Undefined subroutine|Not an? \w+ reference|Attempt to |Illegal division|Modification of |Unrecognized |Missing right |Deep recursion).* at \S+ line \d+", reach(r"^(?:BEGIN failed|Compilation failed|Execution of|\s+\S)"), "Perl died", "perl", "perl"),
    rule("perl-gave-up", Role.CONSEQUENCE, "execution of|compilation failed", r"^Execution of .* aborted|^(?:BEGIN|Compilation) failed", reason="Perl gave up", language="perl", tool="perl"),
    rule("perl-said", Role.GENERIC, " line ", r"^(?!Use of uninit|Argument |Odd number|Useless use|Name \"|Subroutine |\"my\" |Scalar value|Possible |Parentheses |Statement unlikely|Wide character|#)[\w'\"<\[(].* at \S+ line \d+(?:, <\w+> (?:line|chunk) \d+)?\.$", reach(r"^\t\S.* called at "), "what Perl died of, or warned about", "perl", "perl"),
    rule("perl-test-failure", Role.TEST, "#   failed test|# looks like|dubious, test returned|non-zero exit status", r"^\s*#\s+Failed test |^\s*# Looks like your test|Dubious, test returned", reach(r"^\s*#|^Failed \d+/\d+|^\s*Failed \d+/\d+", before=r" at \S+ line \d+\.?$"), "failed Perl test", "perl", "prove", merges=1),
    rule("perl-critic", Role.COMPILE, "(severity: ", r"\(Severity: \d\)$", ONE_LINE, "perlcritic finding", "perl", "perlcritic"),
    rule("perl-test-summary", Role.CONSEQUENCE, "test summary report|result: fail|failed test programs", r"^Test Summary Report|^Result: FAIL|^Failed \d+/\d+ test programs", reason="prove's summary", language="perl", tool="prove"),
)

BEAM = (
    rule("elixir-exception", Role.CRASH, "** (", r"^\s*\*\* \((?:\w|\.)+\)", reach(r"^\s+\S"), "Elixir exception", "elixir", "mix"),
    rule("elixir-compile", Role.COMPILE, "== compilation error", r"^== Compilation error", reach(r"^\*\* \(|^\s", key=r"^\*\* \("), "Elixir compile error", "elixir", "mix"),
    rule("erlang-ct", Role.TEST, " failed on line |reason: |:init_per_|:end_per_", r"^[\w.]+:\w+ failed(?: on line \d+)?$", reach(stop=r"^- - - -|^={10,}", blanks=0), "failed Common Test case", "erlang", "common_test", merges=1),
    rule("erlang-compile", Role.COMPILE, ".erl:|.hrl:", r"^\S+\.[eh]rl:\d+(?::\d+)?: (?!Warning)", INDENTED, "Erlang compile error", "erlang", "erlc"),
    rule("erlang-crash", Role.LOGGED, "=error report|=crash report|gen_event handler|terminating|** reason", r"^=(?:ERROR|CRASH) REPORT====|^\*\* (?:Generic server|State machine|gen_event handler|Node)", reach(r"^\S|^\s", limit=40, key=r"^\*\* \{|^\s+exception (?:error|exit|throw)"), "Erlang crash report", "erlang", "erlang"),
    rule("erlang-boot", Role.CRASH, "init terminating in do_boot", r"^(?:\{\")?init terminating in do_boot", ONE_LINE, "Erlang could not start", "erlang", "erl"),
    rule("erlang-exception", Role.CRASH, "exception error: |exception exit: |exception throw: ", r"^(?:\S+: |\*+ ?)exception (?:error|exit|throw): ", reach(r"^\s+\S"), "Erlang exception", "erlang", "erlang"),
    rule("eunit", Role.TEST, "*failed*|in function ", r"\*failed\*$", reach(r"^\S|^\s", limit=30), "failed EUnit test", "erlang", "eunit"),
    rule("dialyzer", Role.COMPILE, ": the ", r"^\S+\.erl:\d+: The (?:pattern|call|created|variable|type)", ONE_LINE, "dialyzer finding", "erlang", "dialyzer"),
)

OTHERS = (
    rule("sass-error", Role.COMPILE, "error: ", r"^Error: (?=.)", reach(r"^\s+(?:on line|from line|╷|│|╵)|^\s*[\d]*\s*[╷│╵]|^\s+\S+ \d+:\d+", needs=r"^\s+on line \d|^\s*\d*\s*[╷│]"), "Sass error", "sass", "sass"),
    rule("nix-error", Role.TOOL, "error: builder for|error: attribute|error: build of", r"^error: (?:builder for|build of|attribute|undefined variable)", INDENTED, "nix could not build", "nix", "nix"),
    rule("tasty-failure", Role.TEST, " fail", r"^\s+\S.*: +FAIL(?: \(\d+\.\d+s\))?$", reach(deeper=True, blanks=1, limit=60), "failed tasty test", "haskell", "tasty", least=2),
    rule("link-check", Role.TEST, "issues :-(", r"^Issues :-\(", reach(stop=r"^Wrote ", skips_head=True), "links that do not answer", None, "awesome_bot"),
)

RULES = RUBY + PHP + PERL + BEAM + OTHERS
