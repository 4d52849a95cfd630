"""A chat model behind any OpenAI-compatible server: vLLM, llama.cpp, Ollama, LM Studio, a cloud."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mcp_rag.errors import ChatMalformed, ChatUnreachable
from mcp_rag.reasoning.chat import MAX_ANSWER_TOKENS, Message, Reply, Tool, Window, answer_tokens
from mcp_rag.reasoning.openai_wire import Dialect, Stream, read_reply, refuse, write_body
from mcp_rag.reasoning.server_window import SECONDS_TO_ASK, SilentServer, ask_window

if TYPE_CHECKING:
    import httpx

ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.5
RETRIED_STATUS = frozenset({408, 409, 429, 500, 502, 503, 504})
"""Answers that a second try may change, as OpenAI's own client has it
(https://github.com/openai/openai-python#retries)."""

ADAPTATIONS = 5
"""So often is a request written anew for what a server refuses of it: there are five such things."""

MAX_REPLY_BYTES = 1_000_000
"""A babbling server is cut off here; a diagnosis is a few kilobytes. Chosen by eye."""


class OpenAIChat:
    """One model of one server. ``timeout_seconds`` bounds a whole call, its retries included.

    ``window_tokens`` goes before what the server says of its context; 0 asks it. ``narrow`` makes of what the server says
    what this model is to be given.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str = "",
        timeout_seconds: float = 60.0,
        window_tokens: int = 0,
        narrow: Callable[[Window], Window] | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._model = model
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._timeout_seconds = timeout_seconds
        self._window_tokens = window_tokens
        self._narrow = narrow or (lambda window: window)
        self._window: Window | None = None
        self._dialect = Dialect()

    @property
    def name(self) -> str:
        return self._model or self._base_url

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Reply:
        """Ask for one completion; a server that refuses a part of the request is asked again without it."""
        with self._calling() as call:
            self._know_model(call)
            for _ in range(ADAPTATIONS):
                body = self._body(messages, schema=schema)
                status, content = call.send("POST", "/chat/completions", body)
                if status < 400:
                    return read_reply(_object(content), self._model)
                self._adapt(status, content, body)
        raise ChatMalformed(f"The language model at {self._base_url} refuses", "whatever is left out of the request")

    def stream(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), schema: Mapping[str, Any] | None = None
    ) -> Iterator[str | Reply]:
        """The same, piece by piece; only what comes before the first piece is tried again."""
        with self._calling() as call:
            self._know_model(call)
            for _ in range(ADAPTATIONS):
                body = self._body(messages, schema=schema, tools=tools, stream=True)
                with call.streaming("POST", "/chat/completions", body) as (response, refusal):
                    if response.status_code < 400:
                        yield from self._streamed(call, response)
                        return
                self._adapt(response.status_code, refusal, body)
        raise ChatMalformed(f"The language model at {self._base_url} refuses", "whatever is left out of the request")

    def window(self) -> Window:
        if self._window is None:
            try:
                with self._calling(min(self._timeout_seconds, SECONDS_TO_ASK)) as call:
                    self._know_model(call)
                asked = ask_window(self._base_url, self._model, self._headers, self._window_tokens)
            except (ChatMalformed, ChatUnreachable, SilentServer):
                # Asked again at the next call: what is assumed of a server that is away is not what it has.
                return self._narrow(Window(self._window_tokens) if self._window_tokens else Window())
            self._window = self._narrow(asked)
        return self._window

    def _body(
        self,
        messages: Sequence[Message],
        *,
        schema: Mapping[str, Any] | None = None,
        tools: Sequence[Tool] = (),
        stream: bool = False,
    ) -> dict[str, Any]:
        """The request; its answer no longer than a window that was asked for leaves, which some servers refuse."""
        longest = answer_tokens(self._window) if self._window else MAX_ANSWER_TOKENS
        return write_body(
            self._model,
            messages,
            self._dialect,
            schema=schema,
            tools=tools,
            stream=stream,
            answer_tokens=longest,
        )

    @contextmanager
    def _calling(self, seconds: float | None = None) -> Iterator[_Call]:
        import httpx

        with httpx.Client(headers=self._headers, trust_env=True) as client:
            yield _Call(client, self._base_url, seconds or self._timeout_seconds)

    def _know_model(self, call: _Call) -> None:
        """The model that the server serves, when the settings name none."""
        if self._model:
            return
        _, content = call.send("GET", "/models", None)
        try:
            self._model = str(_object(content)["data"][0]["id"])
        except (KeyError, IndexError, TypeError) as fault:
            raise ChatMalformed(
                f"{self._base_url} names no model", repr(fault), "Set MCP_RAG_CHAT_MODEL to the served model's name"
            ) from fault

    def _adapt(self, status: int, content: bytes, body: Mapping[str, Any]) -> None:
        """Go over to what the server takes, or raise what its refusal means."""
        said = content.decode("utf-8", "replace")
        try:
            refuse(self._base_url, status, said, tools="tools" in body)
        except ChatMalformed:
            adapted = self._dialect.adapted(said, body) if status in (400, 422) else None
            if adapted is None:
                raise
            self._dialect = adapted

    def _streamed(self, call: _Call, response: httpx.Response) -> Iterator[str | Reply]:
        if "json" in response.headers.get("content-type", ""):  # a server that does not stream
            reply = read_reply(_object(call.read(response)), self._model)
            yield from [reply.text] if reply.text else []
            yield reply
            return
        stream = Stream(self._model, self._base_url)
        yield from stream.pieces(call.lines(response))
        yield stream.reply


class _Call:
    """One call of the model: its requests share a deadline and a ceiling of bytes."""

    def __init__(self, client: httpx.Client, base_url: str, timeout_seconds: float) -> None:
        self._client, self._base_url, self._timeout_seconds = client, base_url, timeout_seconds
        self._deadline = time.monotonic() + timeout_seconds

    def send(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, bytes]:
        """Status and content, with retries and backoff until the deadline.

        Raises:
            ChatUnreachable: with the last reason.
            ChatMalformed: the answer does not end.
        """
        reason = f"no answer within {self._timeout_seconds:g} s"
        for attempt in range(ATTEMPTS):
            wait = None
            try:
                with self._open(method, path, body) as response:
                    content = self.read(response)
                if response.status_code not in RETRIED_STATUS or _is_for_good(content):
                    return response.status_code, content
                reason, wait = _refusal(response.status_code, content), _retry_after(response)
            except _timed_out():
                break
            except _broken() as fault:
                reason = str(fault) or type(fault).__name__
            if not self._pause(attempt, wait):
                break
        raise self._unreachable(reason)

    @contextmanager
    def streaming(self, method: str, path: str, body: dict[str, Any]) -> Iterator[tuple[httpx.Response, bytes]]:
        """The opened response, and what it says when it refuses; what breaks later is ChatUnreachable at once."""
        reason, opened = f"no answer within {self._timeout_seconds:g} s", False
        for attempt in range(ATTEMPTS):
            wait = None
            try:
                with self._open(method, path, body) as response:
                    content = self.read(response) if response.status_code >= 400 else b""
                    if response.status_code not in RETRIED_STATUS or _is_for_good(content):
                        opened = True
                        yield response, content
                        return
                    reason, wait = _refusal(response.status_code, content), _retry_after(response)
            except _timed_out():
                break
            except _broken() as fault:
                reason = str(fault) or type(fault).__name__
                if opened:
                    break
            if not self._pause(attempt, wait):
                break
        raise self._unreachable(reason)

    def _open(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        return self._client.stream(method, self._base_url + path, json=body, timeout=self._left())

    def _left(self) -> float:
        import httpx

        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpx.ReadTimeout("the deadline has passed")
        return left

    def read(self, response: httpx.Response) -> bytes:
        """All of an answer, read piece by piece, so that a slow or endless one ends at the deadline or the ceiling."""
        content = bytearray()
        for piece in response.iter_bytes():
            content += piece
            self._within(len(content))
        return bytes(content)

    def lines(self, response: httpx.Response) -> Iterator[str]:
        """The lines of an answer as they come, under the same bounds."""
        taken, rest = 0, b""
        for piece in response.iter_bytes():
            taken += len(piece)
            self._within(taken)
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield line.decode("utf-8", "replace").rstrip("\r")
        if rest:
            yield rest.decode("utf-8", "replace")

    def _within(self, taken: int) -> None:
        if taken > MAX_REPLY_BYTES:
            raise ChatMalformed(
                f"The answer of {self._base_url} does not end", f"more than {MAX_REPLY_BYTES} bytes came"
            )
        self._left()

    def _pause(self, attempt: int, wait: float | None) -> bool:
        """Wait before the next attempt, as long as the server asks; False when there is none."""
        pause = FIRST_PAUSE_SECONDS * 2**attempt if wait is None else wait
        if attempt + 1 == ATTEMPTS or time.monotonic() + pause >= self._deadline:
            return False
        time.sleep(pause)
        return True

    def _unreachable(self, reason: str) -> ChatUnreachable:
        return ChatUnreachable(
            f"The language model at {self._base_url} does not answer", reason, "Check that the server runs"
        )


def _timed_out() -> type[Exception]:
    import httpx

    return httpx.TimeoutException


def _broken() -> type[Exception]:
    import httpx

    return httpx.HTTPError


def _refusal(status: int, content: bytes) -> str:
    return f"it answers {status}: {content.decode('utf-8', 'replace')[:200]}"


def _is_for_good(content: bytes) -> bool:
    """Whether a second try cannot change it: some servers answer a prompt that is too long, or tools, by 500."""
    said = content[:2_000].lower()
    return b"context" in said or b"tool" in said or b"insufficient_quota" in said


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait (RFC 9110, 10.2.3); None when it does not say."""
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    said = response.headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(said))
    except ValueError:
        pass  # then it is a date, or nothing
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _object(content: bytes) -> dict[str, Any]:
    import json

    try:
        answer = json.loads(content)
    except ValueError as fault:
        raise ChatMalformed(
            "The language model's server did not answer in JSON", content[:120].decode("utf-8", "replace")
        ) from fault
    return answer if isinstance(answer, dict) else {}
