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

    def may_try(self, token: str, address: str) -> bool:
        """Whether it is looked up who ``token`` belongs to: from an address of many wrong ones only what was right before.

        Others behind the same address go on with theirs so.
        """
        return not self.rates.is_shut_out(address) or self.access.has_let_in(token)
