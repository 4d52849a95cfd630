"""The log behind a URL, fetched where the settings allow it and from nowhere else.

Whoever names a URL makes this server ask for it, from inside its network. So every address that a host's name has is
checked, the connection goes to an address that was checked, and each redirect is a new question to the same rules.
ssrfguard does that; what it leaves open is bounded here: time, size, and the bodies of redirects, which are not read.
"""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import ip_network
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

import anyio

from mcp_rag import __version__
from mcp_rag.errors import InputError, OversizedLog, RemoteError, RemoteRefused, RemoteUnreachable, SettingsError
from mcp_rag.logs.source import LogSource
from mcp_rag.logs.sources import StreamSource
from mcp_rag.settings import Settings

if TYPE_CHECKING:
    import httpx
    from ssrfguard import Policy

Fetch = Callable[[str], AbstractAsyncContextManager[LogSource]]
"""A URL → the log behind it, there until the block ends."""

ANYWHERE = "*"

SECONDS = 60.0
"""From the first look-up of a name to the last byte. Chosen by eye."""

STEP_SECONDS = 15.0
"""Longest wait for a connection or for more of an answer. Chosen by eye."""

MOST_REDIRECTS = 5
"""An artefact's address leads to its storage by one or two. Chosen by eye."""

AT_ONCE = 4
"""Fetches of this process at the same time; each may hold a log's size on disk. Chosen by eye."""

IN_MEMORY_BYTES = 1_000_000
"""A larger log waits for its turn on disk. Chosen by eye."""

PLATFORMS = ("168.63.129.16/32",)
"""Public by number, and a cloud's own service inside its machines (Azure's wire server). The registries of addresses,
which ssrfguard goes by, do not know it."""

READABLE = frozenset({"", "identity", "gzip", "x-gzip", "zstd"})
"""Encodings of an answer that the log's reader undoes itself, within its own bounds."""

_STEP = "Send the log's text, or ask whoever runs the server"
_NO_ADDRESS = "it is no http(s) address"


def fetcher_from(settings: Settings, max_bytes: int) -> Fetch | None:
    """What fetches where ``settings`` allow it; None when they allow nothing. ``max_bytes`` is the ceiling of a log as
    it is sent.

    Raises:
        SettingsError: hosts, ports or networks cannot be used.
    """
    hosts = _listed(settings.fetch_hosts)
    return _Fetcher(_policy(settings, hosts), max_bytes).fetch if hosts else None


def fetched_log(fetch: Fetch | None, url: str) -> AbstractAsyncContextManager[LogSource]:
    """The log behind ``url``, there until the block ends.

    Raises:
        InputError: nothing may be fetched, or not this.
        RemoteError: its server does not answer as it should.
    """
    if fetch is None:
        raise InputError("URLs are not fetched here", "the server's settings do not allow it", "Send the log's text")
    return fetch(url)


def _listed(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def _policy(settings: Settings, hosts: frozenset[str]) -> Policy:
    from ssrfguard import DEFAULT_DENIED, AddressTable, Block, Policy, Reach

    platforms = (Block(ip_network(network), "cloud platform", "", Reach.DENIED) for network in PLATFORMS)
    try:
        return Policy(
            denied_networks=AddressTable((*DEFAULT_DENIED.blocks, *platforms)),
            allowed_hosts=frozenset() if ANYWHERE in hosts else hosts,
            allowed_ports=frozenset(int(port) for port in _listed(settings.fetch_ports)),
            allowed_networks=tuple(ip_network(network) for network in _listed(settings.fetch_networks)),
        )
    except ValueError as wrong:
        step = "Set fetch_hosts to names such as ci.example,*.logs.example, fetch_ports to numbers, fetch_networks to "
        raise SettingsError(
            "What may be fetched cannot be told", str(wrong), f"{step}ranges such as 10.1.0.0/16"
        ) from wrong


class _Fetcher:
    def __init__(self, policy: Policy, max_bytes: int) -> None:
        self._policy, self._max_bytes = policy, max_bytes
        self._turns = anyio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def fetch(self, url: str) -> AsyncIterator[LogSource]:
        """The log behind ``url``.

        Raises:
            InputError: it is no address that may be fetched, or leads to one that may not.
            OversizedLog: it is larger than allowed.
            RemoteError: its server does not answer as it should, or not in time.
        """
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES, prefix="mcp-rag-fetched-") as body:
            async with self._turns:
                await self._fetch_into(url, body)
            body.seek(0)
            # Not its query: that is where a storage's signature stands.
            yield StreamSource(url.partition("?")[0].partition("#")[0], body)  # type: ignore[arg-type]

    async def _fetch_into(self, url: str, body: IO[bytes]) -> None:
        import httpx
        from ssrfguard import BlockedAddressError, BlockedURLError

        host = _host_in(url)
        try:
            with anyio.fail_after(SECONDS):
                await self._follow(url, body)
        except BlockedAddressError as refused:
            # Which address it is would tell of the network that this server stands in.
            raise InputError("This URL is not fetched", "it leads to an address that is not public", _STEP) from refused
        except BlockedURLError as refused:
            raise InputError("This URL is not fetched", refused.reason, _STEP) from refused
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as wrong:
            raise InputError("This URL is not fetched", _NO_ADDRESS, _STEP) from wrong
        except TimeoutError as late:
            why = f"it took longer than {SECONDS:.0f} s"
            raise RemoteUnreachable(f"The log could not be fetched from {host}", why, "Try again") from late
        except (httpx.HTTPError, OSError) as fault:
            why = "it does not answer, or not as a web server does"
            raise RemoteUnreachable(f"The log could not be fetched from {host}", why, "Check the URL") from fault

    async def _follow(self, url: str, body: IO[bytes]) -> None:
        async with self._client() as client:
            for _ in range(MOST_REDIRECTS + 1):
                async with client.stream("GET", url) as response:
                    if response.next_request is None:
                        await self._take(response, body)
                        return
                    url = str(response.next_request.url)
        raise InputError("This URL is not fetched", f"it redirects more than {MOST_REDIRECTS} times", _STEP)

    async def _take(self, response: httpx.Response, body: IO[bytes]) -> None:
        _expect_a_log(response)
        declared = response.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self._max_bytes:
            raise self._too_large()
        async for chunk in response.aiter_raw():
            body.write(chunk)
            if body.tell() > self._max_bytes:
                raise self._too_large()

    def _too_large(self) -> OversizedLog:
        why = f"it has more than {self._max_bytes:,} bytes"
        return OversizedLog("The log behind the URL is too large", why, "Send the part around the failure")

    def _client(self) -> httpx.AsyncClient:
        from ssrfguard.httpx import AsyncClient

        # Nothing of this machine goes along: no proxy and no .netrc of its environment, no cookie of an earlier hop.
        return AsyncClient(
            policy=self._policy,
            trust_env=False,
            verify=ssl.create_default_context(),
            timeout=STEP_SECONDS,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            headers={"user-agent": f"mcp-rag/{__version__}", "accept": "*/*", "accept-encoding": "identity"},
        )


def _host_in(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as wrong:
        raise InputError("This URL is not fetched", _NO_ADDRESS, _STEP) from wrong
    if parts.scheme.lower() not in ("http", "https") or not host:
        raise InputError("This URL is not fetched", _NO_ADDRESS, _STEP)
    return host


def _expect_a_log(response: httpx.Response) -> None:
    status, host = response.status_code, response.url.host
    if status in (401, 403):
        step = "Fetch it where you are signed in, and send its text"
        raise RemoteRefused(f"{host} does not give the log to just anybody", f"it answered {status}", step)
    if status != 200:
        raise RemoteError(f"{host} does not give the log", f"it answered {status}", "Check the URL")
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in READABLE:
        raise RemoteError(f"{host} sends the log packed as {encoding[:50]!r}", "it was asked not to pack it", _STEP)
