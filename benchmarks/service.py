"""One real `mcp-rag serve` under load: start, the faces beside the library call, many clients at once, memory, stop.

    python benchmarks/service.py [--clients 64] [--seconds 60] [--think 5] [--home FOLDER]

A home that is given keeps its index for the next run; otherwise a fresh one embeds what ships first. The questions are
lines of tests/golden's logs with fresh numbers in them, so that no two are alike and no answer is remembered.

Two loads of as many clients and seconds: people and agents, who read an answer before they ask again (an exponential
pause, of 5 s in the mean), and clients that ask again at once, which is more than the machine can do whatever is
served. Clients come one by one; when the last is there, the seconds begin that count. They run in this process, on the
processors of the server.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import httpx

from mcp_rag.faces.serving.shared_house import SharedHouse
from mcp_rag.settings import load_settings
from mcp_rag.wiring import open_house

LOGS = Path(__file__).parents[1] / "tests" / "golden" / "logs"
MIX = (("search", 0.6), ("diagnose", 0.3), ("confirm", 0.1))
LONGEST_LOG_BYTES = 30_000
PAIRS = 100
ARRIVAL_SECONDS = 20.0
"""Over so long many clients come, evenly: that they all begin in one instant is no load that anybody has. Chosen by
eye."""
SINGLE_SHARE = 0.25
TOOL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    },
}
HEADERS = {
    "accept": "application/json, text/event-stream",
    "content-type": "application/json",
    "mcp-protocol-version": "2026-07-28",
}


class Server:
    """A process, from its start until it has stopped; ``started`` are the seconds until it listened."""

    def __init__(self, home: Path) -> None:
        begun = time.perf_counter()
        command = [sys.executable, "-m", "mcp_rag", "serve", "--port", "0", "--quiet"]
        environment = {**os.environ, "MCP_RAG_HOME": str(home), "MCP_RAG_SERVE_RATE": "1000000/minute"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
        self.process = subprocess.Popen(command, env=environment, cwd=home, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if found := re.search(r"listening on (http://\S+)", line):
                self.url = found[1]
                break
        else:
            raise SystemExit("the server did not start")
        self.started = time.perf_counter() - begun

    def megabytes(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1_000

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


class Questions:
    """Errors and logs, each with numbers that no other has."""

    def __init__(self) -> None:
        texts = [path.read_text(errors="replace") for path in sorted(LOGS.glob("*.log"))]
        self._logs = [text for text in texts if len(text) <= LONGEST_LOG_BYTES]
        lines = (line.strip() for text in texts for line in text.splitlines())
        self._errors = [line for line in lines if 20 < len(line) < 300 and re.search("error|fail", line, re.I)]
        self._numbers, self._random = itertools.count(10_000), random.Random(7)

    def error(self) -> str:
        return f"{self._random.choice(self._errors)} {next(self._numbers)}"

    def log(self) -> str:
        return f"job {next(self._numbers)}\n{self._random.choice(self._logs)}"


class Load:
    """What clients did: seconds by kind of request, and what was no success."""

    def __init__(self, url: str, questions: Questions, think_seconds: float = 0.0) -> None:
        self._url, self._questions, self._random = url, questions, random.Random(11)
        self._think_seconds = think_seconds
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.faults: Counter[str] = Counter()
        self._seen: list[tuple[str, str]] = []

    async def run(self, clients: int, seconds: float) -> None:
        arrival = ARRIVAL_SECONDS if clients > 1 else 0.0
        begun = time.perf_counter()
        self._counts_from, until = begun + arrival, begun + arrival + seconds
        limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
        async with httpx.AsyncClient(base_url=self._url, timeout=120, limits=limits) as http:
            waits = (arrival * number / clients for number in range(clients))
            await asyncio.gather(*(self._client(http, until, wait) for wait in waits))

    async def _client(self, http: httpx.AsyncClient, until: float, wait: float) -> None:
        await asyncio.sleep(wait)
        kinds, weights = zip(*MIX, strict=True)
        ways: dict[str, Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]] = {
            "search": self._search,
            "diagnose": self._diagnose,
            "confirm": self._confirm,
        }
        while time.perf_counter() < until:
            (kind,) = self._random.choices(kinds, weights)
            begun = time.perf_counter()
            try:
                answer = await ways[kind](http)
            except httpx.HTTPError as fault:
                self.faults[type(fault).__name__] += 1
                continue
            if begun >= self._counts_from:
                self.seconds[kind].append(time.perf_counter() - begun)
            if answer.status_code >= 400:
                self.faults[f"{kind} {answer.status_code}"] += 1
            if self._think_seconds:
                await asyncio.sleep(self._random.expovariate(1 / self._think_seconds))

    async def _search(self, http: httpx.AsyncClient) -> httpx.Response:
        return await http.get("/v1/search", params={"q": self._questions.error(), "limit": 5})

    async def _diagnose(self, http: httpx.AsyncClient) -> httpx.Response:
        answer = await http.post("/v1/diagnose", content=self._questions.log().encode())
        found = answer.json()
        if found.get("incident"):
            self._seen.append((found["incident"], found["verdict"]))
        return answer

    async def _confirm(self, http: httpx.AsyncClient) -> httpx.Response:
        if not self._seen:
            return await self._diagnose(http)
        incident, verdict = self._random.choice(self._seen)
        fix = {} if verdict == "known" else {"fix": self._questions.error()}
        return await http.post("/v1/outcomes", json={"incident": incident, "outcome": "confirmed", **fix})


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def told(load: Load) -> None:
    for kind, _ in MIX:
        if values := load.seconds[kind]:
            middle, slow = statistics.median(values), percentile(values, 0.99)
            print(f"  {kind:9} {len(values):6} requests, median {middle * 1e3:7.1f} ms, p99 {slow * 1e3:7.1f} ms")
    print(f"  no success: {sum(load.faults.values())} {dict(load.faults) or ''}")


def beside_the_library(server: Server, home: Path, questions: Questions) -> None:
    """The same question to the library, REST and MCP in turn; the difference is what a face costs, and what the client
    does, which is Python's own and no more than it must be."""
    print(f"A face beside the library call, medians of {PAIRS} questions asked of each in turn:")
    settings = load_settings({"home": home})
    with open_house(settings, use_chat=False) as house, closing(HTTPConnection(server.url[7:], timeout=120)) as http:
        library = SharedHouse(house)
        key = library.search("numpy", 1)["results"][0]["id"]

        def ask(method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None) -> None:
            http.request(method, path, body, headers or {})
            answer = http.getresponse()
            if answer.status != 200:
                raise SystemExit(f"{path}: {answer.status} {answer.read()!r}")
            answer.read()

        def tool(name: str, arguments: dict[str, object]) -> None:
            params = {**TOOL["params"], "name": name, "arguments": arguments}  # type: ignore[dict-item]
            headers = {**HEADERS, "mcp-method": "tools/call", "mcp-name": name}
            ask("POST", "/mcp", json.dumps({**TOOL, "params": params}), headers)

        reading: dict[str, Callable[[str], object]] = {
            "library": lambda _: library.issue(key),
            "REST": lambda _: ask("GET", f"/v1/issues/{key}"),
            "MCP": lambda _: tool("get_known_issue", {"issue": key}),
        }
        searching: dict[str, Callable[[str], object]] = {
            "library": lambda text: library.search(text, 5),
            "REST": lambda text: ask("GET", f"/v1/search?{urlencode({'q': text, 'limit': 5})}"),
            "MCP": lambda text: tool("search_known_issues", {"query": text, "limit": 4}),
        }
        for what, ways in (("one known issue", reading), ("a search", searching)):
            taken: dict[str, list[float]] = defaultdict(list)
            for _ in range(PAIRS):
                text = questions.error()
                for name, way in random.sample(list(ways.items()), len(ways)):
                    begun = time.perf_counter()
                    way(text)
                    taken[name].append(time.perf_counter() - begun)
            middle = {name: statistics.median(values) * 1e3 for name, values in taken.items()}
            extra = {name: middle[name] - middle["library"] for name in ("REST", "MCP")}
            print(
                f"  {what:16} library {middle['library']:6.1f} ms, "
                + ", ".join(f"{name} {extra[name]:+.1f} ms" for name in extra)
            )


async def under_load(
    server: Server, questions: Questions, clients: int, seconds: int, think_seconds: float
) -> tuple[Load, list[float]]:
    load, memory = Load(server.url, questions, think_seconds), [server.megabytes()]

    async def watch() -> None:
        while True:
            await asyncio.sleep(1)
            memory.append(server.megabytes())

    watching = asyncio.create_task(watch())
    await load.run(clients, seconds)
    watching.cancel()
    return load, memory


def many_clients(
    server: Server, questions: Questions, clients: int, seconds: int, think_seconds: float, alone: float
) -> None:
    """One load, and how it compares with ``alone``, one client's median seconds for a search."""
    load, memory = asyncio.run(under_load(server, questions, clients, seconds, think_seconds))
    count = sum(map(len, load.seconds.values()))
    pause = f"each pausing {think_seconds:g} s in the mean" if think_seconds else "none of which ever pauses"
    print(f"{clients} clients for {seconds} s, {pause}: {count} requests, {count / seconds:.1f} in a second:")
    told(load)
    ratio = percentile(load.seconds["search"], 0.99) / alone
    print(f"  p99 of search over one client's median: {ratio:.1f}")
    half = len(memory) // 2
    print(f"  memory: {memory[0]:.0f} MB before, {max(memory):.0f} at most, {max(memory[:half]):.0f} in the first half")


async def stop_in_flight(server: Server, questions: Questions) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=120) as http:
        begun = [asyncio.create_task(http.post("/v1/diagnose", content=questions.log().encode())) for _ in range(16)]
        await asyncio.sleep(0.3)
        at = time.perf_counter()
        code = await asyncio.to_thread(server.stop)
        taken = time.perf_counter() - at
        done = await asyncio.gather(*begun, return_exceptions=True)
    answered = sum(isinstance(one, httpx.Response) and one.is_success for one in done)
    print(f"Stopped in {taken:.1f} s with exit code {code}; of 16 requests in flight {answered} were answered")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--think", type=float, default=5.0, help="mean pause of a client, in seconds")
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = (given.home or Path(scratch) / "home").absolute()
        home.mkdir(parents=True, exist_ok=True)
        questions, server = Questions(), Server(home)
        httpx.get(f"{server.url}/v1/search", params={"q": "warm"}, timeout=600).raise_for_status()
        server.stop()
        starts = []
        for _ in range(3):
            server = Server(home)
            starts.append(server.started)
            server.stop()
        print(f"Start until it listens: median {statistics.median(starts):.2f} s of 3")
        server = Server(home)
        httpx.get(f"{server.url}/v1/search", params={"q": "warm"}, timeout=600).raise_for_status()
        beside_the_library(server, home, questions)
        single = Load(server.url, questions)
        asyncio.run(single.run(1, given.seconds * SINGLE_SHARE))
        print("One client:")
        told(single)
        alone = statistics.median(single.seconds["search"])
        for think in (given.think, 0.0):
            many_clients(server, questions, given.clients, given.seconds, think, alone)
        asyncio.run(stop_in_flight(server, questions))


if __name__ == "__main__":
    main()
