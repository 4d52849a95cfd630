"""What the gate goes by, and what it writes to."""

from __future__ import annotations

from dataclasses import dataclass

from mcp_rag.faces.serving.access import Access
from mcp_rag.faces.serving.auditing import Audit
from mcp_rag.faces.serving.metrics import Metrics
from mcp_rag.faces.serving.rates import Rates


@dataclass(frozen=True, slots=True)
class Desk:
    """Of one server process."""

    access: Access
    rates: Rates
    audit: Audit
    metrics: Metrics
