"""``mcp-rag sft``: instruction data for the model that words the answers."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_rag import __version__
from mcp_rag.errors import InputError
from mcp_rag.faces.cli.options import home_option, home_settings, json_option
from mcp_rag.faces.cli.output import emit, progress_bar, tell
from mcp_rag.records import OutcomeKind

if TYPE_CHECKING:
    from mcp_rag.ledger import Ledger
    from mcp_rag.tuning.examples import Case, Example

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1


@click.group()
def sft() -> None:
    """Instruction data (supervised fine-tuning) from what is known."""


@sft.command()
@click.option(
    "--format", "form", type=click.Choice(["alpaca", "chatml", "openai"]), default="openai", show_default=True
)
@click.option("--split", type=click.Choice(["all", "train", "test"]), default="all", show_default=True)
@click.option("--test-percent", type=click.IntRange(0, 100), default=10, show_default=True, help="Failures kept apart.")
@click.option("--source", "sources", multiple=True, help="Only known issues of this source, such as `confirmed`.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write train.jsonl, test.jsonl and manifest.json there, in place of standard output.",
)
@json_option
@home_option
def export(
    form: str,
    split: str,
    test_percent: int,
    sources: tuple[str, ...],
    folder: Path | None,
    as_json: bool,
    home: Path | None,
) -> None:
    """Write known issues and confirmed incidents as training examples, one JSON object a line.

    The questions are the prompt that the assistant serves, with a log, with one line of it, without, and with a log
    that nothing known matches, whose right answer is to say so. No failure has examples in both halves. What was left
    out is counted on standard error.
    """
    from mcp_rag.tuning.examples import FORMATS, Made, examples
    from mcp_rag.wiring import open_house

    made = Made()
    with open_house(home_settings(home), tell, use_chat=False) as house, progress_bar("writing examples") as show:
        written = list(examples(list(_cases(house.ledger, sources)), test_percent, made, show))
    if not written:
        raise InputError("There is nothing to export", "no known issue has a cause and a fix", "Name another --source")
    chosen = [example for example in written if split in ("all", example.split)]
    if folder is None:
        for example in chosen:
            emit(FORMATS[form](example))
    else:
        _write(folder, form, chosen)
    kinds = Counter(example.kind for example in chosen)
    halves = Counter(example.split for example in chosen)
    if folder is not None and as_json:
        emit(
            {
                "folder": str(folder),
                "examples": len(chosen),
                "kinds": kinds,
                "halves": halves,
                "left_out": made.left_out,
            }
        )
    tell(f"{len(chosen)} examples: {_counted(kinds)}; {_counted(halves)}")
    if made.left_out:
        tell(f"left out: {_counted(made.left_out)}")


def _counted(numbers: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in numbers.most_common())


def _cases(ledger: Ledger, sources: tuple[str, ...]) -> Iterator[Case]:
    """Every known issue, and again with each incident that it was confirmed to answer."""
    from mcp_rag.tuning.examples import Case

    issues = {issue.key: issue for issue in ledger.issues.all(sources)}
    yield from (Case(issue) for issue in issues.values())
    for stored in ledger.incidents.list(limit=ledger.incidents.count()):
        confirmed = {o.issue_key for o in stored.outcomes if o.kind is OutcomeKind.CONFIRMED}
        rejected = {o.issue_key for o in stored.outcomes if o.kind is OutcomeKind.REJECTED}
        for key in sorted(confirmed - rejected - {None}, key=str):
            if key in issues:
                yield Case(issues[key], stored.incident)


def _write(folder: Path, form: str, chosen: list[Example]) -> None:
    """Each file whole or not at all; the manifest says what they are made of."""
    from mcp_rag.reasoning.prompting import INSTRUCTIONS
    from mcp_rag.tuning.examples import FORMATS, SPLITS

    folder.mkdir(parents=True, exist_ok=True)
    halves = {half: [example for example in chosen if example.split == half] for half in SPLITS}
    for half, some in halves.items():
        rows = (json.dumps(FORMATS[form](example), ensure_ascii=False) for example in some)
        _replace(folder / f"{half}.jsonl", "".join(f"{row}\n" for row in rows))
    about = {
        "version": MANIFEST_VERSION,
        "made_by": f"mcp-rag {__version__}",
        "format": form,
        "examples": {half: len(some) for half, some in halves.items()},
        "kinds": Counter(example.kind for example in chosen),
        "failures": len({example.failure for example in chosen}),
        "instructions_sha256": hashlib.sha256(INSTRUCTIONS.encode()).hexdigest(),
    }
    _replace(folder / MANIFEST, json.dumps(about, indent=2) + "\n")


def _replace(file: Path, text: str) -> None:
    part = file.with_suffix(f"{file.suffix}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
