"""Asks one API: with its token, within bounds of time and size, patient with what passes.

The token goes to the API's own origin. A redirect to elsewhere, as logs are stored elsewhere, is followed without it.
"""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from mcp_rag import __version__
from mcp_rag.errors import (
    NotFound,
    OversizedLog,
    RemoteBusy,
    RemoteError,
    RemoteRefused,
    RemoteUnreachable,
)

if TYPE_CHECKING:
    import httpx

TRIES = 4
"""A question is asked at most so often while the server stumbles. Chosen by eye."""

FIRST_PAUSE_SECONDS = 0.5
"""Doubled after each try. Chosen by eye."""

LONGEST_WAIT_SECONDS = 60.0
"""A rate limit that asks for a longer wait is an error: a person sits there. Chosen by eye."""

MOST_REDIRECTS = 5
"""As deep as any server's redirects go that store logs elsewhere. Chosen by eye."""

MOST_PAGES = 20
"""At a hundred entries each; a run has at most 256 jobs on GitHub. Chosen by eye."""

MOST_ANSWER_BYTES = 20_000_000
"""Ceiling of an answer in JSON. Chosen by eye."""

_STUMBLED = frozenset({500, 502, 503, 504})
_MOVED = frozenset({301, 302, 303, 307, 308})

Tell = Callable[[str], None]


class Api:
    """One server's API under ``base``, asked with ``headers``; a context manager.

    All methods raise RemoteUnreachable, RemoteRefused, RemoteBusy or NotFound, and RemoteError for any other answer
    that cannot be used. ``hint`` is what the user may do when the server refuses.
    """

    def __init__(
        self,
        base: str,
        headers: Mapping[str, str],
        hint: str,
        tell: Tell,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx

        self._base, self._hint, self._tell, self._wait = httpx.URL(base.rstrip("/") + "/"), hint, tell, wait
        self._headers = dict(headers)
        agent = {"user-agent": f"mcp-rag/{__version__}"}
        self._client = httpx.Client(headers=agent, timeout=httpx.Timeout(60, connect=15), follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, **params: Any) -> Any:
        """The JSON that the API answers with."""
        return self._page(self._base.join(path).copy_merge_params(params))[0]

    def pages(self, path: str, key: str = "", **params: Any) -> Iterator[dict[str, Any]]:
        """The entries of a list over all of its pages; ``key`` names the list inside the answer."""
        address: httpx.URL | None = self._base.join(path).copy_merge_params({"per_page": 100, **params})
        for _ in range(MOST_PAGES):
            if address is None:
                return
            answer, address = self._page(address)
            yield from self.list_in(answer, key)

    def download(self, path: str, into: BinaryIO, max_bytes: int) -> None:
        """Write what the API gives, as often redirected as it likes, into ``into``, which is emptied before.

        Raises:
            OversizedLog: it is larger than ``max_bytes`` once unpacked.
        """
        with self._asked(self._base.join(path)) as answer:
            into.seek(0)
            into.truncate()
            for chunk in self._body(answer):
                if into.tell() + len(chunk) > max_bytes:
                    why = f"it has more than {max_bytes:,} bytes"
                    raise OversizedLog(f"The log at {path} is too large", why, "Raise --max-log-bytes")
                into.write(chunk)

    def list_in(self, answer: Any, key: str) -> list[dict[str, Any]]:
        """The objects of the list ``key`` of an answer; of the answer itself where ``key`` is empty."""
        entries = answer.get(key) if key and isinstance(answer, dict) else answer
        if not isinstance(entries, list):
            raise self._unusable(f"there is no list of {key or 'entries'} in its answer")
        return [entry for entry in entries if isinstance(entry, dict)]

    def value_in(self, answer: Any, key: str) -> str:
        """The name or number ``key`` of an answer."""
        value = answer.get(key) if isinstance(answer, dict) else None
        if not isinstance(value, str | int):
            raise self._unusable(f"there is no {key} in its answer")
        return str(value)

    def _page(self, address: httpx.URL) -> tuple[Any, httpx.URL | None]:
        """An answer in JSON, and the address of the page behind it."""
        with self._asked(address) as answer:
            body = b""
            for chunk in self._body(answer):
                body += chunk
                if len(body) > MOST_ANSWER_BYTES:
                    raise self._unusable(f"its answer has more than {MOST_ANSWER_BYTES:,} bytes")
        following = answer.links.get("next", {}).get("url")
        try:
            return json.loads(body), address.join(following) if following else None
        except (ValueError, RecursionError) as fault:
            raise self._unusable("its answer is no JSON: is this the address of its API?") from fault

    def _body(self, answer: httpx.Response) -> Iterator[bytes]:
        import httpx

        try:
            yield from answer.iter_bytes()
        except httpx.HTTPError as fault:
            raise self._unreachable(answer.request.url, fault) from fault

    @contextmanager
    def _asked(self, address: httpx.URL) -> Iterator[httpx.Response]:
        """The good answer to a question, its body not yet read."""
        answer = self._ask(address)
        try:
            for _ in range(MOST_REDIRECTS):
                if answer.status_code not in _MOVED:
                    break
                target = self._target(answer)
                answer.close()
                answer = self._ask(target)
            self._check(answer)
            yield answer
        finally:
            answer.close()

    def _target(self, answer: httpx.Response) -> httpx.URL:
        target = answer.request.url.join(answer.headers.get("location", ""))
        if target.scheme not in ("https", "http") or (answer.request.url.scheme, target.scheme) == ("https", "http"):
            raise self._unusable(f"it redirects to {target.scheme}://, which is not to be followed")
        return target

    def _ask(self, address: httpx.URL) -> httpx.Response:
        """The answer of the last try, whatever it is but a stumble that passed."""
        import httpx

        for tried in range(1, TRIES + 1):
            try:
                request = self._client.build_request("GET", address, headers=self._headers_for(address))
                answer = self._client.send(request, stream=True)
            except httpx.HTTPError as fault:
                if tried == TRIES or not isinstance(fault, httpx.TransportError):
                    raise self._unreachable(address, fault) from fault
                self._pause(tried, f"{address.host}: {_words(fault)}")
                continue
            if (seconds := _asked_to_wait(answer)) is not None and tried < TRIES:
                self._keep_to_limit(answer, seconds)
            elif answer.status_code in _STUMBLED and tried < TRIES:
                self._pause(tried, f"{address.host} answered {answer.status_code}")
            else:
                return answer
            answer.close()
        raise AssertionError("the last try returns or raises")

    def _headers_for(self, address: httpx.URL) -> dict[str, str]:
        own = (address.scheme, address.host, address.port) == (self._base.scheme, self._base.host, self._base.port)
        return self._headers if own else {}

    def _pause(self, tried: int, what: str) -> None:
        seconds = FIRST_PAUSE_SECONDS * 2 ** (tried - 1)
        self._tell(f"{what}; trying again in {seconds:g} s")
        self._wait(seconds)

    def _keep_to_limit(self, answer: httpx.Response, seconds: float) -> None:
        host = answer.request.url.host
        if seconds > LONGEST_WAIT_SECONDS:
            answer.close()
            why = f"its rate limit is used up for {seconds / 60:.0f} more minutes"
            raise RemoteBusy(f"{host} will not answer now", why, f"Wait that long. {self._hint}")
        self._tell(f"{host} asks to wait: its rate limit is used up for {seconds:.0f} s")
        self._wait(seconds)

    def _check(self, answer: httpx.Response) -> None:
        status, address = answer.status_code, answer.request.url
        where = f"{address.host}{address.path}"
        if status in (401, 403):
            if _asked_to_wait(answer) is not None:
                raise RemoteBusy(f"{address.host} will not answer now", "its rate limit is used up", "Try again later")
            raise RemoteRefused(f"{where} refuses to answer", f"status {status}", self._hint)
        if status == 429:
            raise RemoteBusy(f"{address.host} will not answer now", "too many questions were asked", "Try again later")
        if status == 410:
            raise NotFound(f"{where} is gone", "logs are deleted after some time", "Run the job again")
        if status == 404:
            raise NotFound(f"{where} is not there", "or it may not be seen with this token", self._hint)
        if not 200 <= status < 300:
            raise self._unusable(f"it answered {where} with status {status}")

    def _unreachable(self, address: httpx.URL, fault: Exception) -> RemoteUnreachable:
        return RemoteUnreachable(
            f"{address.host} cannot be reached", _words(fault), "Check the address, the network and its proxy"
        )

    def _unusable(self, why: str) -> RemoteError:
        return RemoteError(f"{self._base.host} did not answer as it should", why, "Check the address in the settings")


def _words(fault: Exception) -> str:
    return str(fault) or type(fault).__name__


def _asked_to_wait(answer: httpx.Response) -> float | None:
    """Seconds that the server asks to wait before the next question; None when it does not."""
    if answer.status_code not in (403, 429, 503):
        return None
    headers = answer.headers
    if (after := headers.get("retry-after")) is not None:
        return _seconds_of(after)
    if headers.get("x-ratelimit-remaining", headers.get("ratelimit-remaining")) == "0":
        reset = headers.get("x-ratelimit-reset", headers.get("ratelimit-reset", ""))
        return max(1.0, float(reset) - datetime.now(UTC).timestamp()) if reset.isdecimal() else LONGEST_WAIT_SECONDS
    return LONGEST_WAIT_SECONDS if answer.status_code == 429 else None


def _seconds_of(after: str) -> float:
    """A ``Retry-After`` header: seconds, or a date."""
    if after.strip().isdecimal():
        return float(after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(after).timestamp() - datetime.now(UTC).timestamp())
    except ValueError:
        return LONGEST_WAIT_SECONDS
