"""Keeps a large embedded index loaded for a while after its last user: ``python linger.py FOLDER SECONDS``.

Milvus Lite loads a collection row by row, 0.09 ms each: ten seconds for 100,000 entries at every command, were the
engine to end with each. This program holds a share in the engine, as any client does, until nobody has used the
index for SECONDS or the folder is gone. It imports the standard library alone, and nothing of this package.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from pathlib import Path

LOOK_SECONDS = 1.0


def linger(folder: Path, seconds: float) -> None:
    """Return when ``folder`` was unused for ``seconds``; at once when another process lingers there already."""
    only = os.open(folder / "linger.lock", os.O_RDWR | os.O_CREAT, 0o600)
    share = os.open(folder / "clients.lock", os.O_RDWR)
    try:
        fcntl.flock(only, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(share, fcntl.LOCK_SH | fcntl.LOCK_NB)
        while 0 <= time.time() - (folder / "used").stat().st_mtime < seconds:
            time.sleep(LOOK_SECONDS)
    except OSError:
        return  # somebody lingers, the engine is ending, or the home is gone: nothing to keep


if __name__ == "__main__":
    linger(Path(sys.argv[1]), float(sys.argv[2]))
