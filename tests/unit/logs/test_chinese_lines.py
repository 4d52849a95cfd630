"""Failures that Chinese programs tell of in lines that no tool's own grammar knows."""

from types import SimpleNamespace

import pytest

from mcp_rag.logs.failures import SURROUNDINGS, find_failures


def failing(line: str) -> list[str]:
    log = SimpleNamespace(texts=["开始", line, "结束"])
    return [log.texts[span.key - 1] for span in find_failures(log) if span.kind != SURROUNDINGS]


@pytest.mark.parametrize(
    "line",
    [
        "错误: 订单 7 被拒绝",
        "致命错误：不是 git 仓库",
        "2026-11-27 10:00:00 [错误] 数据库连接超时",
        "2026-11-27 10:00:00 严重 订单 7 没有客户",
        "连接数据库失败: 端口 5432 被拒绝",
        "无法加载模型 /models/x",
        "【异常】订单 7 保存失败",
        "内存不足，进程退出",
        "下载失败: 重试 3 次后仍无法连接",
        "错误: 重试次数已用尽",
        '/usr/bin/env: "bash\\r": 没有那个文件或目录',
        "bash: 行 1: ./deploy: 权限不够",
        "build.mk:1: *** 配方在第一个目标前开始。 停止。",
        "umount: /: 目标忙.",
        "train.sh: 第 1 行： 7554 已杀死               python3 train.py",
    ],
)
def test_a_line_that_tells_of_an_error_is_found(line: str) -> None:
    assert failing(line) == [line]


@pytest.mark.parametrize(
    "line",
    [
        "编译完成: 错误: 0, 警告: 2",
        "共 5 个测试, 失败: 0",
        "0 个错误",
        "未发现异常",
        "[INFO] 连接失败, 3 秒后重试",
        "异常检测模块已启动",
        "正在下载 错误码表.txt",
        "[信息] 严重性等级: 低",
        "提示: 文件已存在时覆盖",
    ],
)
def test_a_word_of_failure_alone_is_none(line: str) -> None:
    assert failing(line) == []


def test_an_annotation_of_github_is_no_comment() -> None:
    assert failing("##[error]order 7 rejected")[0] == "##[error]order 7 rejected"
