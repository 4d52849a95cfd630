"""How often Python looks for cycles of objects that nothing else holds."""

from __future__ import annotations

import gc

NEW_OBJECTS, OLDER, OLDEST = 20_000, 10, 50
"""After so many new objects Python looks for cycles among them, after so many times among older ones, and so on. Modules
are hundreds of thousands, a request makes thousands; with Python's own numbers the search takes a sixth of a server's
start and a fifth of what a face costs. Chosen by eye."""


def look_for_cycles_less() -> None:
    """Search less often, in this process."""
    gc.set_threshold(NEW_OBJECTS, OLDER, OLDEST)


def leave_out_what_is_loaded() -> None:
    """Leave what was made until now, the modules and their tables, out of the search: to be called once everything is
    loaded."""
    gc.collect()
    gc.freeze()
