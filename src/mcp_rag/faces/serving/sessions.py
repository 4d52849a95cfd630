"""A browser's session: a signed cookie that names a row of the ledger, and tells nothing of the token behind it."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from functools import cached_property

from itsdangerous import BadData, URLSafeTimedSerializer

from mcp_rag.faces.serving.access import digest_of
from mcp_rag.ledger import Ledger, StoredToken

KEY = "web signing key"
SECONDS = 12 * 3600
"""How long a browser stays signed in: a working day. Chosen by eye."""


class Sessions:
    """Sessions of all servers of one ledger, which holds them and the key that signs their cookies."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @cached_property
    def key(self) -> str:
        """The secret, made by whichever server was first."""
        return self._ledger.state.set_once(KEY, secrets.token_urlsafe(32))

    def begin(self, token: str) -> str:
        """The cookie of a session that ``token`` opens. Neither token nor digest can be read from it, and whose token it
        is is asked anew with each request."""
        session = secrets.token_urlsafe(32)
        ends_at = datetime.now(UTC) + timedelta(seconds=SECONDS)
        self._ledger.sessions.begin(digest_of(session), digest_of(token), ends_at)
        return str(self._serializer.dumps(session))

    def named_in(self, cookie: str | None) -> str | None:
        """The session that a cookie names; None of a cookie that is too old or not ours, for which no ledger is asked."""
        try:
            return str(self._serializer.loads(cookie, max_age=SECONDS)) if cookie else None
        except BadData:
            return None

    def opened_by(self, session: str) -> tuple[str, StoredToken | None] | None:
        """The digest of the token that opened ``session``, and the token where the ledger has it; None when the session was
        ended.

        Raises:
            LedgerError: the ledger cannot be asked.
        """
        return self._ledger.sessions.opened_by(digest_of(session))

    def end(self, cookie: str | None) -> None:
        """End the session of a cookie, wherever else that cookie lies.

        Raises:
            LedgerError: the ledger cannot be written.
        """
        if session := self.named_in(cookie):
            self._ledger.sessions.end(digest_of(session))

    @cached_property
    def _serializer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.key, salt="mcp-rag-session")
