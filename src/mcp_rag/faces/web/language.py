"""Which language a page speaks, and its words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = {"en": "English", "zh": "中文"}
"""Code → the language's own name; the first speaks where nothing else is asked for."""

DEFAULT = "en"


class Words:
    """The words of one language: ``words("home.title", n=3)``.

    A text may hold ``{name}`` for what is given by name, and two forms apart by ``|``: one for ``n`` = 1, one else.
    """

    def __init__(self, code: str, texts: Mapping[str, str], reasons: Sequence[tuple[str, str]] = ()) -> None:
        self.code, self._texts = code, texts
        self._reasons = [(re.compile(pattern), text) for pattern, text in reasons]

    def __call__(self, key: str, /, **given: Any) -> str:
        """Raises KeyError when there is no such text."""
        text = self._texts[key]
        if "n" in given and "|" in text:
            one, many = text.split("|", 1)
            text = one if given["n"] == 1 else many
        return text.format_map({name: self._shown(value) for name, value in given.items()}) if given else text

    def reason(self, text: str) -> str:
        """A sentence of the core, which speaks English: in this language if it is one that is known."""
        for pattern, said in self._reasons:
            if found := pattern.fullmatch(text):
                return said.format_map({name: value or "" for name, value in found.groupdict().items()})
        return text

    def known(self, key: str) -> bool:
        return key in self._texts

    def _shown(self, value: Any) -> Any:
        return f"{value:,}" if isinstance(value, int) else value

    def moment(self, at: datetime) -> str:
        """A time in UTC."""
        return self.day(at.astimezone(UTC).date()) + f" {at.astimezone(UTC):%H:%M}"

    def day(self, day: date) -> str:
        return f"{day.year}年{day.month}月{day.day}日" if self.code == "zh" else f"{day.day} {day:%b %Y}"


@cache
def words_of(code: str) -> Words:
    """The words of a language of :data:`LANGUAGES`."""
    file = resources.files("mcp_rag.faces.web") / "locales" / f"{code}.toml"
    sections = tomllib.loads(file.read_text(encoding="utf-8"))
    reasons = [(reason["en"], reason["said"]) for reason in sections.pop("reasons", [])]
    texts = {f"{section}.{name}": text for section, texts in sections.items() for name, text in texts.items()}
    return Words(code, texts, reasons)


def chosen(cookie: str | None, accepted: str | None) -> Words:
    """The words in the language that a cookie names, else that the ``Accept-Language`` header likes best."""
    if cookie in LANGUAGES:
        return words_of(cookie)
    return words_of(_most_liked(accepted or ""))


def _most_liked(accepted: str) -> str:
    liked: dict[str, float] = {}
    for part in accepted.split(","):
        tag, _, parameters = part.partition(";")
        code = tag.strip().lower().partition("-")[0]
        if code in LANGUAGES:
            liked[code] = max(liked.get(code, 0.0), _quality(parameters))
    return max(liked, key=lambda code: liked[code], default=DEFAULT) if any(liked.values()) else DEFAULT


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
