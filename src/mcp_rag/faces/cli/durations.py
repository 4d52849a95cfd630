"""Durations on the command line: 12h, 90d, 4w."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import click

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

LONGEST = timedelta(days=3650)


class Duration(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic from click 8.4 on
    """A number of hours, days or weeks."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"([1-9][0-9]{0,5})([hdw])", str(value))
        if not found or int(found[1]) * _UNITS[found[2]] > LONGEST:
            self.fail(f"{value!r} is no duration up to ten years such as 12h, 90d or 4w", param, ctx)
        return int(found[1]) * _UNITS[found[2]]
