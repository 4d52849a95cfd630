"""Documents → known issues: folders, Markdown, JSONL, JSON, CSV, plain text, HTML and Stack Exchange dumps."""

from mcp_rag.knowledge.documents.document import Document
from mcp_rag.knowledge.documents.reading import read_documents

__all__ = ["Document", "read_documents"]
