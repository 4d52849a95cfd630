"""The known issues that ship: each answers its own symptoms first, and none fires on a log in which nothing failed."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from mcp_rag import librarian
from mcp_rag.knowledge.issue_file import parse_issue_file, strikes_of_file
from mcp_rag.knowledge.patterns import CERTAIN_CHARACTERS, compile_symptom
from mcp_rag.linting import lint
from mcp_rag.records import Excerpt, KnownIssue

FOLDER = Path(__file__).parent


@cache
def shipped() -> tuple[KnownIssue, ...]:
    """All of them, read once: that takes seconds."""
    return tuple(parse_issue_file(text, source, name) for source, name, text in librarian.starter_files())


def test_the_shipped_issues_have_no_fault() -> None:
    rows = [json.loads(line) for line in (FOLDER / "gold.jsonl").read_text().splitlines()]
    clean = [FOLDER / row["file"] for row in rows if row["kind"] == "clean"]
    passing = [
        (log.name, [Excerpt(n, line) for n, line in enumerate(log.read_text(errors="replace").split("\n"), 1)])
        for log in clean
    ]
    assert len(passing) > 5
    assert list(lint(librarian.starter_files(), passing)) == []


def test_none_of_their_expressions_can_take_for_ever() -> None:
    symptoms = [symptom for issue in shipped() for symptom in issue.symptoms]
    python = [
        matcher for one in symptoms for matcher, _ in compile_symptom(one).parts if isinstance(matcher, re.Pattern)
    ]
    assert len(python) < len(symptoms) / 100, "all but those that look ahead or behind are RE2's"
    for matcher in python:
        assert len(re.findall(r"[*+]", matcher.pattern)) <= 3, "and few repetitions in them"


def test_enough_of_them_say_when_they_strike() -> None:
    assert sum(bool(strikes_of_file(text, name)) for _, name, text in librarian.starter_files()) >= 20


OWN = {
    "postgres-syntax-error": ['ERROR:  syntax error at or near "FROM"', "ERROR:  syntax error at end of input"],
    "pandas-time-data-does-not-match": ["ValueError: time data '3 May' does not match format '%Y-%m-%d'"],
    "java-stack-overflow": ["java.lang.StackOverflowError\n\tat com.acme.tariff.Tree.depth(Tree.java:12)"],
    "nvidia-xid-memory-ecc": ["NVRM: Xid (PCI:0000:10:1c): 63, pid=1896, Row Remapper: New row marked for remapping."],
    "tensorflow-gpu-out-of-memory": [
        "Allocator (GPU_0_bfc) ran out of memory trying to allocate 2.25GiB with freed_by_count=0. The caller indicates"
        " that this is not a failure."
    ],
    "tensorflow-1-names-removed": ["AttributeError: module 'tensorflow' has no attribute 'keras'"],
    "transformers-forward-new-argument": ["TypeError: Net.forward() got an unexpected keyword argument 'colour'"],
}
PUBLIC = {
    "nvidia-xid-memory-ecc": ["NVRM: Xid (PCI:0000:b7:00): 94, pid=7194, Contained: SM (0x1)"],
    "bad-interpreter-crlf": [
        "f.sh: 行 2: $'foo\\r': 未找到命令",
        "web-1  | exec /docker-entrypoint.sh: no such file or directory",
        'standard_init_linux.go:207: exec user process caused "no such file or directory"',
    ],
    "transformers-forward-new-argument": [
        "TypeError: LlavaLlamaForCausalLM.forward() got an unexpected keyword argument 'cache_position'"
    ],
    "protobuf-runtime-too-old": [
        "Detected mismatched Protobuf Gencode/Runtime major versions when loading a.proto: gencode 6.31.1 runtime 5.29.5."
    ],
    "postgres-syntax-error": ['ERROR:  syntax error at or near "AUTO_INCREMENT"'],
    "pandas-time-data-does-not-match": ['time data "13/01" doesn\'t match format "%m/%d", at position 3.'],
    "java-stack-overflow": [
        "java.lang.StackOverflowError\n\tat com.fasterxml.jackson.databind.ser.Bean.serialize(B.java)"
    ],
    "no-space-left-on-device": ["tar: x: 无法写: 设备上没有空间"],
    "apt-could-not-get-lock": [
        "E: 无法获取 dpkg 前端锁 (/var/lib/dpkg/lock-frontend)，请查看您是否正以 root 用户运行？"
    ],
    "ld-cannot-find-library": ["/usr/bin/ld: 找不到 -lnope: 没有那个文件或目录"],
    "make-commands-before-target": ["build.mk:1: *** 配方在第一个目标前开始。 停止。"],
    "gcc-werror": ["cc1：所有的警告都被当作是错误"],
    "c-header-missing": ["h.c:1:10: 致命错误：nope.h：没有那个文件或目录"],
    "gcc-std-header-missing": ["u.c:1:1: 错误：未知的类型名‘uint32_t’"],
    "shell-mkdir-exists": ['mkdir: 无法创建目录 "/tmp": 文件已存在'],
    "script-permission-denied": ["bash: 行 1: ./deploy: 权限不够"],
    "linux-exec-format-error": ["bash: 行 1: ./tool: 无法执行二进制文件：可执行文件格式错误"],
    "linux-oom-killer": [
        "train.sh: 第 1 行： 7554 已杀死               python3 train.py",
        "train.sh: line 1:  7554 Killed                  python3 train.py",
    ],
    "git-index-lock": ["致命错误：无法创建 '/srv/app/.git/index.lock'：文件已存在。"],
    "git-non-fast-forward": ["提示：更新被拒绝，因为远程仓库包含您本地尚不存在的提交。这通常是因为另外"],
    "git-divergent-branches": ["致命错误：需要指定如何调和偏离的分支。"],
    "git-not-a-repository": ["致命错误：不是 git 仓库（或者任何父目录）：.git"],
    "postgres-relation-does-not-exist": ['错误:  关系 "orders" 不存在'],
    "shell-command-not-found": ["bash: cmake: 未找到命令"],
    "cmake-add-subdirectory-missing": ['  add_subdirectory given source "lib/json" which is not an existing'],
    "tls-python313-strict": [
        "ssl.SSLCertVerificationError: certificate verify failed: Missing Authority Key Identifier (_ssl.c)"
    ],
    "dns-name-not-known": ["Error: getaddrinfo ENOTFOUND db", "java.net.UnknownHostException: db.internal"],
}


def _answered(text: str) -> set[str]:
    lines = [Excerpt(number, line) for number, line in enumerate(text.split("\n"), 1)]
    found = ((issue.id, compile_symptom(symptom).match(lines)) for issue in shipped() for symptom in issue.symptoms)
    return {name for name, match in found if match and match.specificity >= CERTAIN_CHARACTERS}


def test_what_only_its_project_can_explain_is_left_alone_and_what_the_field_knows_is_not() -> None:
    for name, texts in OWN.items():
        for text in texts:
            assert name not in _answered(text), text
    for name, texts in PUBLIC.items():
        for text in texts:
            assert name in _answered(text), text


def test_a_command_that_is_not_there_is_known_in_every_shell() -> None:
    symptoms = next(issue.symptoms for issue in shipped() if issue.id == "shell-command-not-found")
    for said in (
        "bash: kubctl: command not found",
        "/usr/bin/bash: line 3: kubctl: command not found",
        "zsh: command not found: kubctl",
        "(eval):1: command not found: kubctl",
        "fish: Unknown command: kubctl",
        "mcp-rag: kubctl: command not found",
    ):
        found = [match for symptom in symptoms if (match := compile_symptom(symptom).match([Excerpt(1, said)]))]
        assert [dict(match.variables) for match in found] == [{"program": "kubctl"}], said
