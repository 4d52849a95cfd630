"""How often one caller may ask."""

from __future__ import annotations

import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from mcp_rag.errors import SettingsError

WRONG_TOKENS = "60/minute"
"""From one address: a token of 256 random bits is not to be guessed, and the ledger is not to be busied. By eye."""


class Rates:
    """The rate of each caller of this process; with several replicas each counts for itself."""

    def __init__(self, rate: str) -> None:
        """Raises:
        SettingsError: ``rate`` is none.
        """
        try:
            self._rate: RateLimitItem = parse(rate)
        except ValueError as wrong:
            why = f"{rate!r} is no rate such as 600/minute or 20/second"
            raise SettingsError("The setting serve_rate cannot be used", why, "Set MCP_RAG_SERVE_RATE") from wrong
        self._wrong = parse(WRONG_TOKENS)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def wait_for_caller(self, team: str, name: str) -> int:
        """Count a request of a caller; the seconds that it should wait, 0 when it may ask now."""
        return self._wait(self._rate, f"{team}/{name}")

    def wait_for_address(self, address: str) -> int:
        """Count a wrong token from an address; the seconds until it may try the next, 0 when at once."""
        return self._wait(self._wrong, address)

    def is_shut_out(self, address: str) -> bool:
        """Whether an address has tried too many wrong tokens; counts nothing."""
        return not self._limiter.test(self._wrong, "address", address)

    def _wait(self, rate: RateLimitItem, key: str) -> int:
        kind = "address" if rate is self._wrong else "caller"
        if self._limiter.hit(rate, kind, key):
            return 0
        reset = self._limiter.get_window_stats(rate, kind, key).reset_time
        return max(1, math.ceil(reset - time.time()))
