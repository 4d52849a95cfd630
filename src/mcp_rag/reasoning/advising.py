"""Whether a sentence gives advice, and what it names as its object: who can write into a log gives none."""

from __future__ import annotations

import re

_MODAL = re.compile(
    r"\b(?:should|please|needs? to|ha(?:ve|s) to|try|log in)\b"
    r"|\bmust be (?:shared|sent|given|granted|paid|opened|trusted|disabled|deleted)\b"
    # What could not be done is no advice: `cannot execute 'cc1plus'`, `failed to download`; nor is a name, `asyncio.run()`.
    r"|(?<![\w.])(?<!cannot )(?<!can't )(?<!not )(?<!to )"
    r"(?:run|(?:re-?)?install|visit|execute|upgrade|downgrade|disable|download|replaced?)(?![\w(])"
    r"|请|必须|应当|应该|建议|安装|执行|运行|访问|关闭|开放|删除|修复方法|インストール|してください",
    re.IGNORECASE,
)
_REMEDY = re.compile(
    r"\b(?:fix|remedy|repair|solution|workaround|work-around|cure|answer|resolution|recovery)\b\s*(?:is|was|would be|[:=：])"
    r"|\b(?:fixe[sd]|repair(?:s|ed)|resolve[sd]|solve[sd]|cure[sd])\s+(?:it|this|that|the|by)\b"
    r"|(?:^|[.,;:]\s+)to (?:recover|repair|fix|resolve)\b",
    re.IGNORECASE | re.MULTILINE,
)
_VERBS = (
    "use add append apply allow call change chmod clear click configure connect contact copy create deactivate declare "
    "decrease define delete deploy drop edit enable enter export extend fetch follow give go grant import increase insert "
    "invoke link load lower mail make migrate mount move open pay paste pin pull push put raise reboot register reinstall "
    "remove rename report reset restart restore revert rotate send set share sign start stop subscribe switch trust turn "
    "uninstall unset unzip update upload wipe write"
)
_IMPERATIVE = re.compile(
    r"(?<!to )(?<!cannot )(?<!not )\b(?:use|try)\s+\w[\w.]*-[\w.-]*\w|"
    rf"(?:^|[.:;,!?]\s+|\b(?:so|then|and|just|simply|is to|now)\s+)(?:{'|'.join(_VERBS.split())})\s+(?!of\b)"
    # What failed is named by its verb too: `COPY failed`, `fetch is not defined`.
    r"(?![^.;\n]*(?:\bfail|\berror|\bis not\b|\bno such\b|\bclosed\b|\bEPIPE|time[d ]*out|\brefused|\bdenied|\bnot exist))"
    r"[\w`'\"./~-]",
    re.IGNORECASE | re.MULTILINE,
)
_OBJECT = re.compile(
    r"\b(?:(?:re|un)?install(?:ing)?|use|using|add|download|fetch|import|apply|trust|pull|switch(?:ing)? to|migrate to|move to"
    r"|(?:up|down)grad(?:e|ing)(?: to)?|(?:replace|substitute)\b[^.;\n]{1,40}?\b(?:by|with)|run|execute)\s+"
    r"(?:(?:the|a|an|its|your|package|module|library|tool|version|of)\s+)*[`'\"]?([A-Za-z][\w.-]*\w)",
    re.IGNORECASE,
)


def advises(text: str) -> bool:
    """Whether it tells somebody what to do."""
    return bool(_MODAL.search(text) or _REMEDY.search(text) or _IMPERATIVE.search(text))


def objects(text: str) -> list[str]:
    """What a sentence says to install, use, run or replace something by."""
    return _OBJECT.findall(text)
