"""Whether a log is of something that failed: what its blocks, its marks and its end say together.

A run that ended with a code other than 0 failed, whatever else stands there, and so did one with a record of severity
ERROR or an exception that nobody caught, unless the log ends well behind it. Else each block that could be a failure has
a chance of having been one, by a logistic model over the features of ``outcome_features.py``, and the log failed if one
of them was. The weights stand in ``outcome.json``, one a line, and are made by ``scripts/train_outcome.py``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import chain

from mcp_rag.logs.blocks import Block, Survey, last_filled
from mcp_rag.logs.grammars.outcomes import EXITED_WITH_ZERO, Ending
from mcp_rag.logs.outcome_blocks import LONGEST_TEXT, Setting, judged, speaks_for_itself
from mcp_rag.logs.outcome_features import NAMES, features
from mcp_rag.logs.outcome_words import EXITED, EXITED_WELL, is_row
from mcp_rag.logs.trying import says_again

THRESHOLD = 0.32
"""Chance from which on a log failed. To call a failing log clean costs more than a false alarm. By weights of the other sets
.32 calls 1,594 of 1,790 passing logs clean and 165 of 2,563 failing ones, most of which hold no block or end at all; .25 1,562
and 157, .4 1,611 and 180 (``train_outcome.py``)."""


UNTOLD, ENDED_WELL = 0.1, 0.01
"""Chance at least that a log is of something that failed, where no line says that all went well, and where one does: of 893
labelled logs that hold neither such a line nor a block 114 failed, of 327 that hold only the first 3 did."""

ADDED_UP = 8
"""Blocks, the likeliest ones, whose odds are added up: a hundred records of a kind are no hundred witnesses. With all of them one
more of 1,821 passing logs is not called clean, and none more of 2,630 failing ones is found."""

EXIT_SAID_WITHIN = 2
"""Last lines of which one may tell an exit code in whatever words: of 4,242 labelled logs 442 tell one other than 0 and than
143, by which a server ends that is asked to, and none of them passed; 17 tell a 0, and none of them failed. Further up it is
that of a child."""

_ZERO = re.compile(EXITED_WITH_ZERO)


@cache
def weights() -> tuple[float, tuple[float, ...]]:
    """What every block starts from, and the weight of each feature, in the order of ``outcome_features.NAMES``."""
    learned = json.loads(files("mcp_rag.logs").joinpath("outcome.json").read_text("utf-8"))
    return float(learned["bias"]), tuple(float(learned["weights"][name]) for name in NAMES)


def chance(found: Survey, texts: Sequence[str]) -> float:
    """How probably something failed, from 0 to 1; what stands before the last good end of a whole run counts for nothing.

    It is 1 where nothing needs to be weighed, and 0 only where an exit code of 0 is the last word on the whole run.
    """
    done = last_good_end(found, texts)
    blocks = judged(found, done, texts)
    if is_certain(found, done, blocks, texts):
        return 1.0
    bias, learned = weights()
    odds = [
        bias + sum(weight * value for weight, value in zip(learned, vector, strict=True))
        for vector in features(blocks, found, texts)
    ]
    return max(_at_least(done, texts), any_of(odds) if odds else 0.0)


def _at_least(done: int, texts: Sequence[str]) -> float:
    if done < 0:
        return UNTOLD
    return 0.0 if _ZERO.match(texts[done]) else ENDED_WELL


def last_good_end(found: Survey, texts: Sequence[str]) -> int:
    """The last line that says that a whole run went well; -1 where none does."""
    well = [] if _said_last(EXITED, texts) else _said_last(EXITED_WELL, texts)
    return max([*found.lines_of(Ending.RUN_DONE, Ending.SUITE_DONE), *well], default=-1)


def is_certain(found: Survey, done: int, blocks: Sequence[Block], texts: Sequence[str]) -> bool:
    """Whether nothing needs to be weighed: one of ``blocks``, those behind line ``done``, or a bad end speaks for itself, or
    the log is a block and nothing else: why should somebody paste it."""
    if ended_badly(found, done, texts) or (len(blocks) == 1 and is_alone(blocks[0], texts)):
        return True
    setting = Setting(found, texts)
    return any(speaks_for_itself(block, setting) for block in blocks)


def is_alone(block: Block, texts: Sequence[str]) -> bool:
    """Whether no line before or behind a block holds anything."""
    beside = chain(range(block.first), range(block.last + 1, len(texts)))
    return not any(texts[line].strip() for line in beside)


def ended_badly(found: Survey, done: int, texts: Sequence[str]) -> bool:
    """Whether something ended with a failure behind line ``done``, or fell short of what is asked beside the tests.

    Hard, not learned: of 4,242 labelled logs 710 hold such an end, and two of them passed.
    """
    mended = max(found.lines_of(Ending.TRY_DONE), default=-1)
    ends = [*found.lines_of(Ending.EXIT, Ending.FAILURE), *_said_last(EXITED, texts)]
    if any(line > done and not is_row(texts[line]) and (line > mended or not says_again(texts[line])) for line in ends):
        return True
    zero = max((line for line in found.lines_of(Ending.RUN_DONE) if _ZERO.match(texts[line])), default=-1)
    return any(line > zero for line in found.lines_of(Ending.GATE))


def _said_last(exit_code: re.Pattern[str], texts: Sequence[str]) -> list[int]:
    """Which of the last lines that hold anything ends with such an exit code, which a script was careful to tell."""
    return [line for line in last_filled(texts, EXIT_SAID_WITHIN) if exit_code.search(texts[line][:LONGEST_TEXT])]


def any_of(odds: Sequence[float]) -> float:
    """The chance that one at least of several failures was one; ``odds`` are logarithmic, and those of the likeliest add up."""
    likeliest = sorted(odds)[-ADDED_UP:]
    highest = likeliest[-1]
    together = highest + math.log(sum(math.exp(each - highest) for each in likeliest))
    return 1 / (1 + math.exp(-max(-500.0, together)))
