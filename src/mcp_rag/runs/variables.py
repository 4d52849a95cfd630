"""Which environment variables of a run may be remembered, and how: chosen by name, secrets never."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase

LONGEST_VALUE = 2_000
"""Characters of a value that are kept. Chosen by eye."""

_SECRET = re.compile(
    r"(?:^|_)(?:TOKENS?|SECRETS?|PASS|PASSWD|PASSWORDS?|PASSPHRASE|PWD|KEYS?|APIKEY|CREDENTIALS?|CREDS?|AUTH|COOKIES?"
    r"|SESSION|PAT|DSN|PRIVATE|CERT|SIGNATURE|LICENSE)(?:_|$)",
    re.IGNORECASE,
)
"""Words of a name whose value is never kept, whatever the setting lists; ``PWD`` is both a password and a folder."""


def chosen(environment: Mapping[str, str], names: Iterable[str], redact: Callable[[str], str]) -> Mapping[str, str]:
    """The variables of ``environment`` that fit one of ``names`` (``*`` and ``?`` as in a file's name), redacted."""
    patterns = [name.strip() for name in names if name.strip()]
    return {
        name: redact(value)[:LONGEST_VALUE]
        for name, value in sorted(environment.items())
        if not _SECRET.search(name) and any(fnmatchcase(name, pattern) for pattern in patterns)
    }
