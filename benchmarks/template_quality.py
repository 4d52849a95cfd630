"""Template miners side by side on labelled lines: grouping accuracy, its F1 by groups, and lines a second.

    python benchmarks/template_quality.py                        on labelled logs made here
    python benchmarks/template_quality.py --labelled FOLDER      on FOLDER/*.jsonl, rows {"content": line, "template": label}
    python benchmarks/template_quality.py --json

GA is the share of lines whose group is exactly the labelled one, FGA the F1 of groups that are exactly right (Zhu et al.,
ICSE-SEIP 2019; Jiang et al., ISSTA 2024): means over the logs. Every miner runs untuned, one setting for all logs, drain3
with the masks of its own example. CPU time over all logs, a fresh miner each, after one that is not timed. A miner that is
not installed is left out; ``pip install --no-deps drain3==0.9.11 jsonpickle cachetools tipping logparser3 regex`` puts them
beside the rest. The logs made here are drawn from some forty statements: what is easy for all in them says nothing about
real ones.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import io
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Hashable, Sequence
from importlib.util import find_spec
from pathlib import Path

import templates

Labelling = Callable[[Sequence[str]], Sequence[Hashable]]

LINES_MADE, LOGS_MADE = 2000, 4

NAMES = (
    *("root", "admin", "deploy", "postgres", "jenkins", "guest", "nobody"),
    *("www-data", "svc_backup", "user1001", "node-7", "orders_db", "build2", "ci.runner"),
)
"""What accounts, services and tables are called; half of them look like any word."""

STATEMENTS = (
    "Accepted password for {name} from {ip} port {num} ssh2",
    "Failed password for invalid user {name} from {ip} port {num} ssh2",
    "Failed password for {name} from {ip} port {num} ssh2",
    "session opened for user {name} by (uid={num})",
    "session closed for user {name}",
    "Receiving block blk_{num} src: /{ip}:{num} dest: /{ip}:{num}",
    "PacketResponder {num} for block blk_{num} terminating",
    "Verification succeeded for blk_{num}",
    "worker {num} started in {float} s",
    "worker {num} stopped",
    "GET {path} HTTP/1.1 200 {num} {float}",
    "POST {path} HTTP/1.1 500 {num} {float}",
    "upstream timed out ({num}: Connection timed out) while connecting to upstream, client: {ip}",
    "job {uuid} queued at priority {num}",
    "job {uuid} finished: {num} records, {num} rejected",
    "cannot open {path}: No such file or directory",
    "cannot open {path}: Permission denied",
    "retrying in {num} ms (attempt {num} of 5)",
    "loaded {num} rules from {path}",
    "cache miss key={name}:{num} ttl={num}",
    "cache hit key={name}:{num} ttl={num}",
    "GC pause (young) {float}ms heap {num}M->{num}M",
    "checkpoint complete: wrote {num} buffers ({float}%)",
    'duplicate key value violates unique constraint "{name}_pkey"',
    'relation "{name}" does not exist at character {num}',
    "temperature of sensor {num} is {float} C",
    "link eth{num} is up at {num} Mbps",
    "link eth{num} is down",
    "out of memory: killed process {num} ({name}) total-vm:{num}kB",
    "pod {name}-{num} evicted: node had {num} Mi left",
    "pod {name}-{num} started on {ip}",
    "step {num} loss={float} lr={float}",
    "epoch {num} done in {float} s",
    "saved checkpoint {path}",
    "address 0x{hex} not mapped",
    "signature {hex}{hex} verified for {name}",
    "certificate of {name} expires in {num} days",
    "user {name} joined group {name}",
    "user {name} left group {name}",
    "certificate of {name} was renewed",
)


def made_here(seed: int) -> tuple[list[str], list[str]]:
    """Lines and their labels: statements of unequal frequency, each with values of its own."""
    chance = random.Random(seed)
    chosen = chance.sample(STATEMENTS, 30)
    weights = [chance.paretovariate(1) for _ in chosen]
    labels = chance.choices(chosen, weights, k=LINES_MADE)
    return [_filled(statement, chance) for statement in labels], labels


def _filled(statement: str, chance: random.Random) -> str:
    values = {
        "{name}": lambda: chance.choice(NAMES),
        "{ip}": lambda: ".".join(str(chance.randrange(256)) for _ in range(4)),
        "{num}": lambda: str(chance.randrange(10 ** chance.randint(1, 7))),
        "{float}": lambda: f"{chance.random() * 100:.2f}",
        "{path}": lambda: "/" + "/".join(chance.choices(("srv", "app", "data", "v1", "x9", "items"), k=3)),
        "{hex}": lambda: f"{chance.getrandbits(48):012x}",
        "{uuid}": lambda: "-".join(f"{chance.getrandbits(4 * n):0{n}x}" for n in (8, 4, 4, 4, 12)),
    }
    for name, make in values.items():
        while name in statement:
            statement = statement.replace(name, make(), 1)
    return statement


def labelled(folder: Path) -> list[tuple[list[str], list[str]]]:
    """The logs of a folder."""
    logs = []
    for path in sorted(folder.glob("*.jsonl")):
        rows = [json.loads(row) for row in path.read_text("utf-8").split("\n") if row.strip()]
        logs.append(([row["content"].replace("\n", " ") for row in rows], [row["template"] for row in rows]))
    return logs


def ours(fast: bool) -> Labelling:
    def label(lines: Sequence[str]) -> list[Hashable]:
        from mcp_rag.logs.templates import TemplateMiner

        miner = TemplateMiner(fast=fast)
        mined = list(miner.add_all(lines))
        kept = miner.templates  # held: the identity of what is gone may be given again
        assert kept
        return [id(template.whole) for template in mined]

    return label


def drain3(lines: Sequence[str]) -> list[Hashable]:
    miner = templates.drain3_miner()
    return [miner.add_log_message(line)["cluster_id"] for line in lines]


def tipping(lines: Sequence[str]) -> list[Hashable]:
    import tipping

    return list(tipping.parse(list(lines))[0])


def brain(lines: Sequence[str]) -> list[Hashable]:
    """logparser3's, with two masks that suit every log; it reads a file and writes a table."""
    from logparser.Brain import LogParser
    from pandas import read_csv

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        Path(folder, "x.log").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        masks = [r"(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?", r"\b0x[0-9a-f]+\b"]
        LogParser("x", "<Content>", indir=folder, outdir=folder, threshold=4, delimeter=[], rex=masks).parse("x.log")
        table = read_csv(Path(folder, "x.log_structured.csv"))
    return list(table["EventId"])


def grouped(found: Sequence[Hashable], meant: Sequence[Hashable]) -> tuple[float, float]:
    """GA and FGA of a grouping of lines."""
    groups = []
    for labels in (found, meant):
        of = collections.defaultdict(list)
        for line, label in enumerate(labels):
            of[label].append(line)
        groups.append({tuple(lines) for lines in of.values()})
    same = groups[0] & groups[1]
    return sum(map(len, same)) / len(meant), 2 * len(same) / (len(groups[0]) + len(groups[1]))


def scored(miner: Labelling, logs: Sequence[tuple[list[str], list[str]]]) -> dict[str, float]:
    miner(logs[0][0][:100])
    figures, spent = [], 0.0
    for lines, meant in logs:
        templates.forget()
        begun = time.process_time()
        found = miner(lines)
        spent += time.process_time() - begun
        figures.append(grouped(found, meant))
    return {
        "ga": statistics.mean(ga for ga, _ in figures),
        "fga": statistics.mean(fga for _, fga in figures),
        "lines_a_second": sum(len(lines) for lines, _ in logs) / spent,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labelled", type=Path, help="a folder of labelled logs")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    logs = labelled(asked.labelled) if asked.labelled else [made_here(seed) for seed in range(LOGS_MADE)]
    if not logs:
        parser.error(f"no *.jsonl in {asked.labelled}")
    miners: dict[str, Labelling] = {"mcp-rag": ours(False)}
    others = (
        ("mcp-rag [fast]", "numba", ours(True)),
        ("drain3", "drain3", drain3),
        ("tipping", "tipping", tipping),
        ("logparser3 Brain", "logparser", brain),
    )
    miners |= {name: miner for name, module, miner in others if find_spec(module)}
    rows = [{"miner": name, **scored(miner, logs)} for name, miner in miners.items()]
    if asked.json:
        for row in rows:
            print(json.dumps(row))
        return
    print(f"{len(logs)} labelled logs, {sum(len(lines) for lines, _ in logs)} lines")
    print(f"{'':20}{'GA':>8}{'FGA':>8}{'lines/s':>12}")
    for row in rows:
        print(f"{row['miner']:20}{row['ga']:8.3f}{row['fga']:8.3f}{row['lines_a_second']:12,.0f}")


if __name__ == "__main__":
    main()
