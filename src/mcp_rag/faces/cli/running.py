"""Runs a command with its terminal, signals and exit code its own, while its output is recorded."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import BinaryIO

from mcp_rag.faces.cli.output import tell

FORWARDED = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
"""Signals sent to us alone and passed on. SIGINT and SIGQUIT of a terminal reach the command by themselves."""

CHUNK_BYTES = 65_536

DRAIN_SECONDS = 0.5
"""How long output is awaited once the command has ended: a daemon it left behind may hold the pipe for ever."""


def run_recorded(command: Sequence[str], record: BinaryIO) -> int:
    """Run ``command``, copy its output through and into ``record``; its exit code as a shell gives it.

    A stream that is a terminal stays one for the command (a pseudo-terminal of the same size); the others are pipes,
    and standard output and standard error stay apart. Standard input is the caller's own.
    """
    with contextlib.ExitStack() as open_ends:
        channels = [_Channel(stream) for stream in (sys.stdout, sys.stderr)]
        for channel in channels:
            open_ends.callback(channel.close)
        try:
            child = subprocess.Popen(command, stdout=channels[0].theirs, stderr=channels[1].theirs)
        except FileNotFoundError:
            tell(f"{command[0]}: command not found")
            return 127
        except OSError as fault:
            tell(f"{command[0]}: {fault.strerror}")
            return 126
        for channel in channels:
            channel.leave_to_child()
        with _passing_signals(child, channels):
            _copy(child, channels, record)
            code = child.wait()
    return 128 - code if code < 0 else code


class _Channel:
    """One output stream of the command: our end, the command's end, and where its bytes go."""

    def __init__(self, stream: object) -> None:
        self.target: int = stream.fileno()  # type: ignore[attr-defined]
        self.is_terminal = os.isatty(self.target) and hasattr(os, "openpty")
        self.ours, self.theirs = os.openpty() if self.is_terminal else os.pipe()
        self._open = {self.ours, self.theirs}
        self.resize()

    def resize(self) -> None:
        """Give the pseudo-terminal the size of the real one."""
        if self.is_terminal:
            import termios

            termios.tcsetwinsize(self.ours, termios.tcgetwinsize(self.target))

    def leave_to_child(self) -> None:
        """Close our copy of the command's end, so that its closing is seen."""
        os.close(self.theirs)
        self._open.discard(self.theirs)

    def read(self) -> bytes:
        """The next bytes; none at the end. A pseudo-terminal whose other side is gone raises EIO instead."""
        try:
            return os.read(self.ours, CHUNK_BYTES)
        except OSError:
            return b""

    def close(self) -> None:
        while self._open:
            os.close(self._open.pop())


def _copy(child: subprocess.Popen[bytes], channels: Sequence[_Channel], record: BinaryIO) -> None:
    """Copy until both streams end, or until the command has ended and what it left behind is silent."""
    ended_at: float | None = None
    with selectors.DefaultSelector() as selector:
        for channel in channels:
            selector.register(channel.ours, selectors.EVENT_READ, channel)
        while selector.get_map():
            ready = selector.select(timeout=0.1)
            for key, _ in ready:
                data = key.data.read()
                if not data:
                    selector.unregister(key.fileobj)
                    continue
                _write_whole(key.data.target, data)
                record.write(data.replace(b"\r\n", b"\n") if key.data.is_terminal else data)
            if child.poll() is not None:
                ended_at = ended_at or time.monotonic()
                if not ready and time.monotonic() - ended_at > DRAIN_SECONDS:
                    break


def _write_whole(target: int, data: bytes) -> None:
    """Pass bytes on. A reader that went away, as `head` does, ends the passing on and not the recording."""
    view = memoryview(data)
    with contextlib.suppress(BrokenPipeError):
        while view:
            view = view[os.write(target, view) :]


@contextlib.contextmanager
def _passing_signals(child: subprocess.Popen[bytes], channels: Sequence[_Channel]) -> Iterator[None]:
    """While the command runs, signals are its business: passed on when sent to us, ignored when it has them too."""

    def forward(number: int, frame: FrameType | None) -> None:
        child.send_signal(number)

    def resize(number: int, frame: FrameType | None) -> None:
        for channel in channels:
            channel.resize()
        child.send_signal(number)

    handlers: dict[str, object] = dict.fromkeys(FORWARDED, forward)
    handlers |= {"SIGINT": signal.SIG_IGN, "SIGQUIT": signal.SIG_IGN, "SIGWINCH": resize}
    before = {}
    for name, handler in handlers.items():
        number = getattr(signal, name, None)
        if number is not None:
            before[number] = signal.signal(number, handler)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
