"""Compilers: Rust's error pages, GCC's warnings, javac's lint keys."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

from mcp_rag.knowledge.tool_indexes.index import ToolAbsent, ToolIndex, ask, entry, first_paragraph, version_of

LAST_RUST_CODE = 1000
"""Rust's codes have four digits; in 2026 the highest was below E0810."""

_FIXED = re.compile(r"\b(?:to fix|fix th|can be fixed|to solve|instead|make sure|you (?:can|need|must|should))\b", re.I)
_GCC_WARNING = re.compile(r"^\s+-W([a-z][\w+-]*)(?:=\S*|<\S*)?\s{2,}(\S.*(?:\n {20,}\S.*)*)$", re.MULTILINE)
_JAVAC_KEY = re.compile(r"^\s+([a-z][\w-]*)\s+(\S.*(?:\n\s{10,}\S.*)*)$", re.MULTILINE)


def rustc() -> ToolIndex:
    """``rustc --explain`` of every code that it knows."""
    version = version_of("rustc", "--version")
    codes = [f"E{number:04}" for number in range(1, LAST_RUST_CODE)]
    with ThreadPoolExecutor(max_workers=4) as pool:
        pages = list(pool.map(_rust_page, codes))
    issues = [
        entry(
            "rustc",
            version,
            code,
            first_paragraph(page)[:120],
            symptoms=(f"error[{code}]",),
            cause=first_paragraph(page),
            fix=_what_to_do(page) or f"Change the code as `rustc --explain {code}` shows.",
            commands=(f"rustc --explain {code}",),
            urls=(f"https://doc.rust-lang.org/error_codes/{code}.html",),
            language="rust",
            text=page,
        )
        for code, page in zip(codes, pages, strict=True)
        if page
    ]
    return ToolIndex("rustc", version, tuple(issues))


def _rust_page(code: str) -> str:
    try:
        page = ask("rustc", "--explain", code)
    except ToolAbsent:
        # rustc fails on a code that it does not know; that it is there has been seen by then.
        return ""
    return re.sub(r"^#### Note: this error code is no longer.*$", "", page, flags=re.M).strip()


def _what_to_do(page: str) -> str:
    """The paragraph that says how to mend it, or else the one after the first block of code."""
    prose = [" ".join(part.split()) for part in re.split(r"\n{2,}", re.sub(r"```.*?```", "", page, flags=re.S))]
    return next((part for part in prose[1:] if _FIXED.search(part)), "")


def gcc() -> ToolIndex:
    """``gcc --help=warnings``: what a warning is about; it fails a build where it is made an error."""
    version = version_of("gcc", "-dumpfullversion")
    told = "\n".join(ask("gcc", f"--help={kind}") for kind in ("warnings", "common"))
    found = {m[1]: " ".join(m[2].split()) for m in _GCC_WARNING.finditer(told)}
    issues = [
        entry(
            "gcc",
            version,
            f"-W{name}",
            what[:120],
            symptoms=(f"[-Werror={name}]", f"[-W{name}]"),
            cause=what,
            fix=f"Change the line that the warning points at; where it is meant, -Wno-error={name} lets the build pass.",
            urls=("https://gcc.gnu.org/onlinedocs/gcc/Warning-Options.html",),
            language="c",
        )
        for name, what in found.items()
        if not name.startswith("no-") and len(what) > 12
    ]
    return ToolIndex("gcc", version, tuple(issues))


def javac() -> ToolIndex:
    """``javac --help-lint``: the keys of its warnings."""
    version = version_of("javac", "--version")
    found = {m[1]: " ".join(m[2].split()) for m in _JAVAC_KEY.finditer(ask("javac", "--help-lint"))}
    issues = [
        entry(
            "javac", version, f"-Xlint:{key}", what[:120], symptoms=(f"warning: [{key}]",), cause=what, language="java"
        )
        for key, what in found.items()
        if key not in ("all", "none")
    ]
    return ToolIndex("javac", version, tuple(issues))
