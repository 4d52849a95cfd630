"""A process that writes to, or searches, an embedded index: ``python index_writer.py HOME WHAT NAME BATCHES``.

It says ``ready`` when it is open, then a line for each batch when the index has taken it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from mcp_rag.knowledge.index import IndexEntry, IndexQuery
from mcp_rag.knowledge.milvus import MilvusConnection, MilvusIndex

DIMENSION = 32
ROWS = 50


def vector_of(number: int) -> np.ndarray:
    vector = np.random.default_rng(number).standard_normal(DIMENSION).astype(np.float32)
    return vector / np.linalg.norm(vector)


def batch_of(name: str, number: int) -> list[IndexEntry]:
    """The entries of a batch: fresh keys, and ``ROWS`` keys of ``name`` that every batch writes over."""
    fresh = [f"{name}-{number}-{row}" for row in range(ROWS)]
    again = [f"{name}-again-{row}" for row in range(ROWS)]
    vector = vector_of(number)
    return [
        IndexEntry(key, name, "python", "p", f"batch{number} {key}", f"batch{number}", vector, vector)
        for key in fresh + again
    ]


def write(index: MilvusIndex, name: str, batches: int) -> None:
    for number in range(batches):
        index.upsert(batch_of(name, number))
        print(number, flush=True)


def search(index: MilvusIndex, times: int) -> None:
    for number in range(times):
        hits = index.search([IndexQuery(dense=vector_of(0), tokens="batch0", limit=1000)])[0]
        print(number, len(hits["dense"]), len(hits["bm25"]), flush=True)


def main() -> None:
    home, what, name, times = sys.argv[1:]
    with MilvusIndex(MilvusConnection(home=Path(home)), "crash", "m", DIMENSION) as index:
        index.status()
        print("ready", flush=True)
        if what == "write":
            write(index, name, int(times))
        else:
            search(index, int(times))


if __name__ == "__main__":
    main()
