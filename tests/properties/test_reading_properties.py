from __future__ import annotations

import gzip

from hypothesis import assume, given
from hypothesis import strategies as st

from mcp_rag.errors import InputError
from mcp_rag.logs.cleaning import Cleaner, clean_text, shorten
from mcp_rag.logs.log import Log
from mcp_rag.logs.reading import read_log
from mcp_rag.logs.redaction import Redactor
from mcp_rag.logs.sources import MemorySource

PARTS = [
    *(
        b"\n",
        b"\r",
        b"\r\n",
        b"\b",
        b"\0",
        b"\t",
        b" ",
        b"a",
        b"Z ",
        b"\xe4\xb8",
        b"\xad",
        b"\xff",
        b"\xc2\x9b",
        b"{",
        b"}",
    ),
    *(b"\x1b", b"\x1b[", b"[", b"]", b"31m", b"\x1b]0;", b"\x07", b"\\", b"\x1b_", b"\xef\xbb\xbf", b"job\tstep\t"),
    *(b"travis_fold:start:x", b"travis_", b"fold:end:", b"section_end:1:b", b'{"msg": "m"}', b'{"log": "a\\nb\\n"}'),
    *(b"2024-01-01T00:00:00.1234567Z ", b"2024-01-01T00:00:00.123456Z 00O "),
]
HOSTILE = st.lists(st.sampled_from(PARTS) | st.binary(max_size=4), max_size=40).map(b"".join)

SECRET_PARTS = [
    *(
        "password",
        "=",
        ": ",
        "'",
        '"',
        "token",
        " ",
        "--",
        "secret",
        "key",
        "://",
        "@",
        ":",
        "hunter2",
        "bob",
        "example.com",
    ),
    *(
        "Bearer ",
        "Authorization",
        "<redacted:token>",
        "<redacted:",
        ">",
        "ghp_" + "a1" * 18,
        "AKIA" + "Q1" * 8,
        ".",
        "sk-",
    ),
    *(
        "eyJhbGciOiJub25lIn0",
        "eyJhIjoxfQ",
        "a1B2" * 8,
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "\n",
    ),
    *("⏎", "?", "&", "10.0.0.1", "fe80::1", "curl -u ", "mysql -p", "api_key", ";", "!=", "==", "https"),
]
SECRETIVE = st.lists(st.sampled_from(SECRET_PARTS) | st.text(max_size=5), max_size=25).map("".join)


def _read(data: bytes) -> Log:
    return read_log(MemorySource("it", data), max_bytes=10_000_000, max_ratio=100)


@given(HOSTILE | st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_and_no_line_is_lost(data: bytes) -> None:
    try:
        log = _read(data)
    except InputError:
        return
    expected = log.data.count(b"\n") + (bool(log.data) and not log.data.endswith(b"\n"))
    assert len(log) == len(log.texts) == expected
    assert not any("\n" in text or "\r" in text or "\x1b" in text for text in log.texts)
    assert all(isinstance(note, str) for note in log.notes)
    assert [log.raw(n) for n in range(1, len(log) + 1)] == [
        line.decode("utf-8", "replace") for line in log.data.removesuffix(b"\n").split(b"\n")[: len(log)]
    ]


@given(HOSTILE)
def test_plain_bytes_stay_as_they_are(data: bytes) -> None:
    log = Log("it", data)
    assert len(log) == data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))
    assert len(log.texts) == len(log)


@given(HOSTILE)
def test_a_line_is_cleaned_alike_alone_and_among_others(data: bytes) -> None:
    cleaner = Cleaner()
    assume(data)
    alone = [cleaner.clean_block(line + b"\n")[0] for line in data.removesuffix(b"\n").split(b"\n")]
    assert cleaner.clean_block(data) == alone


@given(HOSTILE)
def test_cleaning_is_idempotent(data: bytes) -> None:
    for line in Cleaner().clean_block(data):
        assert clean_text(line) == line


FRAME_PARTS = st.sampled_from(
    [
        "npm : npm error",
        "At line:1 char:1",
        "Carácter: 1",
        "+ npm run build ",
        "+ ~~~~~~",
        "    + CategoryInfo          : NotSpecified: (npm error:String) [], RemoteException",
        "    + CategoryInfo     ",
        "    + FullyQualifiedErrorId : NativeCommandError",
        "    + FullyQualified ",
        "   ErrorId : NativeCommandError",
        " ",
        "",
        "Γ£ô built in ",
        "of 24 letters, no fewer.",
    ]
)


@given(st.lists(FRAME_PARTS, min_size=1, max_size=40))
def test_of_powershells_frames_in_any_order_no_line_is_lost_and_no_word_that_a_program_wrote(parts: list[str]) -> None:
    cleaned = Cleaner().clean_block("\r\n".join([*parts, "hopper"]).encode())
    assert len(cleaned) == len(parts) + 1
    assert "".join(cleaned).endswith("hopper")
    assert "".join(cleaned).count("built in") == parts.count("Γ£ô built in ")


@given(HOSTILE, st.integers(0, 60))
def test_a_cut_archive_never_gives_other_bytes(data: bytes, keep: int) -> None:
    packed = gzip.compress(data)
    assume(keep <= len(packed) - 2)
    try:
        log = _read(packed[: len(packed) - keep])
    except InputError:
        return
    assert data.startswith(log.data) or log.reading_notes


@given(st.text(max_size=60), st.integers(5, 50))
def test_shortening_keeps_both_ends(text: str, width: int) -> None:
    short = shorten(text, width)
    assert len(short) <= max(width, 5)
    assert text.startswith(short[:1])
    assert text.endswith(short[-1:])


@given(SECRETIVE, st.booleans())
def test_redaction_is_idempotent_and_keeps_the_lines(text: str, ips: bool) -> None:
    redactor = Redactor(ips=ips)
    once = redactor.redact(text)
    assert redactor.redact(once) == once
    assert once.count("\n") == text.count("\n")
