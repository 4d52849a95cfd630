"""Lua, Tcl, Lisps, Pascal, Ada, Fortran, OCaml, Nim, Crystal, Dart, Swift, R and others: compilers and crashes."""

# ruff: noqa: E501
# fmt: off
# A rule is one line of a table: broken up, the patterns could no longer be compared.

from __future__ import annotations

from mcp_rag.logs.grammars.rule import (
    INDENTED,
    LONGEST_BLOCK,
    ONE_LINE,
    PARAGRAPH,
    Extent,
    Passage,
    Reach,
    Role,
    reach,
    rule,
)


def under_message(body: str, limit: int = 60) -> Reach:
    """A reach for traces that say nothing themselves: the message, which is the key, stands on the line above."""
    trace = reach(body, limit=limit)

    def measure(passage: Passage, at: int) -> Extent | None:
        above = next((i for i in range(at - 1, max(-1, at - 3), -1) if passage[i].strip()), None)
        extent = trace(passage, at)
        return (above, extent[1], above) if extent and above is not None else None

    return measure


def _under_head(passage: Passage, at: int) -> Extent | None:
    """A heading, then the message, which is the key, then its trace."""
    key = next((i for i in range(at + 1, min(at + 4, len(passage))) if passage[i].strip()), at)
    extent = _trace(passage, key)
    return (at, extent[1], key) if extent else None


_trace = reach(r"^\s|^#\d+|^\S.*:$", limit=60)

SCRIPTS = (
    rule("lua-error", Role.CRASH, "lua: |luajit: |lua5", r"^(?:\S*/)?lua(?:jit)?[\d.]*: ", reach(r"^stack traceback:|^\t"), "Lua error", "lua", "lua"),
    rule("lua-chunk-error", Role.CRASH, ".lua:", r"^(?:\S+: )?\[?\S*\.lua\S*:\d+: ", reach(r"^stack traceback:|^\t", needs=r"^stack traceback:"), "Lua error", "lua", "lua"),
    rule("tcl-error", Role.CRASH, "while executing", r"^\s+while executing$", under_message(r"^\s|^\""), "Tcl error", "tcl", "tclsh"),
    rule("awk-error", Role.TOOL, "awk: ", r"^\S*awk: (?!.*(?:warning|cmd\. line:\d+: +\^))", reach(r"^\S*awk: "), "awk could not go on", "awk", "awk"),
    rule("r-error", Role.CRASH, "error in |execution halted|error: ", r"^Error in .*(?::|$)|^Error: .* in R\b|^Error: (?=.*\S)(?:object|could not find function|unexpected|package|there is no)", reach(r"^\s|^Calls:|^Execution halted|^(?:ℹ|✖|!|Caused by|Backtrace)"), "R error", "r", "R"),
    rule("julia-error", Role.CRASH, "error: ", r"^ERROR: (?:LoadError: )?\w+(?:Error|Exception)?:", reach(r"^Stacktrace:|^\s|^in expression", blanks=1, limit=60), "Julia error", "julia", "julia"),
    rule("octave-error", Role.CRASH, "error: called from", r"^error: called from", under_message(r"^\s"), "Octave error", "octave", "octave"),
    rule("sbcl-error", Role.CRASH, "unhandled |debugger invoked", r"^Unhandled \S+ in thread |^debugger invoked on a", reach(r"^\s|^Backtrace for|^\d+: ", blanks=1, limit=80, key=r"^  \S"), "Lisp condition that nobody handled", "lisp", "sbcl"),
    rule("sbcl-compile", Role.LOGGED, "; caught error", r"^; caught ERROR:", reach(r"^; ?", before=r"^; ", key=r"^; {3}\S"), "Lisp compile error", "lisp", "sbcl"),
    rule("guile-error", Role.CRASH, "error: in procedure|throw to key", r"^ERROR: In procedure|Throw to key", reach(r"^\S", limit=3, before=r"^Backtrace:|^In |^\s+\d+:?\d* ", key=r"^(?!ERROR|Backtrace|In |\s)\S|^ERROR: In procedure \S+: .+"), "Scheme error", "scheme", "guile"),
    rule("emacs-lisp", Role.CRASH, "debugger entered--lisp|  signal(", r"^Debugger entered--Lisp error|^\s+signal\(", reach(r"^  ", limit=80), "Emacs Lisp error", "emacs-lisp", "emacs"),
    rule("dart-exception", Role.CRASH, "unhandled exception:", r"^Unhandled exception:\s*$", _under_head, "uncaught Dart exception", "dart", "dart"),
    rule("dart-error", Role.COMPILE, ".dart:", r"^\S+\.dart:\d+:\d+: Error: ", PARAGRAPH, "Dart compile error", "dart", "dart"),
    rule("crystal-exception", Role.CRASH, "unhandled exception", r"^Unhandled exception(?: in spawn)?: .+ \((?:\w+(?:::)?)+\)$", reach(r"^  from "), "uncaught Crystal exception", "crystal", "crystal"),
    rule("crystal-error", Role.COMPILE, "error: ", r"^Error: (?=\S)", reach(r"^\s|^Did you mean", blanks=1, before=r"^In \S+:\d+:\d+|^\s*\d+ \||^\s+\^|^\s*$|^Showing last frame", limit=12, needs_above=r"^In \S+:\d+:\d+"), "Crystal compile error", "crystal", "crystal"),
    rule("nim-exception", Role.CRASH, "unhandled exception: ", r"^Error: unhandled exception: ", reach(before=r"^\S+\(\d+\)\s+\S|^Traceback \("), "uncaught Nim exception", "nim", "nim"),
    rule("swift-fatal", Role.CRASH, "fatal error: ", r"^(?:\S+\.swift:\d+: )?Fatal error: (?!exception )(?=.*(?:swift|Swift|Index out|unexpectedly found nil|Unexpectedly found nil|Division by zero|Range))", reach(r"^\s|^Current stack trace|^\d+\s|^\*\*\*|^Thread \d+"), "Swift trap", "swift", "swift"),
)

COMPILED = (
    rule("meson-error", Role.COMPILE, "error: ", r"^\S*meson(?:\.build|_options\.txt|\.options)?:\d+:\d+: ERROR: ", INDENTED, "Meson could not go on", None, "meson"),
    rule("placed-error", Role.COMPILE, ") error|) fatal", r"^\S.*\.\w+\(\d+(?:, ?\d+)?\):? (?:[Ff]atal |[Ss]yntax )?[Ee]rror\b(?!.*There were \d+ errors)", INDENTED, "compile error", None, None, merges=2),
    rule("pascal-gave-up", Role.CONSEQUENCE, "compilation aborted|returned an error exitcode|errors compiling module", r"^Fatal: Compilation aborted|returned an error exitcode|There were \d+ errors compiling", reason="the compiler gave up", language="pascal", tool="fpc"),
    rule("pascal-runtime", Role.CRASH, "runtime error ", r"^Runtime error \d+ at |^An unhandled exception occurred at", reach(r"^\s+\$|^E\w+: ", key=r"^E\w+: "), "Pascal runtime error", "pascal", "fpc"),
    rule("ada-exception", Role.CRASH, "raised ", r"^(?:Execution (?:of \S+ )?terminated by unhandled exception|raised [A-Z][A-Z_.]+ : )", reach(r"^Exception name|^Message:|^Call stack|^0x", key=r"^raised|^Message:"), "uncaught Ada exception", "ada", "gnat"),
    rule("gfortran-error", Role.COMPILE, "error: ", r"^(?:Fatal )?Error: (?=\S)", reach(before=r"^\s*\d* \|| {4,}\d\s*$|^\S+\.[fF]\w*:\d+:\d+:|^\s*$", needs_above=r"^\S+\.[fF]\w*:\d+:\d+:$"), "Fortran compile error", "fortran", "gfortran", merges=3),
    rule("fortran-runtime", Role.CRASH, "fortran runtime error", r"^Fortran runtime error: ", reach(before=r"^At line \d+ of"), "Fortran runtime error", "fortran", "gfortran"),
    rule("ocaml-error", Role.COMPILE, "file \"", r"^File \"[^\"]+\", lines? \d+(?:-\d+)?(?:, characters \d+-\d+)?:$", reach(r"^\s|^\d+ \||^Error|^Hint", needs=r"^Error", key=r"^Error"), "OCaml compile error", "ocaml", "ocaml", merges=2),
    rule("dune-diff", Role.TEST, "file \"", r"^File \"[^\"]+\", line \d+, characters 0-0:$", reach(r"^\s|^\(cd |^diff |^index |^---|^\+|^-|^@@", needs=r"^\s.*\(exit [1-9]\d*\)$|^diff --git |^--- ", key=r"^[-+](?![-+])"), "an output that is not the expected one", "ocaml", "dune"),
    rule("ocaml-exception", Role.CRASH, "fatal error: exception", r"^(?:\S+: )?Fatal error: exception ", reach(r"^(?:Raised|Called|Re-raised) "), "uncaught OCaml exception", "ocaml", "ocaml"),
    rule("haskell-exception", Role.CRASH, "prelude.|non-exhaustive|: map.|user error|<<loop>>|divide by zero|uncaught exception", r"^(?!Warning)[\w.-]+: (?:Uncaught exception |Prelude\.\S+: |Map\.\S+: |.*Non-exhaustive |.*user error \(|<<loop>>|divide by zero)", reach(r"^\s|^CallStack"), "uncaught Haskell exception", "haskell", "ghc"),
    rule("haskell-callstack", Role.CRASH, "callstack (from hascallstack)", r"^CallStack \(from HasCallStack\):", under_message(r"^\s"), "uncaught Haskell exception", "haskell", "ghc"),
    rule("hunit-failure", Role.TEST, "### failure in|### error in", r"### (?:Failure|Error) in: ", reach(stop=r"^Cases:|^\s*$", key=r"^expected|but got|Error"), "failed HUnit test", "haskell", "hunit", merges=1),
    rule("haxe-error", Role.COMPILE, ".hx:", r"^(?:ERROR )?\S+\.hx:\d+: (?:characters|lines?) \d+-\d+ : (?!Warning)", INDENTED, "Haxe compile error", "haxe", "haxe", merges=1),
    rule("tex-error", Role.COMPILE, "! ", r"^! [A-Z]\S+ ", reach(stop=r"^\s*$|^\?", blanks=0, limit=15), "TeX error", "tex", "latex"),
    rule("vhdl-verilog-error", Role.COMPILE, ".vhd|.v:|.sv:", r"^%Error(?:-\w+)?: |^\S+\.(?:vhdl?|svh?|v):\d+(?::\d+)?:(?: error:|error:| syntax error)", INDENTED, "HDL compile error", "hdl", None),
)

CHECKERS = (
    rule("shellcheck", Role.COMPILE, " line ", r"^In \S+ line \d+:$", reach(stop=r"^(?:Did you mean|For more information|In \S+ line)", blanks=0, limit=LONGEST_BLOCK, key=r"SC\d+ \((?:error|warning)\)", needs=r"SC\d+"), "shellcheck finding", "shell", "shellcheck", merges=6),
    rule("json-error", Role.TOOL, "column ", r"^(?:Expecting|Extra data|Unterminated|Invalid (?:control|\\)).*: line \d+ column \d+ \(char \d+\)$|^(?:jq: )?(?:error|parse error)(?: \(at [^)]*\))?: .* at line \d+, column \d+", ONE_LINE, "JSON that is none", "json", None),
    rule("yaml-error", Role.TOOL, ", column ", r"^\s+in \"[^\"]+\", line \d+, column \d+", under_message(r"^\s"), "YAML that is none", "yaml", None),
    rule("sqlite-error", Role.TOOL, "error near line|error: near line|error: in prepare|error: stepping", r"^(?:Parse|Runtime) error(?: near line \d+)?: |^Error: near line \d+: |^Error: (?:in prepare|stepping), ", INDENTED, "SQLite refused", "sql", "sqlite"),
)

RULES = SCRIPTS + COMPILED + CHECKERS
