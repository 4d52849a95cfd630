"""Whether a statement says what the evidence says: its citations exist and bear it, its commands, versions and names
occur in what was given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from mcp_rag.reasoning.advising import advises, objects
from mcp_rag.reasoning.hostile import LEFT_OUT, addresses_model, muted, plain
from mcp_rag.records import Diagnosis, Evidence, KnownIssue, Statement

BORNE = 0.5
"""Share of a statement's telling words that what it cites must hold. Of sentences on a shipped known issue the rest of it
holds so much for 73 %, another issue of the same package for 18 % and any other for 1.6 %; at 0.4 these are 82, 23 and
2.5, at 0.6 56, 9 and 0.6 (``python benchmarks/bearing.py``). A statement left out costs a wording, a wrong one trust."""


class Part(StrEnum):
    """What a statement is for, and so what may bear it.

    *cause*: the cited known issues and the lines that bear the match. *fix*: known issues alone, for whoever can write
    into a log must not give advice. *reading*: the cited lines, where nothing known matches, and of each sentence the line
    that names the failure. *talk*: all that is cited; of advice known issues alone.
    """

    CAUSE = "cause"
    FIX = "fix"
    READING = "reading"
    TALK = "talk"


_URL = re.compile(
    r"(?:h(?:tt|xx)ps?|ftp|file|data|javascript|wss?)://?[^\s`'\"<>)，。]+|\bwww\.[^\s`'\"<>)\]]+|[\w.+-]+@[\w-]+\.[\w.]+"
    r"|(?<![\w:/])//[\w-]+(?:\.[\w-]+)+/[^\s`'\"<>)\]]*|\b[\w-]+\[\.\][\w.-]+[^\s`'\"<>)]*"
    # A page's address without its scheme; modules of Go and images of containers have such names too.
    r"|(?<![\w./@-])(?!(?:github|gitlab|bitbucket|golang|gopkg|docker|ghcr|quay|k8s|gcr|mcr|registry)\b)"
    r"(?:[a-z0-9-]+\.)+(?:com|net|org|io|dev|app|info|me|xyz|site|online|top|cn|ru|example)/[^\s`'\"<>)\]，。]+"
)
_VERSION = re.compile(r"(?<![\w.])v?\d+(?:\.\d+)+\w*")
_CODE = re.compile(r"`([^`\n]{2,})`|^\s*\$ (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^\s*\$ (.+)$", re.MULTILINE)
_COMMAND = re.compile(
    r"(?:^|[\s`$(;&|:：，])((?:sudo|doas|curl|wget|pip[\d.]*|pipx|uv|uvx|poetry|conda|npm|npx|yarn|pnpm|node|python[\d.]*|perl"
    r"|ruby|gem|go|cargo|rustup|apt|apt-get|yum|dnf|apk|brew|snap|rm|mv|cp|chmod|chown|dd|mkfs\S*|kill|killall|pkill|bash|sh|zsh"
    r"|powershell|pwsh|iex|irm|iwr|eval|exec|docker|podman|kubectl|helm|git|ssh|scp|nc|ncat|systemctl|service|crontab|export"
    r"|setx|echo|cat|tar|unzip|make|cmake|mvn|gradle|java|terraform|ansible|aws|gcloud|az|psql|mysql|redis-cli|iptables|ufw"
    r"|setenforce|mount|useradd|usermod|passwd|visudo|bunx?|deno|nix-shell|certutil|reg|osascript|mshta|launchctl"
    r"|xonsh|pdm|composer|dotnet|nuget|choco|scoop|winget|pacman|zypper)"
    r"\s+(?:-{1,2}[\w=./-]+|[a-z0-9@./~$\"'_<>{}*=:-]+)(?:\s+[^\s,.;，。`]+)?)",
    re.MULTILINE | re.IGNORECASE,
)
_SUBCOMMAND = re.compile(
    r"[-/.~$]|[a-z0-9-]+(?:[./:=@]|==)|(?:install|uninstall|run|exec|get|add|update|upgrade|remove|delete|rm|clone|pull|push|reset"
    r"|checkout|apply|build|set|config|login|download|fetch|init|start|stop|restart|enable|disable|kill|rf|all|sync|lock|mod|clean"
    r"|create|patch|edit|cp|mv|chmod|chown|bash|sh|root|curl|wget|pip[\d.]*|npm|apt|apt-get|dnf|yum|tool)\b",
    re.IGNORECASE,
)
"""What stands behind a program's name where a sentence gives a command, and does not speak of the program."""

_PLAINLY_RUN = re.compile(r"-|(?:un)?install\b|rm\b|run\b|exec\b", re.IGNORECASE)
_RUNNER = re.compile(r"(?:npx|bunx|uvx|dlx)\s", re.IGNORECASE)
_SWITCH = re.compile(
    r"(?:^|[\s`$(;&|:])((?!(?:with|by|of|option|flag|switch|the|and|or|using|use|to|without|a|is|argument)\s)[\w./-]+"
    r"(?:\s+(?!(?:of|with|by|and|or|option|flag)\s)[\w./:\\-]+){0,2}\s+[-/][A-Za-z](?![\w/-])(?:\s+[^\s,.;，。`]+)?)",
    re.IGNORECASE | re.MULTILINE,
)
"""A program of any name with a switch of one letter."""

_RUN_BY_OTHERS = re.compile(
    r"\b(?:drop|truncate|alter)\s+(?:table|database|schema|user)\b[^.;\n]*|\bdelete\s+from\s+\w+|\bgrant\s+all\b[^.;\n]*"
    r"|\b(?:os\.system|subprocess\.\w+|eval|exec)\s*\([^)\n]*\)"
    r"|(?<![\w/])\./[\w./-]+\.(?:sh|py|ps1|bat|exe)\b|(?<![\w/])(?:\./|/tmp/|~/)[\w./-]+\s+--?\w[\w-]*",
    re.IGNORECASE,
)
"""What a database or an interpreter would run, and scripts by their path."""

_FLAG = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]+(?:=[^\s`'\",;]+)?")
_PATH = re.compile(r"(?<![\w/:])(?:~|\.{1,2}|/[\w.-]+|[\w.-]+)(?:/[\w.@+~-]+)+/?")
_NAME = re.compile(
    r"\b(?:[A-Za-z]+\d*_[\w]+|[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+|[a-z]+(?:\.[A-Za-z_]\w*)+|[A-Z]{2,}\d{2,})\b"
)
_SENTENCES = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])|[\n;]")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,}|[\u4e00-\u9fff]+")
_STOP_WORDS = (
    "sure okay yes well hello please thanks however therefore hence thus likely probably appears seems "
    "the and for that this with from are was were has have had not but you your can could will would should may "
    "might its into than then them they their there here which when where what why how does did been being "
    "because since also only any all one two more most other such same some each both after before over under "
    "about between through while until again very just too use used uses using make makes made need needs needed "
    "must get gets got see line lines log logs issue issues known error errors fix fixes fixed cause causes "
    "caused step steps command commands run runs running following instead means mean due reason happens happened "
    "fails failed failure these those who whose out off per via first second next last following"
)
_STOP = frozenset(_STOP_WORDS.split())


@lru_cache(maxsize=64)  # each statement of an answer is held against the same texts
def telling_words(text: str) -> frozenset[str]:
    """The words of a text that say something, endings cut off; of Chinese, pairs of neighbours."""
    found: set[str] = set()
    for word in _WORD.findall(text):
        if word[0] >= "\u4e00":
            found.update(word[place : place + 2] for place in range(max(1, len(word) - 1)))
            continue
        found.update(_stem(part) for part in re.split(r"_|(?<=[a-z])(?=[A-Z])", word) if _tells(part))
    return frozenset(found)


def _tells(word: str) -> bool:
    return len(word) > 2 and word.lower() not in _STOP


def _stem(word: str) -> str:
    word = word.lower()
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "ed", "es", "er", "ly", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)].rstrip("e")
    return word.rstrip("e") if len(word) > 3 else word


@dataclass(frozen=True, slots=True)
class Given:
    """What a model was given: lines by number, known issues by id and by key, versions.

    ``bearing`` are the lines that the match rests on. Text that addresses a model is in none of them.
    """

    lines: Mapping[int, str]
    issues: Mapping[str, KnownIssue]
    versions: Mapping[str, str] = field(default_factory=dict)
    bearing: frozenset[int] = frozenset()

    @classmethod
    def of(cls, diagnosis: Diagnosis) -> Given:
        """What the prompt of a diagnosis gives: the excerpt, the matching known issues and the versions seen."""
        incident = diagnosis.incident
        matching = [evidence for evidence in diagnosis.evidence if evidence.match]
        key = {incident.span.key} if incident else set()
        return cls(
            {e.line: muted(e.text, in_log=True) for e in (incident.excerpt if incident else ())},
            named(matching),
            dict(incident.versions) if incident else {},
            frozenset(key | {n for evidence in matching for n in evidence.lines}),
        )

    def with_more(self, lines: Mapping[int, str], evidence: Sequence[Evidence], versions: Mapping[str, str]) -> Given:
        """The same, and what tools fetched besides."""
        more = {number: muted(text, in_log=True) for number, text in lines.items()}
        return Given(
            {**self.lines, **more}, {**named(evidence), **self.issues}, {**versions, **self.versions}, self.bearing
        )

    @property
    def commands(self) -> frozenset[str]:
        return frozenset(command for issue in self.issues.values() for command in issue.commands)

    def check(self, text: str, lines: Sequence[int], issues: Sequence[str], part: Part) -> Statement:
        """``text`` with those of its citations that exist, and whether they bear it."""
        text = plain(text).strip()
        known_lines = tuple(n for n in dict.fromkeys(lines) if n in self.lines)
        known_issues = tuple(dict.fromkeys(self.issues[i].key for i in issues if i in self.issues))
        complete = len(known_lines) == len(set(lines)) and all(i in self.issues for i in issues)
        if part is Part.TALK and advises(text) and not self._quotes(text):
            part = Part.FIX
        cites = known_issues if part is Part.FIX else known_lines or known_issues
        supported = bool(text) and complete and bool(cites) and not self.strange(text)
        supported = supported and not (part is Part.READING and not self._is_of_failure(text))
        supported = supported and not (part in (Part.FIX, Part.CAUSE) and self._names_another(text))
        supported = supported and self._says(text, known_lines, known_issues, part)
        return Statement(text, known_lines, known_issues, supported)

    def strange(self, text: str) -> str:
        """What in ``text`` must not be said, whatever it cites: the first such piece; empty when there is none.

        URLs, addresses and commands come from known issues alone; versions, code and names from all that was given.
        """
        if LEFT_OUT in text or addresses_model(text):
            return "text that addresses a language model"
        from_issues = "\n".join(_all_of(issue) for issue in self.issues.values())
        if found := next((str(u) for u in _URL.findall(text) if u.rstrip(".,;:!?/") not in from_issues), None):
            return found
        if found := next((c for c in _commands_in(text) if not _holds(from_issues, c)), None):
            return found
        if found := next((c for c in _BLOCK.findall(text) if not (_holds(from_issues, c) or self._quotes(c))), None):
            return str(found)
        lines = "\n".join(line for line in self.lines.values() if LEFT_OUT not in line)
        versions = "\n".join(f"{name} {version}" for name, version in self.versions.items())
        everything = f"{from_issues}\n{lines}\n{versions}"
        return next((piece for piece in _pieces(text) if not _holds(everything, piece)), "")

    def is_a_logs_advice(self, text: str) -> bool:
        """Whether ``text`` gives advice that no known issue gives and that one line of the log holds half of."""
        if not advises(text) or self._quotes(text):
            return False
        said = telling_words(text)
        by_issues = said & telling_words("\n".join(map(_all_of, self.issues.values())))
        if len(by_issues) == len(said) and not self._names_another(text):
            return False
        return any(len(said & telling_words(line)) >= BORNE * len(said) for line in self.lines.values())

    def _quotes(self, text: str) -> bool:
        """Whether it is the line that names the failure, word for word and no more."""
        said = " ".join(text.split()).strip("`'\"$ .")
        return any(said == " ".join(self.lines.get(n, "").split()).strip("`'\"$ .") for n in self.bearing)

    def _is_of_failure(self, text: str) -> bool:
        """Whether a reading gives no advice, and of each of its sentences the line that names the failure holds half."""
        if advises(text):
            return False
        named = telling_words("\n".join(self.lines.get(number, "") for number in self.bearing))
        told = [telling_words(sentence) for sentence in _SENTENCES.split(text)]
        return all(len(said & named) >= BORNE * len(said) for said in told)

    def _names_another(self, text: str) -> bool:
        """Whether it says to install, use or run what no known issue names."""
        from_issues = telling_words("\n".join(map(_all_of, self.issues.values())))
        return any(not telling_words(name) <= from_issues for name in objects(text))

    def holds(self, text: str) -> bool:
        """Whether all that was given, taken together, says enough of ``text``."""
        said = telling_words(text)
        everything = "\n".join([*self.lines.values(), *map(_all_of, self.issues.values())])
        return bool(said) and len(said & telling_words(everything)) >= BORNE * len(said)

    def bearer(self, text: str) -> tuple[list[int], list[str]]:
        """The line and the known issue that hold most of what ``text`` says, of each at most one; neither where none
        holds enough of it."""
        said = telling_words(text)
        if not said:
            return [], []
        lines = [(len(said & telling_words(line)), -number) for number, line in self.lines.items()]
        issues = [(len(said & telling_words(_all_of(issue))), issue.key) for issue in self.issues.values()]
        line, issue = max(lines, default=(0, 0)), max(issues, default=(0, ""))
        enough = BORNE * len(said)
        return [-line[1]] if line[0] >= enough else [], [issue[1]] if issue[0] >= enough else []

    def states_nothing(self, text: str) -> bool:
        """Whether it is a mere connective, such as *Here are the steps:*, which needs no evidence."""
        return not telling_words(text) and not [
            *_pieces(text),
            *_commands_in(text),
            *_URL.findall(text),
        ]

    def _says(self, text: str, lines: Sequence[int], issues: Sequence[str], part: Part) -> bool:
        said = telling_words(text)
        cited = [_all_of(self.issues[key]) for key in issues]
        if part is not Part.FIX:
            cited += [self.lines[n] for n in lines if part is not Part.CAUSE or n in self.bearing or not issues]
        borne = "\n".join(text for text in cited if text != LEFT_OUT)
        return _holds(borne, text) or (bool(said) and len(said & telling_words(borne)) >= BORNE * len(said))


def named(evidence: Iterable[Evidence]) -> dict[str, KnownIssue]:
    """The known issues of ``evidence`` under their ids and keys, without text that addresses a model."""
    return {name: issue for one in evidence for issue in [harmless(one.issue)] for name in (issue.id, issue.key)}


def harmless(issue: KnownIssue) -> KnownIssue:
    """``issue`` without text that addresses a model; where there was some, without its commands too.

    Who speaks to a model in one sentence gives the advice in the next: the title, cause or fix, and of a document the
    paragraph, goes as a whole.
    """
    title, cause, fix = map(_whole, (issue.title, issue.cause, issue.fix))
    text = _by_paragraphs(issue.text)
    hostile = any(LEFT_OUT in one for one in (title, cause, fix, text))
    hostile = hostile or any(map(addresses_model, (*issue.commands, *issue.applies_to.values())))
    safe = replace(issue, title=title, cause=cause, fix=fix, text=text)
    return replace(safe, commands=(), applies_to={}, urls=()) if hostile else safe


def _whole(text: str) -> str:
    shown = muted(text)
    return LEFT_OUT if LEFT_OUT in shown else shown


def _by_paragraphs(text: str) -> str:
    shown = muted(text)
    if LEFT_OUT not in shown:
        return shown
    kept = "\n\n".join(map(_whole, text.split("\n\n")))
    return kept if LEFT_OUT in kept else LEFT_OUT


def _all_of(issue: KnownIssue) -> str:
    versions = [f"{name} {specifier}" for name, specifier in issue.applies_to.items()]
    return "\n".join([issue.title, issue.cause, issue.fix, issue.text, *issue.commands, *versions, *issue.urls])


def _commands_in(text: str) -> list[str]:
    """The commands that a text gives: all in code, and in prose what has a subcommand, a flag or a path behind it."""
    found: list[str] = []
    code = "\n".join(one or other for one, other in _CODE.findall(text))
    found.extend(command.strip() for form in (_SWITCH, _RUN_BY_OTHERS) for command in form.findall(text))
    for command in _COMMAND.findall(text):
        name, _, rest = command.partition(" ")
        if name.istitle() and not _PLAINLY_RUN.match(rest):
            continue  # `Gradle build daemon`, `Python project:` begin a sentence
        if command in code or _SUBCOMMAND.match(rest) or _RUNNER.match(command):
            found.append(command.rstrip(".,;:，。'\""))
    return found


def _pieces(text: str) -> list[str]:
    """Versions, code, flags, paths and names."""
    code = [one or other for one, other in _CODE.findall(text)]
    named = [piece for form in (_FLAG, _PATH, _NAME) for piece in form.findall(text)]
    return [piece.strip().rstrip(".") for piece in [*_VERSION.findall(text), *code, *named]]


def _holds(words: str, piece: str) -> bool:
    """Whether ``words`` hold ``piece``, white space and letters' case aside."""
    return " ".join(piece.split()).lower() in " ".join(words.split()).lower()
