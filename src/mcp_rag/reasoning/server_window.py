"""How long a prompt a served model takes, and how it counts tokens: asked of vLLM, llama.cpp, Ollama and LM Studio.

What a server does not say is estimated. Nothing here is retried: an answer that is none says nothing, and who does not
answer one question in time is asked no other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mcp_rag.reasoning.chat import UNKNOWN_WINDOW, Window, estimated_tokens

if TYPE_CHECKING:
    import httpx

SECONDS_TO_ASK = 5.0
"""For each question; servers answer them without the model. Chosen by eye."""

SECONDS_OF_ESTIMATES = 30.0
"""After a count that got no answer: a prompt asks for many. Chosen by eye."""

HOSTED_TOKENS = 32_768
"""For a server that speaks none of these dialects: a cloud's, whose models take 128,000 tokens and more today. A longer
prompt than this is refused by none, and paid for by token. Chosen by eye."""

OLLAMA_DEFAULT = 4_096
"""What Ollama gives a model that it has yet to load, whatever the model could take; it cuts longer prompts off without
a word (https://docs.ollama.com/context-length)."""


class SilentServer(Exception):
    """A question got no answer in time, or nobody is there to ask."""


def ask_window(base_url: str, model: str, headers: Mapping[str, str], tokens: int = 0) -> Window:
    """The window of ``model`` at ``base_url``; ``tokens`` above 0 goes before what the server says of its length.

    Raises:
        SilentServer: it does not answer now.
    """
    import httpx

    place = base_url.removesuffix("/v1")
    with httpx.Client(headers=dict(headers), timeout=SECONDS_TO_ASK, trust_env=True) as client:
        told = next(((ask, found) for ask in _DIALECTS if (found := ask(client, place, base_url, model))), None)
        asked, length = told or (None, HOSTED_TOKENS)
        counted = _counts(client, place, model)
    count = _counter(place, model, headers, counted) if counted else estimated_tokens
    return Window(tokens or length, count, bounded=asked not in (None, _hosted))


def _vllm(client: httpx.Client, place: str, base_url: str, model: str) -> int | None:
    """vLLM's list of models says ``max_model_len``; SGLang's too."""
    return _listed(client, base_url, model, ("max_model_len",))


def _hosted(client: httpx.Client, place: str, base_url: str, model: str) -> int | None:
    """What other lists of models say, those of gateways to clouds among them."""
    return _listed(client, base_url, model, ("max_context_length", "context_length", "context_window"))


def _listed(client: httpx.Client, base_url: str, model: str, names: Sequence[str]) -> int | None:
    listed = _get(client, f"{base_url}/models").get("data")
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    mine = [row for row in rows if row.get("id") == model] or rows[:1]
    return next((found for row in mine for name in names if (found := _whole(row.get(name)))), None)


def _llama_cpp(client: httpx.Client, place: str, base_url: str, model: str) -> int | None:
    """What one of llama.cpp's slots takes."""
    told = _get(client, f"{place}/props")
    usual = told.get("default_generation_settings")
    return (_whole(usual.get("n_ctx")) if isinstance(usual, dict) else None) or _whole(told.get("n_ctx"))


def _lm_studio(client: httpx.Client, place: str, base_url: str, model: str) -> int | None:
    told = _get(client, f"{place}/api/v0/models/{model}")
    return _whole(told.get("loaded_context_length")) or _whole(told.get("max_context_length"))


def _ollama(client: httpx.Client, place: str, base_url: str, model: str) -> int | None:
    """The length that a loaded model has, else what its file or Ollama's default gives it."""
    loaded = _get(client, f"{place}/api/ps").get("models")
    for row in loaded if isinstance(loaded, list) else []:
        if isinstance(row, dict) and model in (row.get("name"), row.get("model")) and _whole(row.get("context_length")):
            return _whole(row.get("context_length"))
    shown = _post(client, f"{place}/api/show", {"model": model})
    if not isinstance(shown.get("model_info"), dict):
        return None
    own = [_whole(value) for name, value in shown["model_info"].items() if str(name).endswith(".context_length")]
    longest = next((length for length in own if length), UNKNOWN_WINDOW)
    return min(longest, next(_set_lengths(shown), OLLAMA_DEFAULT))


def _set_lengths(shown: Mapping[str, Any]) -> Iterator[int]:
    """``num_ctx`` as the model's file sets it."""
    for line in str(shown.get("parameters") or "").splitlines():
        name, _, value = line.strip().partition(" ")
        if name == "num_ctx" and value.strip().isdigit():
            yield int(value)


_DIALECTS = (_vllm, _llama_cpp, _ollama, _lm_studio, _hosted)


def _counts(client: httpx.Client, place: str, model: str) -> Callable[[str], dict[str, Any]] | None:
    """The body by which this server counts the tokens of a text; None when it does not."""
    bodies: tuple[Callable[[str], dict[str, Any]], ...] = (
        lambda text: {"content": text},
        lambda text: {"model": model, "prompt": text},
    )
    for body in bodies:
        if _counted(_post(client, f"{place}/tokenize", body("a b c"))):
            return body
    return None


def _counter(
    place: str, model: str, headers: Mapping[str, str], body: Callable[[str], dict[str, Any]]
) -> Callable[[str], int]:
    """Tokens of a text as the server's own tokenizer counts them; as estimated while it does not answer."""
    estimated_until = 0.0

    def count(text: str) -> int:
        import httpx

        nonlocal estimated_until
        if time.monotonic() < estimated_until:
            return estimated_tokens(text)
        with httpx.Client(headers=dict(headers), timeout=SECONDS_TO_ASK, trust_env=True) as client:
            try:
                return _counted(_post(client, f"{place}/tokenize", body(text))) or estimated_tokens(text)
            except SilentServer:
                estimated_until = time.monotonic() + SECONDS_OF_ESTIMATES
                return estimated_tokens(text)

    return count


def _counted(told: Mapping[str, Any]) -> int | None:
    tokens = told.get("tokens")
    return _whole(told.get("count")) or (len(tokens) if isinstance(tokens, list) and tokens else None)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _get(client: httpx.Client, url: str) -> dict[str, Any]:
    return _told(client, "GET", url, None)


def _post(client: httpx.Client, url: str, body: dict[str, Any]) -> dict[str, Any]:
    return _told(client, "POST", url, body)


def _told(client: httpx.Client, method: str, url: str, body: dict[str, Any] | None) -> dict[str, Any]:
    import httpx

    try:
        response = client.request(method, url, json=body)
        answer = response.json() if response.is_success else {}
    except (httpx.TimeoutException, httpx.ConnectError) as fault:
        raise SilentServer from fault
    except (httpx.HTTPError, ValueError):
        return {}  # says nothing
    return answer if isinstance(answer, dict) else {}
