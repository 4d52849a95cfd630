"""A chat's last message → what the assistant answers, as if it were a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mcp_rag.faces.serving.markdown import diagnosis_markdown, inline, issue_markdown, nearest_markdown
from mcp_rag.faces.serving.shared_house import SharedHouse
from mcp_rag.logs.source import LogSource
from mcp_rag.logs.sources import MemorySource

LINES_OF_A_LOG = 4
"""A message of so many lines is a log even when nothing in it failed; a shorter one is a question. Chosen by eye."""

HANDS_ON = 5
"""Known issues looked at for a question. Chosen by eye."""

QUESTION_CHARACTERS = 10_000
"""Of a question that are searched for: more is no question. As much as ``/v1/search`` takes."""

_CHINESE = re.compile(r"[一-鿿]")

WHAT_IT_DOES = {
    "en": "I find what failed in an error log, and its known cause and fix. Paste the log, or the error's message; "
    "I answer from known issues alone, and say so when none matches.",
    "zh": "我从错误日志中找出失败处，并给出已知的原因和解决办法。请粘贴日志或错误信息；"
    "我只依据已知问题回答，没有匹配时会如实说明。",
}

NEAR = 0.15
"""Confidence from which on an entry is named as near: of greetings and small talk the best are below 0.13. By eye."""

NOTHING_MATCHES = {"en": "No known issue answers that.", "zh": "没有已知问题回答这个问题。"}


def answer_message(house: SharedHouse, text: str, attached: Sequence[LogSource] = ()) -> str:
    """The answer in Markdown: a diagnosis of each log, the known issue that answers a question, or a word on what to do.

    Beside ``attached`` logs a text is read as one more log where it has a log's many lines; else it asks about them.
    It is in Chinese when the question is; of a log nobody can tell, and its labels are English.

    Raises:
        InputError: an attached log cannot be read, or is too large.
    """
    language = "zh" if _CHINESE.search(text) and text.count("\n") < LINES_OF_A_LOG else "en"
    if attached:
        return _answer_attached(house, text, attached, language)
    if not text.strip():
        return WHAT_IT_DOES[language]
    diagnosis = house.diagnose(MemorySource("message", text.encode("utf-8", "replace")))
    if diagnosis["verdict"] != "clean" or text.strip().count("\n") + 1 >= LINES_OF_A_LOG:
        return diagnosis_markdown(diagnosis, language)
    return _answer_question(house, text, language)


def _answer_attached(house: SharedHouse, text: str, attached: Sequence[LogSource], language: str) -> str:
    is_log = text.strip().count("\n") + 1 >= LINES_OF_A_LOG
    said = [MemorySource("message", text.encode("utf-8", "replace"))] if is_log else []
    answers = [(log.name, diagnosis_markdown(house.diagnose(log), language)) for log in (*attached, *said)]
    if len(answers) == 1:
        return answers[0][1]
    return "\n\n".join(f"## {inline(name)}\n\n{answer}" for name, answer in answers)


def _answer_question(house: SharedHouse, text: str, language: str) -> str:
    found = house.search(text[:QUESTION_CHARACTERS], HANDS_ON)
    if not found["match"]:
        nearest = nearest_markdown([one for one in found["results"] if one["confidence"] >= NEAR], language)
        return "\n\n".join(filter(None, [NOTHING_MATCHES[language], nearest, WHAT_IT_DOES[language]]))
    best: dict[str, Any] = found["results"][0]
    return issue_markdown(house.issue(f"{best['source']}/{best['id']}"))
