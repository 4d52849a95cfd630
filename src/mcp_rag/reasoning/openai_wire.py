"""What goes over the wire to an OpenAI-compatible server and what comes back, with the ways in which servers differ."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mcp_rag.errors import ChatMalformed, ChatUnreachable, ContextOverflow, ToolsUnsupported
from mcp_rag.reasoning.chat import MAX_ANSWER_TOKENS, Message, Reply, Tool, ToolCall

FORMATS = ("json_schema", "json_object", "")
"""Structured output from the strictest on: a server that refuses one is asked by the next. vLLM, llama.cpp, Ollama,
LM Studio and OpenAI take the first; older servers only the second, or none."""

_OVERFLOW = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context length|exceeds? the (available|model's) context"
    r"|context (length|size|window).{0,40}(exceed|overflow|too)|prompt is too long|longer than the (maximum model|context)"
    r"|input.{0,30}(too long|exceeds)",
    re.IGNORECASE,
)
_NO_TOOLS = re.compile(r"tool|function.?call|--jinja", re.IGNORECASE)
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_OPEN, _CLOSE = re.compile(r"<think(?:ing)?>"), re.compile(r"</think(?:ing)?>")
_LONGEST_MARK = len("</thinking>")


@dataclass(frozen=True, slots=True)
class Dialect:
    """What this server was found to take; it starts from what most do."""

    format: str = FORMATS[0]
    length: str = "max_tokens"
    temperature: bool = True
    usage: bool = True

    def adapted(self, refusal: str, body: Mapping[str, Any]) -> Dialect | None:
        """The dialect to try next after a server refused ``body`` with a 400 or 422; None when there is none."""
        if "max_completion_tokens" in refusal and self.length == "max_tokens":  # OpenAI's reasoning models
            return replace(self, length="max_completion_tokens")
        if "temperature" in refusal and self.temperature:
            return replace(self, temperature=False)
        if "stream_options" in refusal and self.usage:
            return replace(self, usage=False)
        if "response_format" in body:
            return replace(self, format=FORMATS[FORMATS.index(self.format) + 1])
        return None


def write_body(
    model: str,
    messages: Sequence[Message],
    dialect: Dialect,
    *,
    schema: Mapping[str, Any] | None = None,
    tools: Sequence[Tool] = (),
    stream: bool = False,
    answer_tokens: int = MAX_ANSWER_TOKENS,
) -> dict[str, Any]:
    """The request's body; what varies least stands first, for a server's prefix cache."""
    body: dict[str, Any] = {"model": model, "messages": [_turn(m) for m in messages], dialect.length: answer_tokens}
    if dialect.temperature:
        body["temperature"] = 0
    if schema is not None and dialect.format == "json_schema":
        form = {"name": "diagnosis", "schema": dict(schema), "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    elif schema is not None and dialect.format:
        body["response_format"] = {"type": dialect.format}
    if tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": t.name, "description": t.description, "parameters": dict(t.parameters)},
            }
            for t in tools
        ]
    if stream:
        body["stream"] = True
        if dialect.usage:
            body["stream_options"] = {"include_usage": True}
    return body


def _turn(message: Message) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.calls:
        turn["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.calls
        ]
    if message.call_id:
        turn["tool_call_id"] = message.call_id
    return turn


def refuse(place: str, status: int, said: str, *, tools: bool) -> None:
    """Raise what a refusal of a request means.

    Raises:
        ContextOverflow, ToolsUnsupported, ChatMalformed: by what the server said.
    """
    why = f"{status}: {said[:300]}"
    if _OVERFLOW.search(said):
        raise ContextOverflow(f"The messages are longer than the context of the model at {place}", why)
    if tools and status in (400, 404, 422, 500, 501) and _NO_TOOLS.search(said):
        raise ToolsUnsupported(f"The model at {place} takes no tools", why)
    raise ChatMalformed(f"The language model at {place} refuses", why)


def read_reply(answer: Mapping[str, Any], model: str) -> Reply:
    """A whole answer. Raises ChatMalformed when it holds no text."""
    try:
        choice = answer["choices"][0]
        message = choice["message"]
        content = message.get("content")
    except (KeyError, IndexError, TypeError, AttributeError) as fault:
        raise ChatMalformed("The language model's answer holds no message", repr(fault)) from fault
    calls = tuple(_call(number, call) for number, call in enumerate(message.get("tool_calls") or ()))
    text = _text_of(content)
    cut_off = choice.get("finish_reason") == "length"
    _needs_text(text, calls, cut_off, bool(message.get("reasoning_content") or message.get("reasoning")))
    spent = answer.get("usage")
    usage: Mapping[str, Any] = spent if isinstance(spent, dict) else {}
    return Reply(
        text=text,
        model=str(answer.get("model") or model),
        prompt_tokens=_number(usage.get("prompt_tokens")),
        completion_tokens=_number(usage.get("completion_tokens")),
        calls=calls,
        cut_off=cut_off,
    )


def _needs_text(text: str, calls: Sequence[ToolCall], cut_off: bool, thought: bool) -> None:
    if text or calls:
        return
    if cut_off:
        why = "it was still thinking" if thought else "it was cut off at its greatest length"
        raise ChatMalformed("The language model ended before it answered", why, "Serve it with less reasoning")
    raise ChatMalformed("The language model's answer holds no text")


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _call(number: int, call: Any) -> ToolCall:
    try:
        function = call["function"]
        arguments = function.get("arguments") or "{}"
        written = arguments if isinstance(arguments, str) else json.dumps(arguments)
        return ToolCall(str(call.get("id") or f"call-{number}"), str(function["name"]), written)
    except (KeyError, TypeError, AttributeError) as fault:
        raise ChatMalformed("The language model's tool call cannot be read", repr(fault)) from fault


def _text_of(content: object) -> str:
    """The text of a message, also of one in parts, without what the model thought aloud."""
    if isinstance(content, list):
        content = "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    if content is None:
        return ""
    if not isinstance(content, str):
        raise ChatMalformed("The language model's answer holds no text", repr(content)[:100])
    text = content
    if _CLOSE.search(text) and not _OPEN.search(text):  # templates that open the thought themselves
        text = _CLOSE.split(text)[-1]
    return _THOUGHT.sub("", text).strip()


class _Aloud:
    """Takes thinking aloud out of a stream of pieces, whose marks may be cut anywhere."""

    def __init__(self) -> None:
        self._held, self._thinking = "", False

    def take(self, piece: str) -> str:
        """What of all so far can be shown now."""
        self._held += piece
        shown = ""
        while True:
            found = (_CLOSE if self._thinking else _OPEN).search(self._held)
            if not found:
                break
            shown += "" if self._thinking else self._held[: found.start()]
            self._held, self._thinking = self._held[found.end() :], not self._thinking
        if self._thinking:
            self._held = self._held[-_LONGEST_MARK:]
            return shown
        mark = self._held.rfind("<", max(0, len(self._held) - _LONGEST_MARK))
        keep = len(self._held) if mark < 0 else mark
        shown, self._held = shown + self._held[:keep], self._held[keep:]
        return shown

    def rest(self) -> str:
        return "" if self._thinking else self._held


@dataclass
class Stream:
    """Server-sent events → pieces of text; ``reply`` is the whole when all events were taken."""

    model: str
    place: str
    text: str = ""
    _calls: dict[int, dict[str, str]] = field(default_factory=dict)
    _finish: str = ""
    _thought: bool = False
    _usage: Mapping[str, Any] = field(default_factory=dict)
    _done: bool = False

    def pieces(self, lines: Iterable[str]) -> Iterator[str]:
        """The shown pieces of the answer.

        Raises:
            ChatUnreachable: the stream ends before the answer does.
            ChatMalformed, ContextOverflow: what comes is no answer.
        """
        aloud = _Aloud()
        for line in lines:
            kind, _, data = line.partition(":")
            data = data.strip()
            if kind not in ("data", "error") or not data:
                continue
            if data == "[DONE]":
                self._done = True
                break
            piece = aloud.take(self._take(data))
            self.text += piece
            if piece:
                yield piece
        rest = aloud.rest()
        self.text += rest
        if rest:
            yield rest
        if not (self._done or self._finish):
            raise ChatUnreachable(f"The answer of {self.place} broke off", f"after {len(self.text)} characters")

    def _take(self, data: str) -> str:
        try:
            event = json.loads(data)
        except ValueError as fault:
            raise ChatMalformed("The language model's stream is not JSON", data[:120]) from fault
        if not isinstance(event, dict):
            raise ChatMalformed("The language model's stream holds no object", data[:120])
        if event.get("error") or ("message" in event and "choices" not in event):
            refuse(self.place, 200, data, tools=False)
        self.model = str(event.get("model") or self.model)
        usage = event.get("usage")
        self._usage = usage if isinstance(usage, dict) else self._usage
        choices = event.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            return ""
        self._finish = str(choices[0].get("finish_reason") or self._finish)
        delta = choices[0].get("delta")
        return self._of_delta(delta) if isinstance(delta, dict) else ""

    def _of_delta(self, delta: Mapping[str, Any]) -> str:
        self._thought = self._thought or bool(delta.get("reasoning_content") or delta.get("reasoning"))
        for place, part in enumerate(delta.get("tool_calls") or ()):
            if not isinstance(part, dict):
                continue
            call = self._calls.setdefault(_number(part.get("index", place)), {"id": "", "name": "", "arguments": ""})
            function = part.get("function")
            call["id"] = str(part.get("id") or call["id"])
            if isinstance(function, dict):
                call["name"] = str(function.get("name") or call["name"])
                call["arguments"] += str(function.get("arguments") or "")
        content = delta.get("content")
        return content if isinstance(content, str) else ""

    @property
    def reply(self) -> Reply:
        """The whole. Raises ChatMalformed when it holds neither text nor call."""
        calls = tuple(
            ToolCall(call["id"] or f"call-{number}", call["name"], call["arguments"] or "{}")
            for number, call in sorted(self._calls.items())
        )
        cut_off = self._finish == "length"
        _needs_text(self.text.strip(), calls, cut_off, self._thought)
        spent, made = _number(self._usage.get("prompt_tokens")), _number(self._usage.get("completion_tokens"))
        return Reply(self.text.strip(), self.model, spent, made, calls, cut_off)
