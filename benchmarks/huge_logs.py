"""Finding one early failure in a huge log, beside grep looking for words of failure in the same log, in one run.

    python benchmarks/huge_logs.py                    a log of one gigabyte, made here
    python benchmarks/huge_logs.py --gigabytes 5
    python benchmarks/huge_logs.py --json

Whole processes, one after the other in turns, their CPU time, median of ``--rounds``; peak memory as the system
counts it. grep, in the
byte locale, only says which lines hold one of four words: it is the limit, and no peer in what is found.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

FAILURE = """Traceback (most recent call last):
  File "/srv/train.py", line 31, in step
    loss = head(hidden)
ValueError: bad shape (3, 4) for block 17
"""
FAILED_AT = 100_000
"""Lines before the only failure; all that follow are of a run that goes on."""

EXTRACT = [sys.executable, "-m", "mcp_rag", "extract", "--json"]
GREP = ["grep", "-n", "-i", "-E", "error|fail|fatal|traceback"]
WORDS = (
    "error|fail|fatal|traceback|exception|panic|abort|denied|refused|undefined|cannot|unable|invalid|missing|timeout"
    "|killed|segfault|corrupt|unexpected|critical"
)
RIPGREP = ["rg", "-c", "-i", WORDS]
"""Counts lines that hold one of twenty words; measured where ripgrep is installed."""


def make_log(path: Path, size: int) -> int:
    """Write a log of about ``size`` bytes; returns the number of its lines."""
    chance = random.Random(7)
    lines = []
    for number in range(FAILED_AT):
        place, rate = number % 97, chance.random()
        lines.append(
            (
                f"2026-11-24T10:{number // 60 % 60:02}:{number % 60:02}Z INFO worker-{place} step {number} loss={rate:.4f}",
                f"[{place:02}] GET /api/items/{number} 200 {rate * 9:.3f} ms",
                f"DEBUG {place}: cache hit key=user:{number} ratio={rate:.2f}",
            )[number % 3]
        )
    block = ("\n".join(lines) + "\n").encode()
    written = 1
    with path.open("wb") as file:
        file.write(block + FAILURE.encode())
        while file.tell() < size:
            file.write(block)
            written += 1
    return written * FAILED_AT + FAILURE.count("\n")


def run(command: list[str], log: Path) -> tuple[float, float, str]:
    """CPU seconds, peak megabytes, output."""
    with subprocess.Popen([*command, str(log)], stdout=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"}) as process:
        assert process.stdout is not None
        out = process.stdout.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mcp-rag-bench-") as folder:
        log = Path(folder, "huge.log")
        lines = make_log(log, int(asked.gigabytes * 1e9))
        size = log.stat().st_size
        programs = {"mcp-rag extract": EXTRACT, "grep -n -i -E": GREP}
        if shutil.which("rg"):
            programs["rg -c -i, 20 words"] = RIPGREP
        measured: dict[str, list[tuple[float, float, str]]] = {name: [] for name in programs}
        for _ in range(asked.rounds):
            for name, command in programs.items():
                measured[name].append(run(command, log))
    spans = json.loads(measured["mcp-rag extract"][0][2])["spans"]
    found = any(span["first"] <= FAILED_AT + 4 <= span["last"] for span in spans[:1])
    rows = []
    for name, runs in measured.items():
        seconds = statistics.median(taken for taken, _, _ in runs)
        peak = max(memory for _, memory, _ in runs)
        rows.append(
            {"program": name, "seconds": seconds, "megabytes_a_second": size / 1e6 / seconds, "peak_megabytes": peak}
        )
    summary = {"bytes": size, "lines": lines, "failure_found_first": found, "rounds": asked.rounds}
    if asked.json:
        print(json.dumps({**summary, "programs": rows, "ratio": rows[0]["seconds"] / rows[1]["seconds"]}))
        return
    print(
        f"{size / 1e9:.1f} GB, {lines:,} lines, one failure at line {FAILED_AT + 4:,}; shown first: {'yes' if found else 'NO'}"
    )
    print(f"{'median of ' + str(asked.rounds):20}{'CPU s':>10}{'MB/s':>8}{'peak MB':>10}")
    for row in rows:
        print(f"{row['program']:20}{row['seconds']:10.2f}{row['megabytes_a_second']:8.0f}{row['peak_megabytes']:10.0f}")
    for row in rows[1:]:
        print(f"mcp-rag takes {rows[0]['seconds'] / row['seconds']:.1f} times as long as {row['program']}")


if __name__ == "__main__":
    main()
