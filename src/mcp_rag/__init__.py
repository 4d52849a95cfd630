"""MCP-RAG: an error log in, the known cause and fix out, with its evidence or an honest *unknown*."""

__version__ = "0.1.0"
