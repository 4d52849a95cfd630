"""Known issues and confirmed incidents → examples of what a model should answer, in the very prompt that it is served.

Of each failure there are up to four kinds: *log* (all lines that tell of it), *partial* (one of them), *question* (no
log at all) and *unknown* (the lines, but no known issue: the right answer is to say so). Every answer passes the check
that a model's answer passes (``reasoning/grounding.py``); one that does not is left out and counted.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mcp_rag.errors import ChatMalformed
from mcp_rag.knowledge.patterns import compile_symptom, filled, sample_of
from mcp_rag.logs.incident import describe_span
from mcp_rag.reasoning.chat import Message
from mcp_rag.reasoning.composing import compose
from mcp_rag.reasoning.grounding import ground
from mcp_rag.reasoning.prompting import write_prompt
from mcp_rag.records import Diagnosis, Evidence, Incident, KnownIssue, Span

SENTENCES_OF_A_CAUSE = 3
"""As many as the instructions allow."""

SPLITS = ("train", "test")

_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+(?=[^\sa-z])")


_CLAUSE = re.compile(r"[.,;:(。，；：（]\s|\s-+\s|\n")
"""Where a clause may end."""


@dataclass(frozen=True, slots=True)
class Example:
    """System, user and assistant message; ``failure`` is the same for all examples of one failure."""

    kind: str
    failure: str
    split: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A known issue, with an incident that it was confirmed to answer where there is one."""

    issue: KnownIssue
    incident: Incident | None = None


@dataclass
class Made:
    """What was left out so far: reason → number."""

    left_out: Counter[str] = field(default_factory=Counter)


def examples(
    cases: Sequence[Case], test_percent: int, made: Made, progress: Callable[[int, int], None] = lambda *_: None
) -> Iterator[Example]:
    """The examples of ``cases``, in their order; equal prompts once.

    Args:
        test_percent: share of the failures whose examples are all in the test half, in percent.
        made: counts what is left out.
        progress: hears how many cases are done, and of how many.
    """
    failures = _failures(cases)
    seen: set[str] = set()
    for number, case in enumerate(cases, 1):
        progress(number, len(cases))
        if not (case.issue.cause and case.issue.fix):
            made.left_out["a known issue without cause or fix"] += 1
            continue
        failure = failures[case.issue.key]
        split = _split(failure, test_percent)
        for kind, diagnosis, answer in _told(case):
            said = json.dumps(answer, ensure_ascii=False)
            messages = (*write_prompt(diagnosis), Message("assistant", said))
            if messages[1].content in seen:
                made.left_out["the same question again"] += 1
            elif not _stands(said, diagnosis):
                made.left_out["an answer that the check does not let pass"] += 1
            else:
                seen.add(messages[1].content)
                yield Example(kind, failure, split, messages)


def _failures(cases: Iterable[Case]) -> Mapping[str, str]:
    """Issue key → the failure's name: issues that share a symptom or an incident are of one failure."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    keys = []
    for case in cases:
        keys.append(case.issue.key)
        shared = [f"symptom {symptom.casefold()}" for symptom in case.issue.symptoms]
        shared += [f"title {case.issue.title.casefold()}"]
        shared += [f"incident {case.incident.fingerprint}"] if case.incident else []
        for name in shared:
            parent[root(name)] = root(case.issue.key)
    return {key: root(key) for key in keys}


def _split(failure: str, test_percent: int) -> str:
    share = int(hashlib.sha256(failure.encode("utf-8", "replace")).hexdigest()[:8], 16) % 100
    return "test" if share < test_percent else "train"


def _told(case: Case) -> Iterator[tuple[str, Diagnosis, dict[str, Any]]]:
    """Kind, what the model is given, what it should say."""
    for incident in [case.incident] if case.incident else _made_up(case.issue):
        evidence = _evidence(case.issue, incident)
        given = compose("log", incident, [incident.span], [evidence])
        yield "log", given, _answer(evidence.issue, [incident.span.key], "")
        key_line = [line for line in incident.excerpt if line.line == incident.span.key]
        if len(incident.excerpt) > 1 and key_line:
            short = replace(incident, excerpt=tuple(key_line), frames=(), versions={})
            partial = compose("log", short, [short.span], [evidence])
            yield "partial", partial, _answer(evidence.issue, [incident.span.key], "Only one line of the log is given.")
        alone = compose("log", incident, [incident.span], [])
        yield "unknown", alone, _honest(incident, alone)
    question = Incident("", Span(1, 1, 0.0, "asked"), case.issue.title, case.issue.title)
    asked = compose("question", question, [question.span], [_evidence(case.issue, question)])
    yield "question", asked, _answer(case.issue, [], "No log is given: whether this is what failed cannot be checked.")


def _made_up(issue: KnownIssue) -> Iterator[Incident]:
    """An incident of each symptom of which lines can be written."""
    for symptom in issue.symptoms:
        lines = sample_of(symptom)
        if lines is not None:
            yield describe_span(_Lines(list(lines)), Span(1, len(lines), 1.0, "a known failure"), _as_it_is)


@dataclass(eq=False)
class _Lines:
    texts: Sequence[str]


def _as_it_is(text: str) -> str:
    """Made-up lines hold no secret."""
    return text


def _evidence(issue: KnownIssue, incident: Incident) -> Evidence:
    matches = (compile_symptom(symptom).match(incident.excerpt) for symptom in issue.symptoms)
    found = next((match for match in matches if match), None)
    bare = Evidence(issue, 1.0, 1.0, True, True)
    return filled(replace(bare, lines=found.lines, variables=found.variables) if found else bare)


def _answer(issue: KnownIssue, lines: Sequence[int], cannot_tell: str) -> dict[str, Any]:
    cause = " ".join(_SENTENCE.split(issue.cause.strip())[:SENTENCES_OF_A_CAUSE])
    return {
        "cause": {"text": cause, "lines": list(lines), "issues": [issue.key]},
        "fix": [{"text": step, "lines": [], "issues": [issue.key]} for step in _steps(issue.fix)],
        "commands": list(issue.commands),
        "cannot_tell": cannot_tell,
    }


def _steps(fix: str) -> list[str]:
    """Sentence by sentence; one that breaks off inside code or a bracket goes on with the next."""
    steps: list[str] = []
    for sentence in _SENTENCE.split(fix.strip()):
        if steps and (steps[-1].count("`") % 2 or steps[-1].count("(") > steps[-1].count(")")):
            steps[-1] += f" {sentence}"
        else:
            steps.append(sentence)
    return steps


def _honest(incident: Incident, given: Diagnosis) -> dict[str, Any]:
    """The key line told again, up to the clause where the log itself gives advice: that is not passed on."""
    line = next(line for line in incident.excerpt if line.line == incident.span.key)
    clauses = [line.text[: end.start()] for end in _CLAUSE.finditer(line.text)]
    told = [_reading(text, line.line) for text in (line.text, *reversed(clauses))]
    return next((answer for answer in told if _stands(json.dumps(answer), given)), told[0])


def _reading(text: str, line: int) -> dict[str, Any]:
    said = {"text": f"The log says: {text.strip()}", "lines": [line], "issues": []}
    return {"cause": said, "fix": [], "commands": [], "cannot_tell": "Why: no known issue matches these lines."}


def _stands(said: str, diagnosis: Diagnosis) -> bool:
    try:
        answer = ground(said, diagnosis)
    except ChatMalformed:
        return False
    return answer.cause.supported and all(step.supported for step in answer.fix) and not answer.invented


Format = Callable[[Example], dict[str, Any]]


def alpaca(example: Example) -> dict[str, Any]:
    """``instruction``, ``input``, ``output`` (Stanford Alpaca)."""
    system, user, assistant = example.messages
    return {"instruction": system.content, "input": user.content, "output": assistant.content}


def chatml(example: Example) -> dict[str, Any]:
    """One ``text`` with ChatML's marks, which nothing inside a message can forge."""
    turns = (f"<|im_start|>{m.role}\n{m.content.replace('<|', '< |')}<|im_end|>\n" for m in example.messages)
    return {"text": "".join(turns)}


def openai(example: Example) -> dict[str, Any]:
    """``messages`` as chat completions and most trainers take them."""
    return {"messages": [{"role": m.role, "content": m.content} for m in example.messages]}


FORMATS: Mapping[str, Format] = {"alpaca": alpaca, "chatml": chatml, "openai": openai}
