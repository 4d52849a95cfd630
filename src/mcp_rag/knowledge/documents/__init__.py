"""Documents → known issues: folders, Markdown, JSONL, CSV, plain text and HTML."""

from mcp_rag.knowledge.documents.document import Document
from mcp_rag.knowledge.documents.reading import read_documents

__all__ = ["Document", "read_documents"]
