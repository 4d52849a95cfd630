"""The helpers of the served faces' tests serve these too."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "faces"))
