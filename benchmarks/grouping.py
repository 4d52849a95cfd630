"""Whether the same failure is put under one group when it strikes elsewhere, and different failures apart.

    python benchmarks/grouping.py
    python benchmarks/grouping.py --variations 5 --json

Each log of tests/golden/logs in which something failed is varied: other times, places in the source, process numbers,
addresses, home folders and patch versions. All variations and the logs themselves are grouped together, without
decisions. ``together`` is the share of variations in their own log's group; ``apart`` the share of pairs of logs whose
failures are labelled as different (by the cause that gold.jsonl accepts) that stand in different groups.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from itertools import combinations
from pathlib import Path

from mcp_rag.logs.failures import find_failures
from mcp_rag.logs.grouping import Member, group
from mcp_rag.logs.incident import describe
from mcp_rag.logs.log import Log

GOLDEN = Path(__file__).parents[1] / "tests" / "golden"
VARIED = re.compile(
    r"(?P<time>\b\d\d:\d\d:\d\d(?:[.,]\d+)?)|(?P<line>(?<=, line )\d+|(?<=:)\d+(?=:\d+)|(?<=\w:)\d+(?=[:)]))"
    r"|(?P<pid>(?<=pid=)\d+|(?<=pid )\d+)|(?P<address>\b0x[0-9a-f]{6,}\b)|(?P<home>/home/[\w.-]+|/tmp/[\w.-]+)"
    r"|(?P<version>(?<=\d\.)\d+\.\d+(?=[\s,)]))"
)


def varied(text: str, chance: random.Random) -> str:
    """The same failure at another time, on another machine."""
    home = f"/srv/runner{chance.randrange(100)}"

    def other(found: re.Match[str]) -> str:
        if found.lastgroup == "home":
            return home
        digits = "0123456789abcdef" if found.lastgroup == "address" else "123456789"
        return found[0][:2] * (found.lastgroup == "address") + re.sub(
            r"[0-9a-f]", lambda _: chance.choice(digits), found[0][2 * (found.lastgroup == "address") :]
        )

    return VARIED.sub(other, text)


def member(name: str, text: str) -> Member | None:
    log = Log(name, text.encode("utf-8", "surrogateescape"))
    spans = find_failures(log)
    return Member(name, describe(log, spans, redact=str)) if spans else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variations", type=int, default=3, help="of each log [3]")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = [json.loads(row) for row in (GOLDEN / "gold.jsonl").read_text("utf-8").splitlines()]
    chance, members, labels = random.Random(7), [], {}
    for row in rows:
        path = GOLDEN / row["file"]
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        texts = [text, *(varied(text, chance) for _ in range(asked.variations))]
        found = [member(f"{row['file']}#{n}", said) for n, said in enumerate(texts)]
        if found[0]:
            labels[row["file"]] = row.get("accept")
            members += [m for m in found if m]
    of = {m.source: g.id for g in group(members) for m in g.members}
    wanted = [f"{name}#{n}" for name in labels for n in range(1, asked.variations + 1)]
    together = [of.get(name) == of[name.rsplit("#", 1)[0] + "#0"] for name in wanted]
    pairs = [(a, b) for a, b in combinations(labels, 2) if labels[a] and labels[b] and labels[a] != labels[b]]
    apart = [of[f"{a}#0"] != of[f"{b}#0"] for a, b in pairs]
    figures = {
        "logs": len(labels),
        "variations": len(wanted),
        "together": sum(together) / len(together),
        "pairs": len(pairs),
        "apart": sum(apart) / max(1, len(apart)),
    }
    if asked.json:
        print(json.dumps(figures))
        return
    print(f"{len(labels)} failing logs, {len(wanted)} variations: {figures['together']:.1%} with their own log")
    print(f"{len(pairs):,} pairs of different failures: {figures['apart']:.2%} apart")
    print("\n".join(sorted({name for name, ok in zip(wanted, together, strict=True) if not ok})[:10]))


if __name__ == "__main__":
    main()
