"""What cannot be run here: NCCL between machines, a GPU's faults, Windows. Quoted from public reports, each with its source;
quiet lines stand around them as they would in a log."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mcp_rag.logs.failures import find_failures
from mcp_rag.logs.log import Log


@dataclass(frozen=True)
class Quoted:
    source: str
    text: str
    key: str
    """What the line holds that tells the cause."""


QUOTED = (
    Quoted(
        "https://github.com/XPixelGroup/BasicSR/issues/737",
        "[rank1]:[E626 06:24:44.903881913 ProcessGroupNCCL.cpp:616] [Rank 1] Watchdog caught collective operation timeout: "
        "WorkNCCL(SeqNum=808, OpType=ALLREDUCE, NumelIn=9801523, NumelOut=9801523, Timeout(ms)=600000) ran for 600020 "
        "milliseconds before timing out.\n"
        "[rank1]:[E626 06:24:44.906457629 ProcessGroupNCCL.cpp:1785] [PG ID 0 PG GUID 0(default_pg) Rank 1] Exception (either "
        "an error or timeout) detected by watchdog at work: 808, last enqueued NCCL work: 811, last completed NCCL work: 807.",
        "Watchdog caught collective operation timeout",
    ),
    Quoted(
        "https://github.com/NVIDIA/NVSentinel/issues/155",
        "NVRM: Xid (PCI:0000:44:00): 79, GPU has fallen off the bus",
        "79, GPU has fallen off the bus",
    ),
    Quoted(
        "https://github.com/Bumblebee-Project/Bumblebee/issues/554",
        "[   49.261458] NVRM: GPU at 0000:01:00.0 has fallen off the bus.\n"
        "[   49.261465] NVRM: os_pci_init_handle: invalid context!",
        "has fallen off the bus",
    ),
    Quoted(
        "https://github.com/cdcseacave/openMVS/issues/98",
        "4>ceres.lib(schur_eliminator_2_4_d.obj) : error LNK2001: unresolved external symbol "
        '"__declspec(dllimport) public: __cdecl google::LogMessageFatal::~LogMessageFatal(void)" '
        "(__imp_??1LogMessageFatal@google@@QEAA@XZ)",
        "error LNK2001",
    ),
)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("quoted", QUOTED, ids=lambda quoted: quoted.source.rpartition("github.com/")[2])
def test_a_quoted_failure_is_the_first_span(quoted: Quoted, newline: str) -> None:
    quiet = [f"step {number} of the run is done" for number in range(40)]
    lines = [*quiet, *quoted.text.split("\n"), *quiet[:5]]
    first = find_failures(Log("quoted", newline.join(lines).encode()))[0]
    assert any(quoted.key in line for line in lines[first.first - 1 : first.last])
