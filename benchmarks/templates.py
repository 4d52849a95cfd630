"""Template mining beside drain3 in one run: lines a second on one core, and the ratios.

The ``fast`` extra is measured where it is installed, with its compiled loops loaded; a whole process loads them itself.

    python benchmarks/templates.py                          on logs made here, from those of tests/golden
    python benchmarks/templates.py --logs rows.jsonl.gz     on rows {"log": text}
    python benchmarks/templates.py --json

CPU time, the median of ``--rounds``; three of them take ten minutes and more. drain3 gets the masks of its own
example configuration. It pins an old cachetools: ``pip install --no-deps drain3==0.9.11 jsonpickle cachetools`` puts
it beside the rest.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
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


WHOLE_PROCESS_LINES = 100_000


def plain(lines: Sequence[str]) -> int:
    return _mined(lines, fast=False)


def fast(lines: Sequence[str]) -> int:
    return _mined(lines, fast=True)


def _mined(lines: Sequence[str], *, fast: bool) -> int:
    from mcp_rag.logs.templates import TemplateMiner

    miner = TemplateMiner(fast=fast)
    collections.deque(miner.add_all(lines), maxlen=0)
    return len(miner.templates)


def forget() -> None:
    """What is remembered of words must not pass from one round to the next."""
    from mcp_rag.logs.templates import plain as plainly
    from mcp_rag.logs.templates import variables

    variables.MASKER.__init__()  # type: ignore[misc]
    plainly._TOKENS.clear()
    if "mcp_rag.logs.templates.lexicon" in sys.modules:
        sys.modules["mcp_rag.logs.templates.lexicon"].LEXICON.forget()


def drain3_miner() -> Any:
    """drain3's, with the masks of its example configuration."""
    from drain3 import TemplateMiner
    from drain3.masking import MaskingInstruction
    from drain3.template_miner_config import TemplateMinerConfig

    config = TemplateMinerConfig()
    config.masking_instructions = [MaskingInstruction(pattern, name) for pattern, name in DRAIN_MASKS]
    return TemplateMiner(config=config)


def drain3(lines: Sequence[str]) -> int:
    miner = drain3_miner()
    for line in lines:
        miner.add_log_message(line)
    return len(miner.drain.clusters)


def spent(work: Callable[[], Any], rounds: int) -> float:
    """Median CPU seconds."""
    taken = []
    for _ in range(rounds):
        forget()
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return statistics.median(taken)


def process_seconds(miner: str, lines: Sequence[str], rounds: int) -> float:
    """Median CPU seconds of a whole process that mines the lines of a file."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "lines.log")
        log.write_text("\n".join(lines), encoding="utf-8", errors="replace")
        code = f"import templates; templates.{miner}(open({str(log)!r}, encoding='utf-8').read().split(chr(10)))"
        taken = []
        for _ in range(rounds):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(taken)


def told(miners: Sequence[Callable[[Sequence[str]], int]], case: str) -> Iterator[Callable[[Sequence[str]], int]]:
    """Each miner, whose turn is told on standard error: drain3's takes minutes."""
    for miner in miners:
        print(f"{case}: {miner.__name__} …", file=sys.stderr, flush=True)
        yield miner


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
    parser.add_argument("--lines", type=int, help="lines joined [200000, of logs made here 50000]")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    asked.lines = asked.lines or (200_000 if asked.logs else 50_000)
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
    miners = [plain, *([fast] if find_spec("numba") else []), drain3]
    if fast in miners:
        fast(["load the compiled loops"])
    rows = []
    for name, parts in cases.items():
        lines = sum(map(len, parts))
        rates = {
            miner.__name__: lines / spent(lambda m=miner, p=parts: [m(part) for part in p], asked.rounds)
            for miner in told(miners, name)
        }
        rows.append({"case": name, "lines": lines, **rates})
    part = joined[:WHOLE_PROCESS_LINES]
    name = f"a whole process, {len(part)} lines"
    rates = {
        miner.__name__: len(part) / process_seconds(miner.__name__, part, asked.rounds) for miner in told(miners, name)
    }
    rows.append({"case": name, "lines": len(part), **rates})
    if asked.json:
        sys.stdout.writelines(json.dumps(row) + "\n" for row in rows)
        return
    names = [miner.__name__ for miner in miners]
    print(f"{'lines a second, one core':36}" + "".join(f"{name:>12}" for name in names) + "   times drain3")
    for row in rows:
        times = ", ".join(f"{name} {row[name] / row['drain3']:.1f}" for name in names[:-1])
        print(f"{row['case']:36}" + "".join(f"{row[name]:12,.0f}" for name in names) + f"   {times}")


if __name__ == "__main__":
    main()
