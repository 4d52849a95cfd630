"""``python -m mcp_rag`` is ``mcp-rag``."""

from mcp_rag.faces.cli import main

if __name__ == "__main__":
    main()
