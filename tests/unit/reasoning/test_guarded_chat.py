"""Many callers, a failing server, two models, and what all that costs."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from mcp_rag.errors import ChatMalformed, ChatUnreachable, SettingsError
from mcp_rag.reasoning.chat import Message, Reply, Tool, Window, estimated_tokens
from mcp_rag.reasoning.choosing import is_hard
from mcp_rag.reasoning.guarded_chat import Breaker, GuardedChat
from mcp_rag.reasoning.pricing import price_of, read_prices
from mcp_rag.reasoning.scripted_chat import Script, ScriptedChat
from mcp_rag.records import Diagnosis, Evidence, KnownIssue, Span, Usage, Verdict

ASK = [Message("user", "why? " * 6)]
DOWN = ChatUnreachable("down")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def guarded(clock: Clock, *script: Script) -> tuple[GuardedChat, ScriptedChat, list[Usage]]:
    inner, told = ScriptedChat(*script), list[Usage]()
    return GuardedChat(inner, 1, 1.0, told.append, Breaker(2, 30.0, clock)), inner, told


def fail(chat: GuardedChat) -> None:
    with pytest.raises(ChatUnreachable):
        chat.complete(ASK)


def test_a_failing_server_is_left_in_peace_and_then_probed_once() -> None:
    clock = Clock()
    chat, inner, _ = guarded(clock, DOWN, DOWN, DOWN, "back", "still back")
    fail(chat)
    fail(chat)
    with pytest.raises(ChatUnreachable, match=r"is not asked.*failed 2 times.*in 30 s"):
        chat.complete(ASK)
    assert len(inner.asked) == 2, "open: it is not asked"
    clock.now = 31
    fail(chat)
    assert len(inner.asked) == 3, "half open: one probe"
    fail(chat)
    assert len(inner.asked) == 3, "which failed, so that it is open again"
    clock.now = 62
    assert chat.complete(ASK).text == "back"
    assert chat.complete(ASK).text == "still back"


def test_a_server_that_is_left_in_peace_is_not_asked_for_its_window_either() -> None:
    clock = Clock()
    inner = ScriptedChat(DOWN, window=Window(777))
    chat = GuardedChat(inner, 1, 1.0, breaker=Breaker(1, 30.0, clock))
    assert chat.window() == Window(777)
    fail(chat)
    assert chat.window() == Window()
    clock.now = 31
    assert chat.window() == Window(777)


def test_a_probe_is_made_by_one_caller_alone() -> None:
    clock = Clock()
    breaker = Breaker(1, 10.0, clock)
    breaker.enter("m")
    breaker.leave(answered=False)
    clock.now = 11
    breaker.enter("m")
    with pytest.raises(ChatUnreachable, match="another call"):
        breaker.enter("m")
    breaker.leave(answered=True)
    breaker.enter("m")


def test_an_unusable_answer_is_no_failure_of_the_server() -> None:
    chat, inner, told = guarded(Clock(), *[ChatMalformed("no JSON")] * 4)
    for _ in range(4):
        with pytest.raises(ChatMalformed):
            chat.complete(ASK)
    assert len(inner.asked) == 4
    assert [call.failed for call in told] == [True] * 4


def test_what_a_call_took_is_told_also_of_a_stream_and_estimated_where_nobody_counted() -> None:
    chat, _, told = guarded(Clock(), Reply("because", "m", 9, 4), Reply("because", "m"))
    chat.complete(ASK)
    list(chat.stream(ASK))
    counted, estimated = told
    assert (counted.prompt_tokens, counted.completion_tokens, counted.estimated) == (9, 4, False)
    assert (estimated.prompt_tokens, estimated.completion_tokens, estimated.estimated) == (10, 3, True)


class Breaking(ScriptedChat):
    """Says two pieces, and then its connection breaks."""

    def stream(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), schema: Mapping[str, Any] | None = None
    ) -> Iterator[str | Reply]:
        yield from ("because ", "of ")
        raise ChatUnreachable("The answer broke off")


def test_what_was_made_of_an_answer_that_nobody_waited_for_or_that_broke_off_is_told_too() -> None:
    told = list[Usage]()
    chat = GuardedChat(ScriptedChat("because of the numpy"), 1, 1.0, told.append)
    pieces = chat.stream(ASK)
    assert next(pieces) == "because "
    del pieces  # who asked went away
    with pytest.raises(ChatUnreachable):
        list(GuardedChat(Breaking(), 1, 1.0, told.append).stream(ASK))
    away, broken = told
    assert (away.completion_tokens, away.estimated, away.failed) == (estimated_tokens("because "), True, False)
    assert (broken.completion_tokens, broken.estimated, broken.failed) == (estimated_tokens("because of "), True, True)
    assert away.prompt_tokens == broken.prompt_tokens == 10


class Waiting:
    """Answers when it is let."""

    name = "waiting"

    def __init__(self) -> None:
        self.begun, self.let = threading.Event(), threading.Event()

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Reply:
        self.begun.set()
        assert self.let.wait(30)
        return Reply("because", "m", 1, 1)

    def stream(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), schema: Mapping[str, Any] | None = None
    ) -> Iterator[str | Reply]:
        yield self.complete(messages)

    def window(self) -> Window:
        return Window()


def test_who_gets_no_turn_in_time_is_told_that_it_is_busy() -> None:
    inner = Waiting()
    chat = GuardedChat(inner, 1, 0.05)
    thread = threading.Thread(target=chat.complete, args=(ASK,))
    thread.start()
    assert inner.begun.wait(30)
    with pytest.raises(ChatUnreachable, match="busy"):
        chat.complete(ASK)
    inner.let.set()
    thread.join()
    assert chat.complete(ASK).text == "because"


ISSUE = KnownIssue("i", "notes", "t")
SURE = Diagnosis("x", Verdict.KNOWN, 0.9, spans=(Span(1, 1, 1.0, "r"),), evidence=(Evidence(ISSUE, 1.0, 0.9, True),))


@pytest.mark.parametrize(
    ("diagnosis", "hard"),
    [
        (SURE, False),
        (Diagnosis("x", Verdict.UNKNOWN, 0.9), True),
        (replace(SURE, evidence=(*SURE.evidence, Evidence(ISSUE, 0.9, 0.8, False))), True),
        (replace(SURE, evidence=(replace(SURE.evidence[0], certain=True), Evidence(ISSUE, 0.9, 0.8, False))), False),
        (replace(SURE, spans=SURE.spans * 3), True),
        (Diagnosis("x", Verdict.CLEAN, 1.0), False),
    ],
    ids=["sure", "unknown", "low lead", "certain", "several spans", "clean"],
)
def test_what_makes_a_case_hard(diagnosis: Diagnosis, hard: bool) -> None:
    assert is_hard(diagnosis) is hard


def test_prices_are_read_and_a_wrong_one_is_named() -> None:
    prices = read_prices("small=0.15/0.6, a=b=1/2,*=0/0")
    assert price_of("small", prices).of(2_000_000, 1_000_000) == pytest.approx(0.9)  # type: ignore[union-attr]
    assert price_of("a=b", prices).of(1_000_000, 0) == 1  # type: ignore[union-attr]
    assert price_of("other", prices).of(5, 5) == 0  # type: ignore[union-attr]
    assert price_of("other", read_prices("")) is None
    for wrong in ("small", "small=1", "small=x/1", "=1/1", "m=-1/2"):
        with pytest.raises(SettingsError, match="is no price"):
            read_prices(wrong)
