"""Secrets are masked before anything of a log is stored, shown or sent."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator

from mcp_rag.logs.redaction_rules import EMAIL, PRIVATE_KEY, SECRETS, SHAPES, SHORTEST_SHAPE, Found, Rule

LONGEST = 4_000
"""Longer texts are searched in pieces: some expressions of the rules take time in the square of what they search."""

_MASK = re.compile(r"<redacted:[a-z-]+>")
_KEY_MASK = "<redacted:private-key>"
_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_KEY_LINE = re.compile(r"(?:.*[\s|])?[A-Za-z0-9+/=]{40,}\s*$|\s*$|(?:.*\s)?(?:Proc-Type|DEK-Info|Version|Comment): ")
"""A line inside a private key, perhaps behind a time stamp; a key that never ends stops at the first other line."""
_LAST_KEY_LINE = re.compile(r"(?:.*[\s|])?[A-Za-z0-9+/=]{1,80}\s*$")
"""The rest of a key, right before its END."""

_ADDRESS = re.compile(
    r"(?<![\w.:])(?:(?:\d{1,3}\.){3}\d{1,3}(?!\.?\w)"
    r"|(?=[0-9A-Fa-f:]*\d)[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:]*(?![\w.:]))"
)


def _find_addresses(text: str) -> Iterator[Found]:
    for match in _ADDRESS.finditer(text):
        try:
            address = ipaddress.ip_address(match[0])
        except ValueError:
            continue
        if not (address.is_loopback or address.is_unspecified):  # they tell nobody apart, and a diagnosis needs them
            yield match.span()


ADDRESS = Rule("ip", (".", ":"), _find_addresses)


class Redactor:
    """Masks secrets as ``<redacted:kind>``; what is masked already stays as it is.

    Args:
        emails: whether e-mail addresses are masked.
        ips: whether IP addresses are, loopback ones aside.
        enabled: False lets everything through.
    """

    def __init__(self, emails: bool = True, ips: bool = False, enabled: bool = True) -> None:
        self._rules = (*SECRETS, *([EMAIL] if emails else []), *([ADDRESS] if ips else [])) if enabled else ()
        hinted: dict[str, list[int]] = {}
        for at, rule in enumerate(self._rules):
            for hint in rule.hints:
                hinted.setdefault(hint, []).append(at)
        self._hinted = tuple(hinted.items())
        self._unhinted = tuple(at for at, rule in enumerate(self._rules) if not rule.hints)

    def redact(self, text: str) -> str:
        """``text`` with its secrets masked; a text of several lines is treated as such."""
        if not self._rules:
            return text
        if "\n" in text:
            return "\n".join(self.redact_all(text.split("\n")))
        if "-----BEGIN " in text:
            text = PRIVATE_KEY.sub(_KEY_MASK, text)
        while (masked := "".join(map(self._pass_over, _pieces(text)))) != text:  # a mask may bare what stood beside it
            text = masked
        return text

    def redact_all(self, lines: Iterable[str]) -> list[str]:
        """As many lines, masked, private keys that run over several of them too."""
        given = list(lines)
        hidden = _lines_of_keys(given) if self._rules else set()
        return [_KEY_MASK if at in hidden else self.redact(line) for at, line in enumerate(given)]

    def _pass_over(self, text: str) -> str:
        lowered = text.lower()
        chosen = {at for hint, rules in self._hinted if hint in lowered for at in rules}
        if len(text) >= SHORTEST_SHAPE and SHAPES.search(text):
            chosen.update(self._unhinted)
        for at in sorted(chosen):
            rule = self._rules[at]
            text = _mask(text, rule.kind, rule.find(text))
        return text


def _pieces(text: str) -> Iterator[str]:
    start = 0  # Not cut off the text each time: of a line of 100 MB that would copy a terabyte.
    while len(text) - start > LONGEST:
        cut = text.rfind(" ", start + LONGEST // 2, start + LONGEST) + 1 or start + LONGEST
        yield text[start:cut]
        start = cut
    yield text[start:]


def _lines_of_keys(lines: list[str]) -> set[int]:
    """Indices of the lines between the BEGIN and END of private keys, as far as they look like a key's."""
    hidden: set[int] = set()
    for begin in (at for at, line in enumerate(lines) if "-----BEGIN " in line and _BEGIN.search(line)):
        at = begin + 1
        while at < len(lines) and _KEY_LINE.match(lines[at]):
            at += 1
        if at + 1 < len(lines) and _LAST_KEY_LINE.match(lines[at]) and _END.search(lines[at + 1]):
            at += 1
        hidden.update(i for i in range(begin + 1, at) if lines[i].strip())
    return hidden


def _mask(text: str, kind: str, found: Iterator[Found]) -> str:
    """``text`` with the spans masked that touch no mask and no span before them."""
    spans = sorted(set(found))
    if not spans:
        return text
    taken = [m.span() for m in _MASK.finditer(text)]
    parts, at = [], 0
    for start, end in spans:
        if start >= at and start < end and not any(start < right and left < end for left, right in taken):
            parts += [text[at:start], f"<redacted:{kind}>"]
            at = end
    return "".join([*parts, text[at:]])
