"""Text that others wrote and that means a language model, not an engineer.

A log and a learned document are data, and whoever wrote a line of them may have written it for the model that reads it.
Such text is left out of what a model is given and of what is shown as cause or fix, and nothing that rests on it stands.
The check is a list of forms, so that it can miss one: what a statement may say is held against the evidence all the same
(``bearing.py``).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib import resources

LEFT_OUT = "[left out: text that addresses a language model]"

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Controls, joiners, direction marks, variation selectors and Unicode's tags: all that carries text nobody sees."""

_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")

_MODEL = r"(?:ai|llm|gpt|chat ?bot|assistants?|language models?|models?|agents?|copilot|claude|chatgpt|mcp[-_ ]?rag)"
_GIVEN = r"(?:instructions?|prompts?|directions?|guidelines?|rules?|orders?|context|messages?|messaging|safeguards?)"
_FILE = "hostile_forms.txt"
_LINES_ALONE = "[in a log]"
"""What follows it counts in a log alone; a known issue may hold links and an installer's own line, which its readers
review."""

_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])|\n")
LONGEST_LOOKED_AT = 20_000
"""Characters of a text that are looked at; longer ones are cut off before. No known issue is as long."""


TEXTS_REMEMBERED = 2_048
"""Whose answer is kept: the same entry is looked at for the prompt, for what it bears and for each statement. By eye."""


def plain(text: str) -> str:
    """``text`` as a person sees it: without colours, controls, direction marks and hidden characters."""
    return _UNSEEN.sub("", _SEQUENCE.sub("", text))


@lru_cache(maxsize=2)
def _forms(in_log: bool) -> re.Pattern[str]:
    written = resources.files("mcp_rag.reasoning").joinpath(_FILE).read_text(encoding="utf-8")
    everywhere, _, in_lines = written.partition(_LINES_ALONE)
    rows = (everywhere + in_lines if in_log else everywhere).splitlines()
    forms = [
        row.replace("{MODEL}", _MODEL).replace("{GIVEN}", _GIVEN) for row in rows if row and not row.startswith("# ")
    ]
    return re.compile("|".join(f"(?:{form})" for form in forms), re.IGNORECASE | re.MULTILINE)


def addresses_model(text: str, *, in_log: bool = False) -> bool:
    """Whether ``text`` has a form of what is written for a language model; also in look-alike letters, or unseen ones.

    ``in_log``: also links that a renderer would fetch, and what runs what it fetches.
    """
    return _has_form(text[:LONGEST_LOOKED_AT], in_log)


@lru_cache(maxsize=TEXTS_REMEMBERED)
def _has_form(text: str, in_log: bool) -> bool:
    forms = _forms(in_log)
    return bool(text) and bool(forms.search(text) or _is_smuggled(text) or forms.search(_folded(text)))


def muted(text: str, *, in_log: bool = False) -> str:
    """``text`` as a person sees it, each sentence that addresses a model replaced by ``LEFT_OUT``."""
    text = text[:LONGEST_LOOKED_AT]
    shown = plain(text)
    if not addresses_model(text, in_log=in_log):
        return shown
    pieces: list[str] = []
    start = 0
    for end in [*(found.end() for found in _SENTENCE.finditer(shown)), len(shown)]:
        pieces.append(_muted_sentence(shown[start:end], in_log))
        start = end
    kept = "".join(pieces)
    # What spans several sentences, or shows only in another form, takes the whole with it.
    rest = kept.replace(LEFT_OUT, "")
    return LEFT_OUT if addresses_model(rest, in_log=in_log) or LEFT_OUT not in kept else kept


def _muted_sentence(sentence: str, in_log: bool) -> str:
    if not addresses_model(sentence, in_log=in_log):
        return sentence
    trailing = sentence[len(sentence.rstrip()) :]
    return f"{LEFT_OUT}{trailing}"


def _is_smuggled(text: str) -> bool:
    """Whether it holds a word in Unicode's tags, or in letters strewn with unseen ones."""
    tags = sum("\U000e0020" <= character <= "\U000e007f" for character in text)
    return tags >= 4


def _folded(text: str) -> str:
    """Full-width, styled and look-alike letters as plain ones, unseen ones gone."""
    if text.isascii():
        return plain(text)
    tags = "".join(chr(ord(c) - 0xE0000) if "\U000e0020" <= c <= "\U000e007f" else c for c in text)
    bare = unicodedata.normalize("NFKC", plain(tags)).translate(_LOOK_ALIKE)
    return "".join(c for c in unicodedata.normalize("NFD", bare) if not unicodedata.combining(c))


_LOOK_ALIKE = str.maketrans("аеорсухіјѕһԁɡӏ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeopcyxijshdgl" + "ABEZHIKMNOPTYX")
"""Cyrillic and Greek letters that look like Latin ones."""
