"""The frames of a stack, in each language's own notation, innermost last."""

# fmt: off
# A rule is one line of a table: broken up, the patterns could no longer be compared.

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from mcp_rag.records import Frame

_FRAME = re.compile(
    "|".join(
        (
            r"File \"(?P<f0>[^\"]+)\", line (?P<l0>\d+)(?:, in (?P<n0>.+?))?\s*$",
            r"^\s*(?:\[[^\]]*\]\s*)?at (?:async )?(?:new )?(?P<n1>[^\s(].*?) \((?P<f1>(?:file://|node:)?[^():]*(?::[\\/][^():]*)?):(?P<l1>\d+):\d+\)",
            r"^\s*(?:\[[^\]]*\]\s*)?at (?:[\w.@-]+/)?(?P<n2>[\w$.<>]+)\((?P<f2>[\w$.-]+\.\w+):(?P<l2>\d+)\)",
            r"^\s*at (?P<n3>[^\s(]+\(.*\)) in (?P<f3>.+):line (?P<l3>\d+)",
            r"^\s*(?:from |# )?(?P<f4>[^\s:]+\.(?:rb|rake|ru)):(?P<l4>\d+):in [`'](?P<n4>[^']+)'",
            r"^\s*#\d+ (?P<f5>[^\s(]+\.php)\((?P<l5>\d+)\): (?P<n5>.+)$",
            r"^\t(?P<f6>\S+\.go):(?P<l6>\d+)(?: \+0x[0-9a-f]+)?$",
            r"^\s*\d+:\s+(?:0x[0-9a-f]+ - )?(?P<n7>[A-Za-z_<][\w:<>{} ,&#\[\]-]+)$",
            r"^\s*at (?P<f8>/?[^\s:()]+):(?P<l8>\d+)(?::\d+)?$",
            r"^#\d+\s+(?:0x[0-9a-f]+ in )?(?P<n9>[\w:~<>]+) ?\(.*\)(?: (?:at|from) (?P<f9>[^\s:]+)(?::(?P<l9>\d+))?)?",
            r"^\s*--> (?P<f11>[^\s:]+\.rs):(?P<l11>\d+):\d+$",
            r"^(?P<f10>[^\s:]+\.py):(?P<l10>\d+): (?P<n10>in \w+)?",
        )
    )
)
_GO_FUNCTION = re.compile(r"^([\w./*()-]+)\(.*\)$")

INNERMOST_LAST = frozenset({"python"})
"""Languages whose traces print the innermost frame last; all others print it first."""


def frames_of(lines: Sequence[str], innermost_last: bool) -> tuple[Frame, ...]:
    """The frames that ``lines`` show, outermost first."""
    frames: list[Frame] = []
    for before, line in zip(("", *lines), lines, strict=False):
        found = _FRAME.search(line)
        if not found:
            continue
        parts = {name[0]: value for name, value in found.groupdict().items() if value}
        function = parts.get("n")
        if function is None and (call := _GO_FUNCTION.match(before.strip())):
            function = call[1]
        if frames and "n" in parts and "f" not in parts:
            parts["f"] = ""
        frames.append(Frame(parts.get("f", ""), int(parts["l"]) if "l" in parts else None, function))
    return tuple(frames if innermost_last else reversed(frames))


def stable_name(frame: Frame) -> str:
    """What of a frame stays the same across machines and versions: the file's last part and the function."""
    file = PurePosixPath(frame.file.replace("\\", "/")).name
    return f"{file}:{frame.function or ''}"
