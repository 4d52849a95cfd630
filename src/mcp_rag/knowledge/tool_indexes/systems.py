"""The system's own numbers and names.

They say what happened, seldom why: each has its name as a symptom that is too short to be certain, so that such an
entry stands beside an answer and is never taken for one.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import re
import signal
from http import HTTPStatus

from mcp_rag.knowledge.tool_indexes.index import ToolIndex, ask, entry, shared_library, version_of
from mcp_rag.records import KnownIssue

SHELL_CODES = {
    1: "The command failed; what failed stands in its output.",
    2: "The command was called in a wrong way, or the shell could not read a script.",
    126: "The command was found and could not be run: it lacks the execute bit, or is made for another machine.",
    127: "The command was not found: it is not installed, or its folder is not on the PATH.",
    128: "The command left with an exit code that is no number between 0 and 255.",
}
"""From POSIX's Shell Command Language, 2.8.2 (Exit Status for Commands), and bash's manual."""

SYSTEMD_STEPS = {
    "CHDIR": "Make the folder that WorkingDirectory= names, and let the service's user enter it.",
    "EXEC": "Give ExecStart= the full path of a program that is there, can be executed and finds its interpreter.",
    "LIMITS": "Lower what the Limit…= settings ask for, or allow it.",
    "STDIN": "Correct what StandardInput= names.",
    "STDOUT": "Correct what StandardOutput= names, and let it be written.",
    "STDERR": "Correct what StandardError= names, and let it be written.",
    "CHROOT": "Make the folder that RootDirectory= names.",
    "GROUP": "Make the group that Group= or SupplementaryGroups= names.",
    "USER": "Make the user that User= names, or correct the name.",
    "CAPABILITIES": "Take capabilities out that this system or container does not grant.",
    "PAM": "Look at what the PAM stack of PAMName= refuses.",
    "NAMESPACE": "Make the folders that ReadWritePaths=, BindPaths= and the like name; a container may forbid such settings.",
    "SECCOMP": "Take system call filters out that this kernel or container does not know.",
    "RUNTIME_DIRECTORY": "Free what is in the way of RuntimeDirectory= under /run.",
    "STATE_DIRECTORY": "Free what is in the way of StateDirectory= under /var/lib.",
    "CACHE_DIRECTORY": "Free what is in the way of CacheDirectory= under /var/cache.",
    "LOGS_DIRECTORY": "Free what is in the way of LogsDirectory= under /var/log.",
}
"""After systemd.exec(5), Process Exit Codes: the tool names the steps and does not say what they are."""

_SYSTEMD = re.compile(r"^(?P<name>\w+)\s+(?P<code>\d+)\s+systemd$", re.MULTILINE)


def errno_names() -> ToolIndex:
    """Every errno of this system, with the C library's words."""
    version = platform.release()
    issues = [
        entry(
            "errno",
            "",
            name,
            os.strerror(code),
            symptoms=(rf"re:\b{name}\b",),
            cause=f"Error {code}: {os.strerror(code)}.",
        )
        for code, name in sorted(errno.errorcode.items())
    ]
    return ToolIndex("errno", version, tuple(issues))


def exit_codes() -> ToolIndex:
    """The shell's exit codes, those of ``sysexits.h``, and each signal by which a process can end."""
    issues = [_exit_code(code, what) for code, what in SHELL_CODES.items()]
    for name in sorted(name for name in dir(os) if name.startswith("EX_") and name != "EX_OK"):
        code = getattr(os, name)
        what = f"The program left with {name}, {code}: a code of sysexits.h."
        issues.append(entry("exit-codes", "", name, f"exit code {code}", symptoms=(rf"re:\b{name}\b",), cause=what))
    for number in sorted(signal.valid_signals()):
        what = signal.strsignal(number) or ""
        name = number.name if isinstance(number, signal.Signals) else f"signal {int(number)}"
        if isinstance(number, signal.Signals):
            said = f"The process ended by {name} ({what}); a shell shows exit code {128 + number}."
            issues.append(entry("exit-codes", "", name, what, symptoms=(rf"re:\b{name}\b",), cause=said))
    return ToolIndex("exit-codes", platform.release(), tuple(issues))


def _exit_code(code: int, what: str) -> KnownIssue:
    return entry("exit-codes", "", f"exit-{code}", f"exit code {code}", symptoms=(f"exit {code}",), cause=what)


def systemd() -> ToolIndex:
    """The statuses by which systemd says what it could not set up before a service's own command began."""
    version = version_of("systemd-analyze", "--version")
    issues = [
        entry(
            "systemd",
            version,
            f"{found['code']}/{found['name']}",
            "what systemd could not set up for a service",
            symptoms=(
                rf"re:(?P<unit>\S+): Main process exited, code=exited, status={found['code']}/{found['name']}\b",
            ),
            cause=f"The service's own command never began: systemd failed at the step {found['name']}.",
            fix=SYSTEMD_STEPS.get(found["name"], f"See what systemd.exec(5) says of {found['code']}."),
            commands=("systemctl cat {unit}", "journalctl -u {unit} -b"),
            urls=("https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#Process%20Exit%20Codes",),
        )
        for found in _SYSTEMD.finditer(ask("systemd-analyze", "exit-status"))
    ]
    return ToolIndex("systemd", version, tuple(issues))


def http() -> ToolIndex:
    """The HTTP statuses that say that a request failed, with the words of Python's ``http`` module."""
    issues = [
        entry(
            "http",
            "",
            f"HTTP {status.value}",
            status.phrase,
            symptoms=(rf"re:\bHTTP\S* {status.value}\b",),
            cause=f"The server answered {status.value} {status.phrase}. {status.description}".strip(),
            urls=(f"https://developer.mozilla.org/docs/Web/HTTP/Status/{status.value}",),
        )
        for status in HTTPStatus
        if status.value >= 400
    ]
    return ToolIndex("http", platform.python_version(), tuple(issues))


def openssl() -> ToolIndex:
    """Why a certificate is refused: the verification codes of libcrypto."""
    library = shared_library("crypto")
    library.X509_verify_cert_error_string.restype = ctypes.c_char_p
    library.X509_verify_cert_error_string.argtypes = [ctypes.c_long]
    library.OpenSSL_version.restype = ctypes.c_char_p
    told = re.search(r"\d+(?:\.\d+)+", library.OpenSSL_version(0).decode())
    version = told.group() if told else ""
    issues = []
    for code in range(1, 100):
        said = library.X509_verify_cert_error_string(code).decode()
        if "unknown" not in said and "error number" not in said:
            pattern = rf"re:(?i)verify(?: error|.*code).{{0,20}}\b{code} \({re.escape(said)}\)"
            issues.append(
                entry(
                    "openssl",
                    version,
                    f"X509-{code}",
                    said,
                    symptoms=(pattern,),
                    cause=f"OpenSSL refuses the certificate: {said} (verification code {code}).",
                )
            )
    return ToolIndex("openssl", version, tuple(issues))


def curl() -> ToolIndex:
    """The exit codes of curl, as libcurl words them."""
    library = shared_library("curl")
    library.curl_easy_strerror.restype = ctypes.c_char_p
    library.curl_version.restype = ctypes.c_char_p
    told = re.search(r"\d+(?:\.\d+)+", library.curl_version().decode())
    version = told.group() if told else ""
    issues = []
    for code in range(1, 102):
        said = library.curl_easy_strerror(code).decode()
        if not said.startswith("Unknown"):
            issues.append(
                entry(
                    "curl",
                    version,
                    f"curl-{code}",
                    said,
                    symptoms=(rf"re:\bcurl: \({code}\)",),
                    cause=f"curl left with {code}: {said}.",
                    urls=("https://curl.se/libcurl/c/libcurl-errors.html",),
                )
            )
    return ToolIndex("curl", version, tuple(issues))
