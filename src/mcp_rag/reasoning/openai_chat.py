"""A chat model behind any OpenAI-compatible server: vLLM, llama.cpp, Ollama, LM Studio, a cloud."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mcp_rag.errors import ChatMalformed, ChatUnreachable
from mcp_rag.reasoning.chat import Message, Reply

if TYPE_CHECKING:
    import httpx

ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.5
RETRIED_STATUS = frozenset({408, 409, 429, 500, 502, 503, 504})
"""Answers that a second try may change, as OpenAI's own client has it
(https://github.com/openai/openai-python#retries)."""

MAX_ANSWER_TOKENS = 800
MAX_REPLY_BYTES = 1_000_000
"""A babbling server is cut off here; a diagnosis is a few kilobytes. Chosen by eye."""


class OpenAIChat:
    """One model of one server. ``timeout_seconds`` bounds a whole call, its retries included."""

    def __init__(self, base_url: str, model: str, api_key: str = "", timeout_seconds: float = 60.0) -> None:
        self._base_url = base_url.rstrip("/")
        self._model = model
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._timeout_seconds = timeout_seconds
        self._structured = True

    @property
    def name(self) -> str:
        return self._model or self._base_url

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Reply:
        """Ask for one completion; a server without structured output is asked again without it."""
        import httpx

        deadline = time.monotonic() + self._timeout_seconds
        with httpx.Client(headers=self._headers, trust_env=True) as client:
            if not self._model:
                self._model = self._first_model(client, deadline)
            body = self._body(messages, schema if self._structured else None)
            response = self._post(client, body, deadline)
            if response.status_code in (400, 422) and "response_format" in body:
                self._structured = False
                response = self._post(client, self._body(messages, None), deadline)
        return self._reply(response)

    def _body(self, messages: Sequence[Message], schema: Mapping[str, Any] | None) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            "temperature": 0,
            "max_tokens": MAX_ANSWER_TOKENS,
        }
        if schema is not None:
            form = {"name": "diagnosis", "schema": dict(schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        return body

    def _first_model(self, client: httpx.Client, deadline: float) -> str:
        """The model that the server serves, when the settings name none."""
        answer = _json(self._send(client, "GET", "/models", None, deadline))
        try:
            return str(answer["data"][0]["id"])
        except (KeyError, IndexError, TypeError) as fault:
            raise ChatMalformed(
                f"{self._base_url} names no model", repr(fault), "Set MCP_RAG_CHAT_MODEL to the served model's name"
            ) from fault

    def _post(self, client: httpx.Client, body: dict[str, Any], deadline: float) -> httpx.Response:
        return self._send(client, "POST", "/chat/completions", body, deadline)

    def _send(
        self, client: httpx.Client, method: str, path: str, body: dict[str, Any] | None, deadline: float
    ) -> httpx.Response:
        """Send with retries and backoff until the deadline; an answer, or ChatUnreachable with the last reason."""
        import httpx

        reason = f"no answer within {self._timeout_seconds:g} s"
        for attempt in range(ATTEMPTS):
            try:
                response = self._send_once(client, method, path, body, deadline)
                if response.status_code not in RETRIED_STATUS:
                    return response
                reason = f"it answers {response.status_code}: {response.text[:200]}"
            except httpx.TimeoutException:
                break
            except httpx.HTTPError as fault:
                reason = str(fault) or type(fault).__name__
            pause = FIRST_PAUSE_SECONDS * 2**attempt
            if attempt + 1 == ATTEMPTS or time.monotonic() + pause >= deadline:
                break
            time.sleep(pause)
        raise ChatUnreachable(
            f"The language model at {self._base_url} does not answer", reason, "Check that the server runs"
        )

    def _send_once(
        self, client: httpx.Client, method: str, path: str, body: dict[str, Any] | None, deadline: float
    ) -> httpx.Response:
        """One request, read piece by piece, so that a slow or endless answer ends at the deadline or the ceiling."""
        import httpx

        left = deadline - time.monotonic()
        if left <= 0:
            raise httpx.ReadTimeout("the deadline has passed")
        content = bytearray()
        with client.stream(method, self._base_url + path, json=body, timeout=left) as response:
            for piece in response.iter_bytes():
                content += piece
                if len(content) > MAX_REPLY_BYTES:
                    raise ChatMalformed(
                        f"The answer of {self._base_url} does not end", f"more than {MAX_REPLY_BYTES} bytes came"
                    )
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the deadline has passed")
            return httpx.Response(response.status_code, content=bytes(content), request=response.request)

    def _reply(self, response: httpx.Response) -> Reply:
        answer = _json(response)
        if response.status_code >= 400:
            raise ChatMalformed(
                f"The language model at {self._base_url} refuses", f"{response.status_code}: {response.text[:200]}"
            )
        try:
            text = answer["choices"][0]["message"]["content"]
        except (KeyError, IndexError, TypeError) as fault:
            raise ChatMalformed("The language model's answer holds no message", repr(fault)) from fault
        if not isinstance(text, str):
            raise ChatMalformed("The language model's answer holds no text", repr(text)[:100])
        usage = answer.get("usage") or {}
        return Reply(
            text=text,
            model=str(answer.get("model") or self._model),
            prompt_tokens=int(usage.get("prompt_tokens") or 0),
            completion_tokens=int(usage.get("completion_tokens") or 0),
        )


def _json(response: httpx.Response) -> Any:
    try:
        answer = response.json()
    except ValueError as fault:
        raise ChatMalformed("The language model's server did not answer in JSON", response.text[:120]) from fault
    return answer if isinstance(answer, dict) else {}
