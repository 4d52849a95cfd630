"""Logs whose lines are JSON objects: docker, journald, and the structured loggers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mcp_rag.logs.storage import Stored

MESSAGES = ("MESSAGE", "message", "msg", "log", "event", "@m", "@mt", "textPayload", "short_message", "body")
"""Keys of the message: journald; most loggers; zap, pino and slog; docker; structlog; Serilog; Google's cloud; GELF;
OpenTelemetry."""

LEVELS = ("level", "severity", "levelname", "lvl", "log.level", "loglevel", "@l", "severityText", "PRIORITY")

TRACES = ("stack_trace", "stacktrace", "stack", "exc_info", "exception", "traceback", "@x", "error", "err")
"""Keys under which a trace or a cause stands beside the message."""

SYSLOG = ("EMERG", "ALERT", "CRIT", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG")
"""PRIORITY 0 … 7 (RFC 5424, section 6.2.1)."""

NUMBERED = {10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARN", 50: "ERROR", 60: "FATAL"}
"""pino's and bunyan's levels."""

SAMPLE = 100
"""Lines looked at from each of the head, middle and tail of a log. Chosen by eye."""


def find_record_style(data: Stored) -> bool:
    """Whether a log is JSON lines: more than half of the sampled lines that are not blank carry a message."""
    if b"{" not in data[:1_000_000]:
        return False
    sample = [line for line in _sample(data) if line.strip()]
    return sum(read_record(line) is not None for line in sample) * 2 > len(sample)


def _sample(data: Stored) -> list[bytes]:
    window = 200_000
    middle, tail = len(data) // 2, max(len(data) - window, 0)
    if len(data) <= 3 * window:
        lines = data[:].split(b"\n")
        return lines if len(lines) <= 3 * SAMPLE else lines[:: len(lines) // (3 * SAMPLE)]
    # The first line of a window that starts inside the log is cut, and so is its last.
    parts = [data[at : at + window].split(b"\n")[1:-1][:SAMPLE] for at in (0, middle, tail)]
    return [line for part in parts for line in part]


def read_record(line: bytes) -> str | None:
    """The message of one record, with its level before it and its trace behind; None when it is no record."""
    record = _parse(line)
    if record is None:
        return None
    message = _message_of(record)
    if message is None:
        return None
    inner = _parse(message.encode("utf-8", "replace"))  # an application that logs JSON inside docker's JSON
    if inner is not None and (nested := _message_of(inner)) is not None:
        record, message = inner, nested
    message = message.rstrip("\r\n")
    level = _level_of(record)
    if level and not message.upper().startswith((level, f"[{level}")):
        message = f"{level} {message}"
    return "\n".join([message, *_traces_of(record, message)])


def _parse(line: bytes) -> Mapping[str, Any] | None:
    if line.lstrip()[:1] != b"{":
        return None
    try:
        record = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _message_of(record: Mapping[str, Any]) -> str | None:
    for key in MESSAGES:
        if isinstance(value := record.get(key), str):
            return value
        # journald writes a message that is no UTF-8 as the list of its bytes
        if isinstance(value, list) and value and all(isinstance(b, int) and 0 <= b < 256 for b in value):
            return bytes(value).decode("utf-8", "replace")
    return None


def _level_of(record: Mapping[str, Any]) -> str:
    for key in LEVELS:
        value = record.get(key)
        if key == "PRIORITY" and str(value) in "01234567" and value != "":
            return SYSLOG[int(str(value))]
        if isinstance(value, str) and value.strip():
            return value.strip().upper()
        if isinstance(value, int) and value in NUMBERED:
            return NUMBERED[value]
    return ""


def _traces_of(record: Mapping[str, Any], message: str) -> list[str]:
    found: list[str] = []
    for key in TRACES:
        value = record.get(key)
        if isinstance(value, dict):
            value = value.get("stack") or value.get("message")
        if isinstance(value, str) and value.strip() and value not in message and value not in found:
            found.append(value.rstrip())
    return found
