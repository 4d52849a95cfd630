"""The shape that an answer is asked in: bounded where the server takes bounds, by what the very prompt gives."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from mcp_rag.reasoning.chat import Message, Window
from mcp_rag.reasoning.composing import compose
from mcp_rag.reasoning.grounding import ground, is_whole, says_more
from mcp_rag.reasoning.prompting import write_prompt
from mcp_rag.reasoning.scripted_chat import ScriptedChat
from mcp_rag.reasoning.shaping import SCHEMA, STEP_CHARACTERS, schema_for
from mcp_rag.reasoning.wording import word
from mcp_rag.records import Diagnosis, Evidence, Excerpt, Incident, KnownIssue, Span

BOUNDED = Window(8_192, bounded=True)
ISSUE = KnownIssue(
    "pool",
    "notes",
    "The pool is empty",
    cause="More workers than connections wait for the pool.",
    fix="Raise `pool_size` to the number of workers.",
    commands=("app config set pool_size 20",),
)
LINES = (Excerpt(3, "INFO start"), Excerpt(7, "PoolTimeout: no connection within 30 s"), Excerpt(8, "worker 4 exits"))
INCIDENT = Incident(
    "f" * 16, Span(3, 8, 1.0, "block", key=7), "PoolTimeout: no connection within 30 s", "", excerpt=LINES
)


def diagnosis(*, match: bool = True) -> Diagnosis:
    return compose("x", INCIDENT, [INCIDENT.span], [Evidence(ISSUE, 1.0, 0.9, match, lines=(7,))])


def shape(given: Diagnosis, window: Window = BOUNDED) -> dict[str, Any]:
    parts: dict[str, Any] = schema_for(write_prompt(given, window), window)["properties"]
    return parts


def test_a_server_that_may_refuse_bounds_gets_the_same_schema_for_every_question() -> None:
    assert schema_for(write_prompt(diagnosis(), Window()), Window()) is SCHEMA


def test_nothing_can_be_cited_or_commanded_but_what_the_prompt_gives() -> None:
    parts = shape(diagnosis())
    cause = parts["cause"]["properties"]
    assert cause["lines"]["items"] == {"type": "integer", "enum": [3, 7, 8]}
    assert cause["issues"]["items"] == {"type": "string", "enum": ["notes/pool"]}
    assert parts["commands"]["items"]["enum"] == ["app config set pool_size 20"]
    assert parts["fix"]["maxItems"] > 0


def test_without_a_known_issue_there_is_no_room_for_a_fix() -> None:
    parts = shape(diagnosis(match=False))
    assert parts["fix"]["maxItems"] == parts["commands"]["maxItems"] == 0
    assert parts["cause"]["properties"]["issues"] == {"type": "array", "items": {"type": "string"}, "maxItems": 0}


@pytest.mark.parametrize("answer", [150, 300, 800])
def test_a_text_of_the_greatest_length_ends_before_the_answer_does(answer: int) -> None:
    parts = shape(diagnosis(), replace(BOUNDED, answer=answer))
    texts = [parts["cause"]["properties"]["text"]["maxLength"], parts["cannot_tell"]["maxLength"]]
    texts += [STEP_CHARACTERS] * parts["fix"]["maxItems"]
    assert sum(texts) / 3 < answer, "at three characters a token, its frame of JSON aside"


def test_lines_that_were_cut_from_the_prompt_cannot_be_cited() -> None:
    short = replace(BOUNDED, characters=500)
    data = json.loads(write_prompt(diagnosis(), short)[-1].content)
    given = [line["line"] for line in data["incident"]["lines"]]
    assert shape(diagnosis(), short)["cause"]["properties"]["lines"]["items"]["enum"] == given
    assert len(given) < len(LINES)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Raise the pool's size", True),
        ("Raise `pool_size`", True),
        ("`pool_size` doesn't hold what `workers` need", True),
        ("undefined reference to `pool'", True),
        ("Write one of `a`, `b`,", False),
        ("Write `pool_si", False),
        ("Raise it (see the", False),
        ("Traceback (most recent call last):", False),
        ("and so on …", False),
    ],
)
def test_a_statement_that_was_cut_off_is_seen(text: str, whole: bool) -> None:
    assert is_whole(text) is whole


def test_a_text_as_long_as_its_bound_is_whole_only_if_its_sentence_ends() -> None:
    assert not is_whole("a" * 40, 40)
    assert is_whole("a" * 39 + ".", 40)
    assert is_whole("a" * 39, 40)


def test_what_repeats_one_text_says_no_more() -> None:
    assert not says_more("PoolTimeout: no connection", ["PoolTimeout: no connection within 30 s"])
    assert not says_more("", [])
    assert says_more("Four workers wait for connections", ["PoolTimeout: no connection", "worker 4 exits"])


def reply(cause: str, *, left_open: str = "", step: str = "") -> str:
    def statement(text: str) -> dict[str, object]:
        return {"text": text, "lines": [7], "issues": ["notes/pool"]}

    fix = [statement(step)] if step else []
    return json.dumps({"cause": statement(cause), "fix": fix, "commands": [], "cannot_tell": left_open})


@pytest.mark.parametrize(
    "cause",
    ["PoolTimeout: no connection within 30 s", "The pool is empty", "More workers than connections wait for the pool."],
    ids=["the message", "the title", "the known cause"],
)
def test_a_model_that_repeats_what_is_told_changes_nothing(cause: str) -> None:
    worded = word(diagnosis(), ScriptedChat(reply(cause, left_open=cause, step=cause)))
    assert worded == diagnosis()


def test_a_model_s_own_words_stand_before_the_known_cause_and_never_instead() -> None:
    said = "No connection came within 30 s, for more workers than connections wait for the pool."
    worded = word(diagnosis(), ScriptedChat(reply(said)))
    assert worded.cause is not None
    assert worded.cause.text == f"{said}\n\nFrom the known issue: {ISSUE.cause}"
    assert worded.worded_by == "scripted"


def test_a_model_that_repeats_itself_up_to_its_bound_is_not_shown() -> None:
    loop = "the pool waits for workers, " * 20
    asked: list[list[Message]] = []

    def cut(messages: Any) -> str:
        asked.append(list(messages))
        schema = schema_for(messages, BOUNDED)["properties"]
        longest = schema["cause"]["properties"]["text"]["maxLength"]
        return reply(loop[:longest].rstrip(", "), step=loop[:STEP_CHARACTERS], left_open="which of them waits,")

    worded = word(diagnosis(), ScriptedChat(cut, window=BOUNDED))
    assert len(asked) == 1
    assert worded.fix == diagnosis().fix
    assert not any("Left open" in note for note in worded.notes)


def test_a_reading_that_is_the_message_is_no_reading() -> None:
    unknown = diagnosis(match=False)
    assert word(unknown, ScriptedChat(reply("PoolTimeout: no connection within 30 s"))).notes == unknown.notes


def test_a_cut_off_cause_is_unsupported_by_the_schema_that_was_asked_by() -> None:
    schema = schema_for(write_prompt(diagnosis(), BOUNDED), BOUNDED)
    longest = schema["properties"]["cause"]["properties"]["text"]["maxLength"]
    text = ("More workers than connections wait for the pool and " * 20)[:longest].rstrip()
    text += "x" * (longest - len(text))
    assert ground(reply(text), diagnosis()).cause.supported
    assert not ground(reply(text), diagnosis(), schema).cause.supported
