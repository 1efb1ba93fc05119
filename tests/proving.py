"""How much is tried: enough to see a fault in CI, and all of it where something is to be proved (`make prove`)."""

from __future__ import annotations

import os


def count(full: int, quick: int) -> int:
    """`full` where ISOMETRY_PROVE=1, else `quick`."""
    return full if os.environ.get("ISOMETRY_PROVE") == "1" else quick
