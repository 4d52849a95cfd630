"""Answers kept short enough for a model to read, and honest about what was left out."""

from __future__ import annotations

import json
from typing import Any

import orjson

DEFAULT_CHARACTERS = 12_000
"""Some 3,000 to 4,000 tokens: a diagnosis with its evidence fits whole in nearly all cases. Chosen by eye."""

FEWEST_CHARACTERS, MOST_CHARACTERS = 4_000, 200_000
"""A diagnosis shortened as far as it goes has up to 4,000 characters when all its texts are at their longest."""

STEPS = ((4_000, 100), (2_000, 50), (1_000, 30), (500, 20), (300, 10), (200, 5), (100, 3), (60, 2))
"""Longest text in characters and longest list, tried in this order. Chosen by eye."""

KEPT_WHOLE = frozenset({"key", "id", "source", "incident", "issue"})
"""Names, which a shortened one would not be."""

LONGEST_NAME = 500
"""A known issue's key holds the path of the project it comes from. Chosen by eye."""

OPEN_MAPS = frozenset({"versions", "applies_to"})
"""Package → version, as many as there are. Evidence has an object of two fields under the same name."""


def bounded(answer: dict[str, Any], most_characters: int) -> tuple[dict[str, Any], str]:
    """``answer`` within ``most_characters`` of JSON, with ``shortened`` saying what was cut; None when nothing was. And
    that JSON."""
    whole = {**answer, "shortened": None}
    text = as_text(whole)
    if len(text) <= most_characters:
        return whole, text
    for longest_text, longest_list in STEPS:
        note = (
            f"Shortened to fit {most_characters:,} characters: texts to {longest_text:,}, lists to their first "
            f"{longest_list}. Call again with a larger max_characters (up to {MOST_CHARACTERS:,}) to see more."
        )
        cut = {**_cut(answer, longest_text, longest_list), "shortened": note}
        text = as_text(cut)
        if len(text) <= most_characters:
            break
    return cut, text


def as_text(answer: dict[str, Any]) -> str:
    """The JSON that goes over the wire."""
    try:
        return orjson.dumps(answer).decode()
    except TypeError:  # half a pair of surrogates, which no UTF-8 can say
        return json.dumps(answer, separators=(",", ":"))


def _cut(value: Any, longest_text: int, longest_list: int, name: str = "") -> Any:
    if isinstance(value, str):
        return _cut_text(value, LONGEST_NAME if name in KEPT_WHOLE else longest_text)
    if isinstance(value, list):
        return [_cut(item, longest_text, longest_list) for item in value[:longest_list]]
    if isinstance(value, dict):
        items = list(value.items())[: longest_list if name in OPEN_MAPS else None]
        return {_cut_text(key, longest_text): _cut(item, longest_text, longest_list, key) for key, item in items}
    return value


def _cut_text(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text) - longest:,} more characters)"
