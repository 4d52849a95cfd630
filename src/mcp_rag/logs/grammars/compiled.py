"""Go, Rust, Haskell, C# and the other .NET languages: compilers, crashes and test runners."""

# ruff: noqa: E501
# fmt: off
# A rule is one line of a table: broken up, the patterns could no longer be compared.

from __future__ import annotations

from mcp_rag.logs.grammars.rule import LONGEST_BLOCK, ONE_LINE, Role, reach, rule

GO = (
    rule("go-panic", Role.CRASH, "panic: |fatal error: ", r"^(?:panic: |fatal error: (?!.*file not found))(?!.*\.(?:c|h|cc|cpp):)",
         reach(r"^(?:goroutine \d+|\S.*\(.*\)$|\t|created by |\s*panic: |\[signal|exit status|runtime\.|main\.)", blanks=2, limit=120), "Go panic", "go", "go"),
    rule("go-build-error", Role.COMPILE, ".go:", r"^(?:vet: )?[\w./@-]+\.go:\d+:\d+:(?!\s?(?:exit status|fatal error|error:|warning:))\s?\S|^\.{1,2}/[\w./@-]+\.go:\d+: ", reach(r"^\t", before=r"^# \S+$"), "Go compile error", "go", "go", merges=2),
    rule("go-test-failure", Role.TEST, "--- fail:", r"^\s*--- FAIL: ", reach(r"^\s+(?!--- (?:PASS|SKIP|FAIL))\S", limit=LONGEST_BLOCK, key=r"\.go:\d+: ", before=r"^\s+\S+\.go:\d+: "), "failed Go test", "go", "go test", merges=1),
    rule("go-module-error", Role.TOOL, "go: |go build|go.mod", r"^go(?: build| run| get)?: (?!downloading|finding|found|added|upgraded|extracting|creating|to add)|^\S*go\.mod:\d+: ", reach(r"^\t"), "the go command could not go on", "go", "go"),
    rule("go-import-cycle", Role.COMPILE, "import cycle not allowed", r"^\s+imports \S+: import cycle not allowed|^import cycle not allowed", reach(r"^\s+imports ", before=r"^(?:package \S+|\s+imports \S+)$"), "packages that import each other", "go", "go"),
    rule("go-no-files", Role.TOOL, "no go files in", r"^(?:package \S+: |\S+: )?no Go files in \S", ONE_LINE, "the go command found no source", "go", "go"),
    rule("go-race", Role.CRASH, "data race", r"^WARNING: DATA RACE", reach(stop=r"^={10,}", blanks=1), "data race", "go", "go"),
    rule("go-test-list", Role.CONSEQUENCE, "fail\t|fail", r"^FAIL(?:\t\S+.*)?$", reason="the package whose tests failed", language="go", tool="go test"),
)

RUST = (
    rule("rustc-plain-error", Role.COMPILE, "error: ", r"^error: (?!aborting due|[Cc]ould not compile|build failed|test failed|process didn't exit|failed to run custom|linking with)\S",
         reach(r"^\s*(?:-->|\||=|\d+ |\.\.\.|:::)|^\s+\S|^(?:note|help): ", blanks=1, needs=r"^\s+(?:--> \S|\|$|= note)"), "Rust compile error", "rust", "rustc", merges=2),
    rule("rustc-error", Role.COMPILE, "error[e", r"^error\[E\d+\]: (?!aborting due|[Cc]ould not compile|build failed|test failed|process didn't exit|failed to run custom|Recipe|linking with)\S",
         reach(r"^\s*(?:-->|\||=|\d+ |\.\.\.|:::)|^\s+\S|^(?:note|help): ", blanks=1), "Rust compile error", "rust", "rustc", merges=2),
    rule("rust-linker", Role.COMPILE, "linking with", r"^error: linking with ", reach(r"^\s*(?:\||=)|^\s+\S"), "the linker failed", "rust", "rustc"),
    rule("rust-panic", Role.CRASH, "' panicked at|panicked at ", r"^thread '[^']*'(?: \(\d+\))? (?:panicked at|has overflowed)|^thread .* panicked at",
         reach(r"^(?!thread )\s+(?:\d+:|at |left|right)|^(?:stack backtrace:|note: |\s+(?:left|right))|^(?!make|note: Some|travis_|The command|error)(?!.* panicked at)[^\s\[\]=-].*", limit=80, blanks=0), "Rust panic", "rust", "rust", merges=2),
    rule("cargo-test-failure", Role.TEST, " stdout ----|---- ", r"^---- .+ std(?:out|err) ----$", reach(stop=r"^failures:$|^test result:", blanks=2, key=r"panicked at|^Error: ", limit=4 * LONGEST_BLOCK), "failed Rust test", "rust", "cargo test", merges=3),
    rule("cargo-error", Role.TOOL, "failed to run custom|failed to select|no matching package|failed to parse|failed to load|failed to get|failed to download|no such command|lock file", r"^error: (?:failed to|no matching|the lock file|no such (?:sub)?command)|^error: could not find `Cargo",
         reach(r"^\s|^Caused by|^process didn't exit", blanks=1, limit=60), "cargo could not go on", "rust", "cargo"),
    rule("cargo-gave-up", Role.CONSEQUENCE, "aborting due to|could not compile|build failed|test failed, to rerun|for more information about this error|some errors have detailed", r"^error: (?:aborting due to|[Cc]ould not compile|build failed|test failed|process didn't exit)|^For more information about this error|^Some errors have detailed|^warning: build failed", reason="cargo gave up", language="rust", tool="cargo"),
)

HASKELL = (
    rule("ghc-error", Role.COMPILE, ".hs:|.lhs:|.hsc:", r"^\S+\.(?:hs|lhs|hsc):\d+:\d+(?:-\d+)?:(?!\s*\[?[Ww]arning\b)(?:\s*error\b.*|\s*$|\s+\S)", reach(r"^\s", over=r"^\[ *\d+ of \d+\] Compiling"), "Haskell compile error", "haskell", "ghc", merges=1),
    rule("cabal-error", Role.TOOL, "cabal: |rejecting: |could not resolve dependencies", r"^(?:Error: )?(?:\[Cabal-\d+\]|cabal: (?!Downloading))|^Could not resolve dependencies|^rejecting: ", reach(r"^\[__|^\s|^rejecting|^trying|^After|^Dependency"), "cabal could not go on", "haskell", "cabal"),
)

DOTNET = (
    rule("dotnet-error", Role.COMPILE, ": error ", r": error (?:CS|VB|FS|MSB|NU|NETSDK|CA|SA|IDE|BC|AD)\d+\s?:|\): error (?!TS)[A-Z]+\d+: ", ONE_LINE, ".NET compile error", "c#", "msbuild", merges=1),
    rule("dotnet-exception", Role.CRASH, "unhandled exception", r"^Unhandled [Ee]xception[.:]", reach(r"^\s|^ ?--- End of", key=r"Unhandled"), "unhandled .NET exception", "c#", "dotnet"),
    rule("xunit-failure", Role.TEST, "[fail]", r"\[FAIL\]$", reach(r"^\s{3,}\S", blanks=0, limit=120), "failed xUnit test", "c#", "xunit", merges=2),
    rule("dotnet-record", Role.LOGGED, "fail: |crit: ", r"^(?:fail|crit): [\w.`+]+\[\d+\]$", reach(r"^ {6}\S"), "a record of severity error", "csharp", "dotnet"),
    rule("vstest-failure", Role.TEST, "  failed ", r"^\s+Failed \S+.* \[[<\d].*\]$", reach(r"^\s|^(?:Expected|Actual)", limit=80, key=r"^\s+(?:Assert|System\.|Xunit|Expected)|Exception\b"), "failed .NET test", "c#", "dotnet test", merges=2),
    rule("powershell-error", Role.CRASH, "+ categoryinfo|fullyqualifiederrorid", r"\+ CategoryInfo", reach(r"^\s*\+ ", before=r"^\s*\+ |^At .*:\d+ char:|^\s*\S+ : |failed with exit code|^\S+.* : ", key=r"^(?!At |\s*\+ )\S"), "PowerShell error", "powershell", "pwsh"),
    rule("dotnet-no-sdk", Role.TOOL, "could not be loaded, possibly|compatible .net sdk|no .net sdks", r"^The command could not be loaded, possibly because|^\s*A compatible (?:installed )?\.NET|^No \.NET SDKs were found", reach(stop=r"^Installed SDKs|^##\[", blanks=1, limit=14, key=r"A compatible|No \.NET SDKs"), ".NET found no SDK", "csharp", "dotnet"),
    rule("dotnet-gave-up", Role.CONSEQUENCE, "build failed.", r"^Build FAILED\.", reason="the build ended in failure", tool="msbuild"),
)

RULES = GO + RUST + HASKELL + DOTNET
