"""Which of two models words a diagnosis: a small one where the evidence says it all, a large one where it does not."""

from __future__ import annotations

from mcp_rag.records import Diagnosis, Verdict

LOW_LEAD = 0.15
"""A match that is so little surer than the next entry is a hard case. Chosen by eye."""

SEVERAL_SPANS = 3
"""From so many failing places on, which of them is the cause is a question. Chosen by eye."""


def is_hard(diagnosis: Diagnosis) -> bool:
    """Whether nothing known matches, the match has a low lead over the next entry, or several places failed.

    A match that is certain (a confirmed fix, a symptom pattern) has no rival.
    """
    if diagnosis.verdict is Verdict.UNKNOWN:
        return True
    first, *others = diagnosis.evidence or (None,)
    rival = max((other.confidence for other in others if other), default=0.0)
    if first is not None and not first.certain and first.confidence - rival < LOW_LEAD:
        return True
    return len(diagnosis.spans) >= SEVERAL_SPANS
