"""A known issue as a file that people read, review and commit: Markdown with YAML front matter."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from mcp_rag.errors import InputError
from mcp_rag.knowledge.patterns import compile_foreign, compile_symptom
from mcp_rag.knowledge.strikes import Strike, parse_strikes
from mcp_rag.records import KnownIssue

_FILE = re.compile(r"\A\ufeff?---\r?\n(?P<front>.*?)\r?\n---\r?\n(?P<body>.*)\Z", re.DOTALL)
_SECTION = re.compile(r"^##[ \t]+(?P<title>.+?)[ \t]*$", re.MULTILINE)
_SECTIONS = {"cause": "cause", "原因": "cause", "fix": "fix", "解决": "fix", "修复": "fix"}
SHIPPED = "starter"
"""The source of what ships: its expressions are held to be fast by the tests, and not by whoever opens a home."""

_FIELDS = ("id", "title", "language", "package", "applies_to", "symptoms", "commands", "urls", "strikes")


def parse_issue_file(text: str, source: str, name: str) -> KnownIssue:
    """Read a known issue's file; what stands outside its Cause and Fix sections is its text.

    Raises:
        InputError: naming the file and the field that is wrong.
    """
    found = _FILE.match(text)
    if not found:
        raise _wrong(name, "it does not begin with front matter between two lines `---`")
    front = _front(found["front"], name)
    parse_strikes(front.get("strikes"), name)
    sections = _sections(found["body"])
    return KnownIssue(
        id=_text(front, "id", name) or name.removesuffix(".md"),
        source=source,
        title=_needed(front, "title", name),
        symptoms=_symptoms(front, name, compile_symptom if source == SHIPPED else compile_foreign),
        cause=sections.get("cause", ""),
        fix=sections.get("fix", ""),
        commands=_texts(front, "commands", name),
        applies_to=_specifiers(front, name),
        urls=_texts(front, "urls", name),
        language=_text(front, "language", name),
        package=_text(front, "package", name),
        text=sections.get("", ""),
    )


def strikes_of_file(text: str, name: str) -> tuple[Strike, ...]:
    """The conditions under which the known issue of a file will strike; none when it states none.

    Raises:
        InputError: naming the file and the field that is wrong.
    """
    found = _FILE.match(text)
    return parse_strikes(_front(found["front"], name).get("strikes"), name) if found else ()


def render_issue_file(issue: KnownIssue) -> str:
    """The file that ``parse_issue_file`` reads back."""
    import yaml

    front: dict[str, Any] = {"id": issue.id, "title": issue.title, "language": issue.language, "package": issue.package}
    front |= {"applies_to": dict(issue.applies_to), "symptoms": list(issue.symptoms)}
    front |= {"commands": list(issue.commands), "urls": list(issue.urls)}
    head = yaml.safe_dump(front, allow_unicode=True, sort_keys=False, width=1_000)
    body = f"{issue.text}\n\n" if issue.text else ""
    return f"---\n{head}---\n{body}## Cause\n{issue.cause}\n\n## Fix\n{issue.fix}\n"


def _front(text: str, name: str) -> Mapping[str, Any]:
    import yaml

    try:
        # libyaml's, where PyYAML was built with it: a home is opened with hundreds of files.
        front = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as fault:
        raise _wrong(name, f"its front matter is no YAML: {fault}") from fault
    if not isinstance(front, dict):
        raise _wrong(name, "its front matter names no fields")
    unknown = [str(key) for key in front if key not in _FIELDS]
    if unknown:
        raise _wrong(name, f"there is no field {', '.join(unknown)}; there are {', '.join(_FIELDS)}")
    return front


def _sections(body: str) -> dict[str, str]:
    sections: dict[str, str] = {}
    parts = _SECTION.split(body)
    sections[""] = parts[0].strip()
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        field = _SECTIONS.get(title.lower())
        if field:
            sections[field] = text.strip()
        else:
            sections[""] = f"{sections['']}\n\n## {title}\n{text.strip()}".strip()
    return sections


def _text(front: Mapping[str, Any], field: str, name: str) -> str:
    value = front.get(field)
    if value is not None and not isinstance(value, str | int | float):
        raise _wrong(name, f"{field} is a text, not {value!r}")
    return str(value or "").strip()


def _needed(front: Mapping[str, Any], field: str, name: str) -> str:
    value = _text(front, field, name)
    if not value:
        raise _wrong(name, f"{field} is missing")
    return value


def _texts(front: Mapping[str, Any], field: str, name: str) -> tuple[str, ...]:
    value = front.get(field) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(name, f"{field} is a list of texts, not {value!r}")
    return tuple(value)


def _symptoms(front: Mapping[str, Any], name: str, compile: Callable[[str], object]) -> tuple[str, ...]:
    symptoms = _texts(front, "symptoms", name)
    for symptom in symptoms:
        try:
            compile(symptom)
        except ValueError as fault:
            raise _wrong(name, f"symptoms: {fault}") from fault
    return symptoms


def _specifiers(front: Mapping[str, Any], name: str) -> Mapping[str, str]:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    value = front.get("applies_to") or {}
    if not isinstance(value, dict):
        raise _wrong(name, "applies_to maps packages to version specifiers")
    for package, specifier in value.items():
        try:
            SpecifierSet(str(specifier))
        except InvalidSpecifier as fault:
            raise _wrong(name, f"applies_to: {package}: {fault}") from fault
    return {str(package): str(specifier) for package, specifier in value.items()}


def _wrong(name: str, why: str) -> InputError:
    return InputError(f"{name} is no known issue", why, "`mcp-rag knowledge show ID` prints one to start from")
