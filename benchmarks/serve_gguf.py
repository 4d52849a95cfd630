"""Serve a GGUF file by llama.cpp's OpenAI-compatible server, in a process of its own, until Ctrl-C.

    pip install 'mcp-rag[embedded]'
    python benchmarks/serve_gguf.py /models/small.gguf [--context 8192]

Prints the URL for MCP_RAG_CHAT_BASE_URL, or for `mcp-rag evaluate diagnosis … --with URL`.
"""

from __future__ import annotations

import argparse
import signal
from pathlib import Path

from mcp_rag.inference.embedded import CONTEXT_TOKENS, EmbeddedServer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--context", type=int, default=CONTEXT_TOKENS, help="Tokens of a prompt and its answer.")
    given = parser.parse_args()
    server = EmbeddedServer(given.model, given.context)
    print(server.base_url, flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
