"""Logs behind URLs: fetched where the settings allow it, and by no trick from anywhere else.

A real server on loopback plays the hostile one; the settings' own list of networks lets it be reached.
"""

from __future__ import annotations

import gzip
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp.client import Client
from server_process import ServerProcess

from mcp_rag.errors import InputError, McpRagError, OversizedLog, RemoteError, RemoteUnreachable, SettingsError
from mcp_rag.faces.serving import fetching
from mcp_rag.faces.serving.fetching import Fetch, fetcher_from
from mcp_rag.logs.reading import read_log
from mcp_rag.settings import Settings

MAX_BYTES = 300_000
LOG = b"Traceback (most recent call last):\n  File \"/srv/a.py\", line 3, in go\n    np.float(3)\nAttributeError: \
module 'numpy' has no attribute 'float'\n"


class Hostile(BaseHTTPRequestHandler):
    """What a path says is what it does; ``asked`` are the requests that came."""

    asked: list[tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        self.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        kind, _, rest = self.path.partition("?")[0].lstrip("/").partition("/")
        getattr(self, f"give_{kind}")(rest)

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"content_length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def give_log(self, _: str) -> None:
        self.send(200, LOG)

    def give_to(self, target: str) -> None:
        self.send(302, b"elsewhere", location=target, set_cookie="session=stolen; Path=/")

    def give_again(self, count: str) -> None:
        self.send(302, location=f"/again/{int(count) - 1}" if int(count) else "/log")

    def give_status(self, status: str) -> None:
        self.send(int(status), b"no log")

    def give_packed(self, coding: str) -> None:
        self.send(200, gzip.compress(LOG), content_encoding=coding)

    def give_bomb(self, _: str) -> None:
        self.send(200, gzip.compress(bytes(200_000_000), 9), content_encoding="gzip")

    def give_declared(self, _: str) -> None:
        self.send(200, LOG, content_length=str(10**12))

    def give_endless(self, status: str) -> None:
        """A body without an end, of a log or of a redirect."""
        self.send_response(int(status))
        self.send_header("location", "/log")
        self.end_headers()
        self.close_connection = True
        with_pieces(self, b"ERROR x\n" * 1000)

    def give_slow(self, _: str) -> None:
        """A header that never ends, a byte at a time."""
        with_pieces(self, b"H", seconds=0.05)

    def log_message(self, format: str, *args: Any) -> None: ...


def with_pieces(handler: BaseHTTPRequestHandler, piece: bytes, seconds: float = 0.0) -> None:
    try:
        while True:
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(seconds)
    except OSError:
        pass  # whoever asked has had enough, which is what the test is about


@contextmanager
def hostile_server() -> Iterator[tuple[int, list[tuple[str, dict[str, str]]]]]:
    asked: list[tuple[str, dict[str, str]]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Mine", (Hostile,), {"asked": asked}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[int, list[tuple[str, dict[str, str]]]]]:
    with hostile_server() as server:
        yield server


@pytest.fixture
def hostile(running: tuple[int, list[Any]]) -> tuple[int, list[Any]]:
    """Where the hostile server listens, and what it will have been asked."""
    running[1].clear()
    return running


def fetcher(port: int, hosts: str = "127.0.0.1,localhost", networks: str = "127.0.0.1/32") -> Fetch:
    settings = Settings(fetch_hosts=hosts, fetch_ports=f"80,443,{port}", fetch_networks=networks)
    made = fetcher_from(settings, MAX_BYTES)
    assert made is not None
    return made


def fetched(fetch: Fetch, url: str) -> tuple[str, bytes]:
    """The name of a log behind a URL, and what it says."""

    async def whole() -> tuple[str, bytes]:
        async with fetch(url) as source:
            return source.name, bytes(read_log(source, max_bytes=50_000_000, max_ratio=100).data)

    return anyio.run(whole)


def refusal(fetch: Fetch, url: str) -> McpRagError:
    with pytest.raises(McpRagError) as caught:
        fetched(fetch, url)
    return caught.value


def test_nothing_is_fetched_unless_the_settings_say_so() -> None:
    assert fetcher_from(Settings(), MAX_BYTES) is None
    assert fetcher_from(Settings(fetch_hosts=" , "), MAX_BYTES) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"fetch_hosts": "a.*.example"},
        {"fetch_hosts": "*", "fetch_ports": "http"},
        {"fetch_hosts": "*", "fetch_ports": "0"},
        {"fetch_hosts": "*", "fetch_networks": "10.0.0.0/99"},
        {"fetch_hosts": "*", "fetch_networks": "64:ff9b::/96"},
    ],
)
def test_settings_that_mean_nothing_are_refused_at_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="fetch_hosts"):
        fetcher_from(Settings(**wrong), MAX_BYTES)  # type: ignore[arg-type]


def test_a_log_is_fetched_plain_packed_and_by_redirects(hostile: tuple[int, list[Any]]) -> None:
    port, asked = hostile
    at, fetch = f"http://127.0.0.1:{port}", fetcher(port)
    assert fetched(fetch, f"{at}/log?signature=secret#x") == (f"{at}/log", LOG)
    for path in ("packed/gzip", "again/4", f"to/http://localhost:{port}/log"):
        assert fetched(fetch, f"{at}/{path}")[1] == LOG, path
    for _, headers in asked:
        assert not {"cookie", "authorization", "referer"} & set(headers)
        assert headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/log",
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/x",
        "//127.0.0.1/log",
        "127.0.0.1/log",
        "",
        "http://",
        "http://[::1",
        "http://user:password@127.0.0.1:{port}/log",
        "http://127.0.0.1:{port}@elsewhere.example/log",
        "http://127.0.0.1:22/log",
        "http://127.0.0.1:6379/log",
        "http://elsewhere.example/log",
        "http://127.0.0.1.elsewhere.example/log",
        "http://127.0.0.1:{port}\\@elsewhere.example/",
        "http://127.0.0.1:{port}/log\r\nHost: elsewhere.example",
    ],
)
def test_what_is_no_allowed_address_is_not_asked(hostile: tuple[int, list[Any]], url: str) -> None:
    port, asked = hostile
    refused = refusal(fetcher(port), url.replace("{port}", str(port)))
    assert isinstance(refused, InputError)
    assert url.startswith("http") or refused.why == "it is no http(s) address"
    assert asked == []


INTERNAL = [
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.3.4",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", INTERNAL)
def test_no_address_inside_is_asked_by_number_or_by_name(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``*`` is every public host, whichever way the address is come by."""
    fetch = fetcher(80, hosts="*", networks="")
    literal = f"[{address}]" if ":" in address else address
    assert isinstance(refusal(fetch, f"http://{literal}/latest/meta-data/"), InputError)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    monkeypatch.setattr(socket, "getaddrinfo", answering((family, address)))
    told = refusal(fetch, "http://inside.example/")
    assert isinstance(told, InputError)
    assert address not in str(told)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "localhost", "localhost."])
def test_odd_spellings_of_loopback_are_loopback(hostile: tuple[int, list[Any]], host: str) -> None:
    port, asked = hostile
    told = refusal(fetcher(port, hosts="*", networks=""), f"http://{host}:{port}/log")
    # Not every name service knows the last one.
    assert isinstance(told, InputError) or (isinstance(told, RemoteUnreachable) and host == "localhost.")
    assert asked == []


def answering(*answers: tuple[socket.AddressFamily, str]) -> Any:
    """A name service that knows one host, with these addresses; one more at each time it is asked when several."""
    lookups = iter(answers)

    def getaddrinfo(host: Any, port: Any, *_: Any, **__: Any) -> list[Any]:
        family, address = next(lookups)
        return [(family, socket.SOCK_STREAM, 6, "", (address, int(port or 0)))]

    return getaddrinfo


def test_a_name_that_points_inside_after_it_was_checked_is_of_no_use(
    hostile: tuple[int, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked a second time the name would be loopback's; it is asked once, and what was checked is connected to."""
    port, asked = hostile
    connected: list[str] = []
    genuine = socket.socket.connect

    def connect(sock: socket.socket, address: Any) -> None:
        if ipaddress.ip_address(address[0]).is_loopback:
            genuine(sock, address)
            return
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(
        socket, "getaddrinfo", answering((socket.AF_INET, "93.184.216.34"), *[(socket.AF_INET, "127.0.0.1")] * 5)
    )
    fetch = fetcher(port, hosts="*", networks="")
    assert isinstance(refusal(fetch, f"http://rebound.example:{port}/log"), RemoteUnreachable)
    assert (connected, asked) == (["93.184.216.34"], [])


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.2:{port}/log",
        "http://[::1]:{port}/log",
        "http://localhost:22/",
        "http://elsewhere.example/",
        "file:///etc/passwd",
        "//169.254.169.254/",
        "ftp://localhost/",
        "http://user:password@localhost:{port}/log",
    ],
)
def test_a_redirect_is_held_to_the_same_rules(hostile: tuple[int, list[Any]], target: str) -> None:
    port, asked = hostile
    told = refusal(fetcher(port), f"http://127.0.0.1:{port}/to/{target.replace('{port}', str(port))}")
    assert isinstance(told, InputError | RemoteError), told
    assert len(asked) == 1


def test_redirects_end(hostile: tuple[int, list[Any]]) -> None:
    port, asked = hostile
    assert "redirects more than" in str(refusal(fetcher(port), f"http://127.0.0.1:{port}/again/1000"))
    assert len(asked) == fetching.MOST_REDIRECTS + 1


def test_size_is_bounded_declared_streamed_packed_and_in_redirects(hostile: tuple[int, list[Any]]) -> None:
    port, _ = hostile
    at, fetch = f"http://127.0.0.1:{port}", fetcher(port)
    for path in ("declared", "endless/200", "bomb"):
        assert isinstance(refusal(fetch, f"{at}/{path}"), OversizedLog), path
    assert fetched(fetch, f"{at}/endless/302")[1] == LOG, "a redirect's own body is not read"
    assert "br" in str(refusal(fetch, f"{at}/packed/br"))


def test_time_is_bounded_even_where_something_always_comes(
    hostile: tuple[int, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, _ = hostile
    monkeypatch.setattr(fetching, "SECONDS", 0.5)
    assert "longer than" in str(refusal(fetcher(port), f"http://127.0.0.1:{port}/slow"))


@pytest.mark.parametrize("status", [204, 304, 401, 403, 404, 500])
def test_only_an_answer_is_a_log(hostile: tuple[int, list[Any]], status: int) -> None:
    port, _ = hostile
    told = refusal(fetcher(port), f"http://127.0.0.1:{port}/status/{status}")
    assert isinstance(told, RemoteError)
    assert str(status) in str(told)


def test_nobody_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert isinstance(refusal(fetcher(port), f"http://127.0.0.1:{port}/log"), RemoteUnreachable)


def test_rest_and_mcp_fetch_alike(tmp_path: Path, hostile: tuple[int, list[Any]]) -> None:
    port, _ = hostile
    at = f"http://127.0.0.1:{port}"
    allowed = {
        "MCP_RAG_FETCH_HOSTS": "127.0.0.1",
        "MCP_RAG_FETCH_PORTS": str(port),
        "MCP_RAG_FETCH_NETWORKS": "127.0.0.0/8",
    }

    async def by_mcp(url: str) -> None:
        async with Client(f"{url}/mcp", mode="auto") as client:
            tools = {tool.name: tool.annotations for tool in (await client.list_tools()).tools}
            hints = tools["diagnose_log"]
            assert hints is not None
            assert hints.open_world_hint
            found = await client.call_tool("diagnose_log", {"url": f"{at}/log"})
            assert found.structured_content is not None
            assert (found.structured_content["verdict"], found.structured_content["source"]) == ("known", f"{at}/log")
            lines = await client.call_tool("read_log_lines", {"url": f"{at}/log", "first": 4})
            assert lines.structured_content is not None
            assert "numpy" in lines.structured_content["lines"][0]["text"]
            refused = await client.call_tool("extract_failures", {"url": "http://169.254.169.254/"})
            assert refused.is_error

    with (
        ServerProcess(tmp_path / "home", **allowed) as server,
        httpx.Client(base_url=server.url, timeout=300) as client,
    ):
        assert client.post("/v1/diagnose", json={"url": f"{at}/packed/gzip"}).json()["verdict"] == "known"
        for url, status in (("http://127.0.0.1:1/", 422), (f"{at}/status/404", 502), (f"{at}/bomb", 413), ("", 422)):
            answer = client.post("/v1/extract", json={"url": url})
            assert (answer.status_code, set(answer.json()["error"])) == (status, {"what", "why", "next", "message"}), (
                url
            )
        left = client.post("/v1/tasks/diagnose", json={"url": f"{at}/log"})
        assert left.status_code == 202
        assert client.post("/v1/diagnose", json={"url": f"{at}/log", "text": "x"}).status_code == 422
        anyio.run(by_mcp, server.url)
        assert server.stop() == 0
