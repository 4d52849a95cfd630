"""What the REST and MCP faces share: the open house, its answers' schemas, and who may ask."""
