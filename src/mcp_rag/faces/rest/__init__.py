"""The assistant over HTTP: REST under ``/v1``, and MCP at ``/mcp``."""
