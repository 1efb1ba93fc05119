"""Where things are: the course's root and the learner's record. Each can be moved by one environment variable."""

from __future__ import annotations

import os
from pathlib import Path


def root() -> Path:
    """The course's top folder: `ISOMETRY_COURSE`, else the clone this package was installed from."""
    return Path(os.environ.get("ISOMETRY_COURSE") or Path(__file__).resolve().parents[1])


def record() -> Path:
    """The learner's event file: `ISOMETRY_RECORD`, else `my-work/record.jsonl` in the course's root."""
    named = os.environ.get("ISOMETRY_RECORD")
    return Path(named) if named else root() / "my-work" / "record.jsonl"
