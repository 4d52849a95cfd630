"""Template mining beside drain3 in one run: lines a second on one core, and the ratio.

    python benchmarks/templates.py                          on logs made here, from those of tests/golden
    python benchmarks/templates.py --logs rows.jsonl.gz     on rows {"log": text}
    python benchmarks/templates.py --json

CPU time, the median of ``--rounds``. drain3 gets the masks of its own example configuration. It pins an old
cachetools: ``pip install --no-deps drain3==0.9.11 jsonpickle cachetools`` puts it beside the rest.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "logs"
BEFORE, AFTER = r"((?<=[^A-Za-z0-9])|^)", r"((?=[^A-Za-z0-9])|$)"
DRAIN_MASKS = (
    (f"{BEFORE}(([0-9a-f]{{2,}}:){{3,}}([0-9a-f]{{2,}})){AFTER}", "ID"),
    (rf"{BEFORE}(\d{{1,3}}\.\d{{1,3}}\.\d{{1,3}}\.\d{{1,3}}){AFTER}", "IP"),
    (f"{BEFORE}([0-9a-f]{{6,}} ?){{3,}}{AFTER}", "SEQ"),
    (f"{BEFORE}([0-9A-F]{{4}} ?){{4,}}{AFTER}", "SEQ"),
    (f"{BEFORE}(0x[a-f0-9A-F]+){AFTER}", "HEX"),
    (rf"{BEFORE}([\-\+]?\d+){AFTER}", "NUM"),
    (r"(?<=executed cmd )(\".+?\")", "CMD"),
)
"""The masks of drain3's example configuration."""

FRESH_LOGS = 25


def ours(lines: Sequence[str]) -> int:
    from mcp_rag.logs.templates import TemplateMiner

    miner = TemplateMiner()
    collections.deque(miner.add_all(lines), maxlen=0)
    return len(miner.templates)


def drain3(lines: Sequence[str]) -> int:
    from drain3 import TemplateMiner
    from drain3.masking import MaskingInstruction
    from drain3.template_miner_config import TemplateMinerConfig

    config = TemplateMinerConfig()
    config.masking_instructions = [MaskingInstruction(pattern, name) for pattern, name in DRAIN_MASKS]
    miner = TemplateMiner(config=config)
    for line in lines:
        miner.add_log_message(line)
    return len(miner.drain.clusters)


def spent(work: Callable[[], Any], rounds: int) -> float:
    """Median CPU seconds."""
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return statistics.median(taken)


def logs_made_here(lines_wanted: int) -> list[list[str]]:
    """Logs of real lines of many tools, with other numbers in each repetition."""
    digits, made = random.Random(7), []
    golden = [path.read_text(errors="replace") for path in sorted(GOLDEN.iterdir()) if path.is_file()]
    while sum(map(len, made)) < lines_wanted:
        for text in golden:
            said = "".join(digits.choice("0123456789") if c.isdigit() else c for c in text)
            made.append([line for line in said.split("\n") if line.strip()])
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=Path, help="rows {log}, JSON lines, gzip or not")
    parser.add_argument("--lines", type=int, default=200_000, help="lines joined [200000]")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.logs:
        opening = gzip.open if asked.logs.suffix == ".gz" else open
        with opening(asked.logs, "rt", encoding="utf-8") as file:
            logs = [[line for line in json.loads(row)["log"].split("\n") if line.strip()] for row in file]
    else:
        logs = logs_made_here(asked.lines)
    joined = [line for log in logs for line in log][: asked.lines]
    cases = {
        f"{len(joined)} lines joined": [joined],
        f"{len(logs[:FRESH_LOGS])} logs, a fresh miner each": logs[:FRESH_LOGS],
    }
    rows = []
    for name, parts in cases.items():
        lines = sum(map(len, parts))
        rates = {
            miner.__name__: lines / spent(lambda m=miner, p=parts: [m(part) for part in p], asked.rounds)
            for miner in (ours, drain3)
        }
        rows.append({"case": name, "lines": lines, **rates, "ratio": rates["ours"] / rates["drain3"]})
    if asked.json:
        sys.stdout.writelines(json.dumps(row) + "\n" for row in rows)
        return
    print(f"{'lines a second, one core':36}{'mcp-rag':>12}{'drain3':>12}{'ratio':>8}")
    for row in rows:
        print(f"{row['case']:36}{row['ours']:12,.0f}{row['drain3']:12,.0f}{row['ratio']:8.1f}")


if __name__ == "__main__":
    main()
