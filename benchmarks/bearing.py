"""How many of a sentence's telling words the evidence must hold: sentences that it bears beside such that it does not.

    python benchmarks/bearing.py

What BORNE in `mcp_rag.reasoning.bearing` rests on. Of each shipped known issue, its title and each sentence of its cause
are held against the rest of it (*the same failure, in other words*), against another issue of the same package or
language (*a near failure*), and against any other. A sentence that says the same passes by its words alone; of one that
speaks of another failure that must be rare.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace

from mcp_rag import librarian
from mcp_rag.knowledge.issue_file import parse_issue_file
from mcp_rag.reasoning.bearing import BORNE, telling_words
from mcp_rag.records import KnownIssue

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)
OTHERS = 5
SENTENCE = re.compile(r"(?<=[.。])\s+")


def words_of(issue: KnownIssue) -> frozenset[str]:
    return telling_words("\n".join([issue.title, issue.cause, issue.fix, issue.text, *issue.commands]))


def sentences(issue: KnownIssue) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """(words of a sentence, words of the issue without it)."""
    yield telling_words(issue.title), words_of(replace(issue, title=""))
    parts = SENTENCE.split(" ".join(issue.cause.split()))
    for part in parts if len(parts) > 1 else []:
        yield telling_words(part), words_of(replace(issue, cause=" ".join(other for other in parts if other != part)))


def main() -> None:
    issues = [parse_issue_file(text, source, name) for source, name, text in librarian.starter_files()]
    held = {issue.id: words_of(issue) for issue in issues}
    drawn = random.Random(7)
    shares: dict[str, list[float]] = {"the same failure, in other words": [], "a near failure": [], "any other": []}
    for issue in issues:
        near = [one for one in issues if one.id != issue.id and issue.package and one.package == issue.package]
        far = [one for one in issues if one.package != issue.package]
        for said, rest in sentences(issue):
            if not said:
                continue
            for kind, against in (
                ("the same failure, in other words", [rest]),
                ("a near failure", [held[one.id] for one in drawn.sample(near, min(OTHERS, len(near)))]),
                ("any other", [held[one.id] for one in drawn.sample(far, OTHERS)]),
            ):
                shares[kind] += [len(said & words) / len(said) for words in against]
    print(f"{'':34}" + "".join(f"{at:>8}" for at in THRESHOLDS) + f"   (BORNE is {BORNE})")
    for kind, values in shares.items():
        passed = (sum(value >= at for value in values) / len(values) for at in THRESHOLDS)
        print(f"{kind:34}" + "".join(f"{share:8.1%}" for share in passed) + f"   of {len(values)}")


if __name__ == "__main__":
    main()
