"""Tokens as estimated beside what served models' own tokenizers count: of golden logs and shipped known issues.

    python benchmarks/tokens.py http://127.0.0.1:8080/v1 …

What TOKENS_OF in `mcp_rag.reasoning.chat` rests on: the estimate that stands in for a server which does not count. Three
bytes a token, what is often taken, stands beside it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mcp_rag import librarian
from mcp_rag.reasoning.chat import PROMPT_CHARACTERS, estimated_tokens
from mcp_rag.reasoning.server_window import ask_window

LOGS = Path(__file__).parents[1] / "tests" / "golden" / "logs"
SMALLEST = 500
"""Bytes of a text that is counted: a few words say nothing of a prompt."""


def texts() -> Iterator[tuple[str, str]]:
    """(kind, text) of what prompts are made of, each as long as a prompt at most."""
    for log in sorted(LOGS.glob("*.log")):
        yield "logs", log.read_text(errors="replace")[-PROMPT_CHARACTERS:]
    for _, _, text in librarian.starter_files():
        yield "known issues", text[:PROMPT_CHARACTERS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("urls", nargs="+", help="Servers that count: llama.cpp's or vLLM's, with /v1 at the end.")
    for url in parser.parse_args().urls:
        count = ask_window(url, "", {}).count
        found: dict[str, list[tuple[float, float]]] = {}
        for kind, text in texts():
            size = len(text.encode())
            if size >= SMALLEST:
                counted = count(text)
                found.setdefault(kind, []).append((estimated_tokens(text) / counted, size / 3 / counted))
        for kind, ratios in sorted(found.items()):
            for name, values in zip(("estimate", "bytes / 3"), np.array(ratios).T, strict=True):
                least, low, middle, high = np.percentile(values, (0, 5, 50, 95))
                print(
                    f"{url}  {kind:12}  {name:9}  of {len(values)} texts {np.mean(values < 1):.1%} too short; estimated by "
                    f"counted: least {least:.2f}, 5 % below {low:.2f}, median {middle:.2f}, 95 % below {high:.2f}"
                )


if __name__ == "__main__":
    main()
